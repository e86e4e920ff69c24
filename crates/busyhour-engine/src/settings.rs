//! What a run is told before it starts. The SIPp option is named at each value.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use busyhour_media::ports::NoPorts;
use busyhour_media::{Library, Ports};
use busyhour_scenario::program::Program;

use crate::circuits::CircuitRange;
use crate::injection::Files;
use crate::pacing::Plan;
use crate::transport::{Protocol, SocketId};

/// The programs of a run. There may be any number of them; SIPp's command line fills in at most three.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// All programs. Call numbers, statistics and snapshots refer to them by position.
    pub programs: Vec<Arc<Program>>,
    /// Programs of calls that the plan starts, with their weights; empty for a server.
    pub placed: Vec<Placed>,
    /// Program of calls that an incoming request starts.
    pub received: Option<u8>,
    /// Program of calls that an out-of-call request starts (`-oocsf`, `-oocsn`).
    pub out_of_call: Option<u8>,
    /// Injection files (`-inf`, `-rxinf`), the default one first. Their values, changed or not, are shared by all workers.
    pub files: Arc<Files>,
}

impl Run {
    /// A client's: all calls that the plan starts have this program.
    pub fn placing(program: Arc<Program>) -> Run {
        Run { programs: vec![program], placed: vec![Placed { program: 0, weight: 1 }], ..Run::default() }
    }

    /// A server's: all calls that incoming requests start have this program.
    pub fn receiving(program: Arc<Program>) -> Run {
        Run { programs: vec![program], received: Some(0), ..Run::default() }
    }
}

/// The other processes of a third-party call control (spec-engine §12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThirdParty {
    /// Own name (`-master`, `-slave`); `None` with `-3pcc`, where there is one peer without a name.
    pub name: Option<String>,
    /// The others' names, by which `dest` and `src` mean them; `[""]` with `-3pcc`.
    pub peers: Vec<String>,
}

/// Opens files for `[file]`, which the engine never does itself.
pub trait ReadFile: std::fmt::Debug + Send + Sync {
    /// The content of a file, at most 64 KiB of it; else why not, in words.
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String>;
}

/// There are no files: for simulations.
#[derive(Debug)]
pub struct NoFiles;

impl ReadFile for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("'{path}': this run reads no files"))
    }
}

/// A placed program.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// Position in [`Run::programs`].
    pub program: u8,
    /// Share of the calls, relative to the others.
    pub weight: u32,
}

/// What media need (`busyhour-media`).
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Gives out local ports.
    pub ports: Arc<dyn Ports>,
    /// Captures and sounds.
    pub library: Arc<Library>,
    /// Number of media threads. The first has the calls on `[media_port]`; others are spread by their numbers.
    pub threads: u16,
    /// `-rtp_payload`.
    pub default_payload: u8,
    /// Calls have media even where no action asks for it (`-hear`).
    pub always: bool,
    /// What arrives on `[media_port]` is sent back (`-rtp_echo`).
    pub echo: bool,
    /// Whether echoes, that of `-rtp_echo` and those of calls, send at present: `<rtp_echo>` changes it for the whole
    /// process. The media threads of the run read the same one.
    pub echo_on: Arc<AtomicBool>,
}

/// One thread, no ports and no files: for simulations.
impl Default for MediaSettings {
    fn default() -> MediaSettings {
        MediaSettings {
            ports: Arc::new(NoPorts),
            library: Arc::default(),
            threads: 1,
            default_payload: 8,
            always: false,
            echo: false,
            echo_on: Arc::new(AtomicBool::new(true)),
        }
    }
}

