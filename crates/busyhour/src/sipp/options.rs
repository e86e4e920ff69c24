//! What the user typed on SIPp's command line, and nothing else: no defaults, no decisions.

use std::path::PathBuf;

use busyhour_engine::circuits::CircuitRange;
use busyhour_scenario::Version;

use super::injection::InjectionOption;
use super::media::MediaOptions;
use super::third_party::ThirdPartyOptions;

/// The options of a run as typed. `None` and `false` mean "not given".
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    /// `[remote_host]`, with its port if one was typed.
    pub(crate) target: Option<String>,
    /// `-sf`, `-sn`.
    pub(crate) scenario: Option<ScenarioChoice>,
    /// `-rxsf`, `-rxsn`.
    pub(crate) received: Option<ScenarioChoice>,
    /// `-oocsf`, `-oocsn`.
    pub(crate) out_of_call: Option<ScenarioChoice>,
    /// `-compat`.
    pub(crate) compat: Option<Version>,
    /// `-3pcc`, `-master`, `-slave`, `-slave_cfg`.
    pub(crate) third_party: ThirdPartyOptions,
    /// `-key`, in order.
    pub(crate) keys: Vec<(String, String)>,
    /// `-set`, in order.
    pub(crate) globals: Vec<(String, String)>,

    /// `-t`.
    pub(crate) transport: Option<Transport>,
    /// `-i`.
    pub(crate) local_ip: Option<String>,
    /// `-p`; 0 counts as not given.
    pub(crate) port: Option<u16>,
    /// `-bind_local`.
    pub(crate) bind_local: bool,
    /// `-rsa`.
    pub(crate) send_to: Option<String>,
    /// `-buff_size`, bytes.
    pub(crate) buffer_bytes: Option<u32>,
    /// `-max_socket`.
    pub(crate) sockets_max: Option<u32>,
    /// `-skip_rlimit`.
    pub(crate) skip_descriptor_limit: bool,

    /// `-r`, calls per period.
    pub(crate) rate: Option<f64>,
    /// `-rp`, ms.
    pub(crate) rate_period_ms: Option<u64>,
    /// `-rate_increase`, calls per period.
    pub(crate) rate_increase: Option<i64>,
    /// `-rate_interval`, ms.
    pub(crate) rate_interval_ms: Option<u64>,
    /// `-rate_max`, calls per period; 0: none.
    pub(crate) rate_max: Option<i64>,
    /// `-no_rate_quit`.
    pub(crate) no_rate_quit: bool,
    /// `-l`.
    pub(crate) limit: Option<u64>,
    /// `-m`.
    pub(crate) calls_max: Option<u64>,
    /// `-m_csv`.
    pub(crate) calls_by_file: bool,
    /// `-inf`, `-rxinf`, `-infindex`, in order.
    pub(crate) injection: Vec<InjectionOption>,
    /// `-users`.
    pub(crate) users: Option<u32>,

    /// `-d`, ms.
    pub(crate) pause_ms: Option<u64>,
    /// `-s`.
    pub(crate) service: Option<String>,
    /// `-au`.
    pub(crate) user_name: Option<String>,
    /// `-ap`.
    pub(crate) password: Option<String>,
    /// `-auth_uri`.
    pub(crate) auth_uri: Option<String>,
    /// `-dynamicStart`.
    pub(crate) dynamic_start: Option<i64>,
    /// `-dynamicMax`.
    pub(crate) dynamic_max: Option<i64>,
    /// `-dynamicStep`.
    pub(crate) dynamic_step: Option<i64>,
    /// `-tdmmap`.
    pub(crate) circuits: Option<CircuitRange>,
    /// `-aa`.
    pub(crate) auto_answer: bool,
    /// `-default_behaviors` and `-nd`, the last one typed.
    pub(crate) behaviors: Option<busyhour_engine::settings::Behaviors>,
    /// `-deadcall_wait`, ms.
    pub(crate) dead_call_wait_ms: Option<u64>,
    /// `-pause_msg_ign`.
    pub(crate) ignore_messages_in_pause: bool,
    /// `-callid_slash_ign`.
    pub(crate) keep_call_id_prefix: bool,
    /// `-base_cseq`.
    pub(crate) base_cseq: Option<u32>,
    /// `-cid_str`.
    pub(crate) call_id_template: Option<String>,
    /// `-cid_type`.
    pub(crate) call_id_type: Option<CallIdType>,
    /// `-rtcheck`: true for `loose`.
    pub(crate) loose_duplicate_check: Option<bool>,
    /// `-lost`, percent.
    pub(crate) lost_percent: Option<f64>,

    /// `-recv_timeout`, ms.
    pub(crate) recv_timeout_ms: Option<u64>,
    /// `-send_timeout`, ms.
    pub(crate) send_timeout_ms: Option<u64>,
    /// `-timeout`, ms.
    pub(crate) timeout_ms: Option<u64>,
    /// `-timeout_error`.
    pub(crate) timeout_is_error: bool,
    /// `-nr`.
    pub(crate) no_retransmission: bool,
    /// `-T2`, ms.
    pub(crate) t2_ms: Option<u64>,
    /// `-max_retrans`.
    pub(crate) retrans_max: Option<u32>,
    /// `-max_invite_retrans`.
    pub(crate) invite_retrans_max: Option<u32>,
    /// `-max_non_invite_retrans`.
    pub(crate) non_invite_retrans_max: Option<u32>,

    /// `-bg`.
    pub(crate) background: bool,
    /// `-sleep`, ms.
    pub(crate) sleep_ms: Option<u64>,

    /// `-f`, ms; 0: no periodic screen.
    pub(crate) screen_period_ms: Option<u64>,
    /// `-fd`, ms.
    pub(crate) statistics_period_ms: Option<u64>,
    /// `-trace_stat`.
    pub(crate) trace_statistics: bool,
    /// `-stf`.
    pub(crate) statistics_file: Option<PathBuf>,
    /// `-stat_delimiter`.
    pub(crate) statistics_delimiter: Option<String>,
    /// `-rfc3339`.
    pub(crate) rfc3339: bool,
    /// `-trace_msg`.
    pub(crate) trace_messages: bool,
    /// `-message_file`.
    pub(crate) message_file: Option<PathBuf>,
    /// `-trace_err`.
    pub(crate) trace_errors: bool,
    /// `-error_file`.
    pub(crate) error_file: Option<PathBuf>,
    /// `-trace_logs`.
    pub(crate) trace_logs: bool,
    /// `-log_file`.
    pub(crate) log_file: Option<PathBuf>,

    /// `-mi` and all others of media.
    pub(crate) media: MediaOptions,

    /// `-workers`.
    pub(crate) workers: Option<usize>,
    /// `-single_packets`.
    pub(crate) single_packets: bool,
    /// `-seed`.
    pub(crate) seed: Option<u64>,
}

/// A scenario: `-sf` or `-sn`, and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ScenarioChoice {
    /// A file.
    File(PathBuf),
    /// An embedded scenario.
    Embedded(String),
}

/// `-t`: what can be run today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Transport {
    /// First letter.
    pub(crate) protocol: busyhour_engine::Protocol,
    /// Second letter `n`.
    pub(crate) socket_per_call: bool,
}

/// `-cid_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallIdType {
    /// By `-cid_str`.
    Template,
    /// `uuid`.
    Uuid,
    /// `uuid-compact`.
    UuidCompact,
    /// `random`.
    Random,
    /// `timestamp`.
    Timestamp,
}