/// Values of a run that all its workers share. `Default` gives SIPp's defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[local_ip]` (`-i` or detected).
    pub local_ip: IpAddr,
    /// `[local_port]` of the main socket.
    pub local_port: u16,
    /// `[server_ip]`: the main socket's address as bound.
    pub bound_ip: IpAddr,
    /// `[media_ip]` (`-mi`).
    pub media_ip: IpAddr,
    /// `[media_port]` (`-mp`).
    pub media_port: u16,
    /// Media; `None`: calls have none, and one whose scenario needs it fails.
    pub media: Option<MediaSettings>,
    /// The target; `None` for a server.
    pub remote: Option<SocketAddr>,
    /// `[remote_host]`, as typed.
    pub remote_host: String,
    /// `-rsa`: everything is sent there.
    pub send_to: Option<SocketAddr>,
    /// `-t`, first letter.
    pub protocol: Protocol,
    /// `-t`, second letter `n`: each placed call has a socket of its own.
    pub socket_per_call: bool,
    /// Socket of placed calls if they share one: [`SocketId::MAIN`] for UDP, the one connection for `t1`.
    pub shared_socket: SocketId,
    /// `[service]` (`-s`).
    pub service: String,
    /// `[pid]`.
    pub pid: u32,
    /// `-d`, ms.
    pub pause_ms: u64,
    /// `-recv_timeout`, ms; 0: none.
    pub recv_timeout_ms: u64,
    /// `-send_timeout`, ms; 0: none. Writes are buffered, so only a connection that is not yet up can reach it.
    pub send_timeout_ms: u64,
    /// False with `-nr`: no retransmission, no duplicate detection.
    pub retransmit: bool,
    /// `-T2`, ms.
    pub t2_ms: u64,
    /// `-max_retrans`.
    pub retrans_max: u32,
    /// `-max_invite_retrans`.
    pub invite_retrans_max: u32,
    /// `-max_non_invite_retrans`.
    pub non_invite_retrans_max: u32,
    /// `-lost`, percent.
    pub lost_percent: f64,
    /// `-aa`.
    pub auto_answer: bool,
    /// `-default_behaviors`.
    pub behaviors: Behaviors,
    /// `-deadcall_wait`, ms; 0: off.
    pub dead_call_wait_ms: u64,
    /// Most ended calls remembered at a time by a worker; the oldest is forgotten and counted.
    pub dead_calls_max: usize,
    /// `-pause_msg_ign`.
    pub ignore_messages_in_pause: bool,
    /// `-callid_slash_ign`.
    pub keep_call_id_prefix: bool,
    /// `-base_cseq`.
    pub base_cseq: u32,
    /// `-cid_str`, `-cid_type`.
    pub call_id: CallIdFormat,
    /// `-rtcheck loose`.
    pub loose_duplicate_check: bool,
    /// `-dynamicStart`, `-dynamicMax`, `-dynamicStep`.
    pub dynamic_id: (i64, i64, i64),
    /// `-rfc3339`: form of `[timestamp]`.
    pub rfc3339: bool,
    /// `-seed`: all random draws come from it.
    pub seed: u64,
    /// When calls start.
    pub plan: Plan,
    /// `-l`; `None`: SIPp's rule, three times the calls that the plan needs (spec-engine §9.3).
    pub limit: Option<u64>,
    /// `-m`.
    pub calls_max: Option<u64>,
    /// `-users`.
    pub users: Option<u32>,
    /// `-trace_msg`: make [`Event::Message`](crate::Event::Message)s.
    pub trace_messages: bool,
    /// `-trace_logs`: make [`Event::Log`](crate::Event::Log)s.
    pub trace_logs: bool,
    /// Wall clock at [`Time::ZERO`](crate::Time::ZERO), µs since 1970.
    pub wall_start_us: u64,
    /// Offset of local time from UTC, seconds.
    pub utc_offset_s: i32,
    /// `-au`: user of `[authentication]` if the keyword names none; `None`: [`Settings::service`].
    pub auth_user: Option<String>,
    /// `-ap`: its password.
    pub auth_password: String,
    /// `-auth_uri`: digest URI without `sip:`; `None`: the remote address and port.
    pub auth_uri: Option<String>,
    /// `-tdmmap`: the circuits that calls are given.
    pub circuits: Option<CircuitRange>,
    /// 3PCC; `None`: none.
    pub third_party: Option<ThirdParty>,
    /// Reads what `[file]` names.
    pub read_file: Arc<dyn ReadFile>,
    /// Most open calls of one worker; an incoming call beyond it is refused and counted.
    pub calls_open_max: usize,
}

/// `-cid_type`, `-cid_str` (spec-engine §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallIdFormat {
    /// `%u` number, `%p` pid, `%s` local IP, `%r` random, `%%`; other `%x` stay.
    Template(String),
    /// RFC 4122 v4 and `@ip`.
    Uuid,
    /// 32 hex digits and `@ip`.
    UuidCompact,
    /// `<n>-<32 hex>@ip`.
    Random,
    /// `<µs>-<n>-<pid>@ip`.
    Timestamp,
}

/// `-default_behaviors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behaviors {
    /// `bye`: release aborted calls on the wire.
    pub bye: bool,
    /// `abortunexp`: an unexpected message ends its call.
    pub abort_unexpected: bool,
    /// `pingreply`: answer PING.
    pub ping_reply: bool,
    /// `cseq`: check the CSeq of ACK.
    pub check_ack_cseq: bool,
}

impl Behaviors {
    /// `all`, the default.
    pub const ALL: Behaviors =
        Behaviors { bye: true, abort_unexpected: true, ping_reply: true, check_ack_cseq: true };
    /// `none`.
    pub const NONE: Behaviors =
        Behaviors { bye: false, abort_unexpected: false, ping_reply: false, check_ack_cseq: false };
}

impl Default for Settings {
    fn default() -> Settings {
        let localhost = IpAddr::from([127, 0, 0, 1]);
        Settings {
            local_ip: localhost,
            local_port: 5060,
            bound_ip: localhost,
            media_ip: localhost,
            media_port: 6000,
            media: None,
            remote: None,
            remote_host: String::new(),
            send_to: None,
            protocol: Protocol::Udp,
            socket_per_call: false,
            shared_socket: SocketId::MAIN,
            service: "service".to_owned(),
            pid: 0,
            pause_ms: 0,
            recv_timeout_ms: 0,
            send_timeout_ms: 0,
            retransmit: true,
            t2_ms: 4000,
            retrans_max: 9,
            invite_retrans_max: 5,
            non_invite_retrans_max: 9,
            lost_percent: 0.0,
            auto_answer: false,
            behaviors: Behaviors::ALL,
            dead_call_wait_ms: 33_000,
            dead_calls_max: 4_000_000,
            ignore_messages_in_pause: false,
            keep_call_id_prefix: false,
            base_cseq: 1,
            call_id: CallIdFormat::Template("%u-%p@%s".to_owned()),
            loose_duplicate_check: false,
            dynamic_id: (10_000, 12_000, 4),
            rfc3339: false,
            seed: 1,
            plan: Plan::Constant { calls: 10.0, period_us: 1_000_000 },
            limit: None,
            calls_max: None,
            users: None,
            trace_messages: false,
            trace_logs: false,
            wall_start_us: 0,
            utc_offset_s: 0,
            auth_user: None,
            auth_password: "password".to_owned(),
            auth_uri: None,
            circuits: None,
            third_party: None,
            read_file: Arc::new(NoFiles),
            calls_open_max: 8_000_000,
        }
    }
}
