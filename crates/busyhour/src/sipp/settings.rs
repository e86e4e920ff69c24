//! From what the user typed to what the program needs: defaults filled in, options put together, contradictions found.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::{CallIdFormat, Settings};
use busyhour_scenario::Version;

use super::injection::{self, InjectionOption};
use super::options::{CallIdType, Options, ScenarioChoice};
use super::third_party;
use crate::media::MediaPlan;
use crate::target::Host;

/// Everything that is known of a run before a file is opened or a name is looked up.
#[derive(Debug)]
pub(crate) struct RunPlan {
    /// What to play.
    pub(crate) scenario: ScenarioChoice,
    /// The other processes of a third-party call control.
    pub(crate) third_party: third_party::Mode,
    /// What to play for received calls, beside the main scenario.
    pub(crate) received: Option<ScenarioChoice>,
    /// What to play for requests outside calls.
    pub(crate) out_of_call: Option<ScenarioChoice>,
    /// The SIPp to be like.
    pub(crate) compat: Version,
    /// `[NAME]` and its text.
    pub(crate) keys: Vec<(String, String)>,
    /// Injection files and their indexes, in order.
    pub(crate) injection: Vec<InjectionOption>,
    /// As many calls as the first injection file has lines.
    pub(crate) calls_by_file: bool,
    /// Global variables to set.
    pub(crate) globals: Vec<(String, String)>,
    /// The target.
    pub(crate) target: Option<Host>,
    /// Where everything is sent instead.
    pub(crate) send_to: Option<Host>,
    /// Local address.
    pub(crate) local: Option<Host>,
    /// Address of media.
    pub(crate) media_host: Option<Host>,
    /// Media.
    pub(crate) media: MediaPlan,
    /// Local port.
    pub(crate) port: Option<u16>,
    /// Bind to a detected local address too.
    pub(crate) bind_local: bool,
    /// Socket buffers in bytes; `None`: as much as the system grants.
    pub(crate) buffer_bytes: Option<u32>,
    /// Most call sockets.
    pub(crate) sockets_max: u32,
    /// Raise the limit of open files.
    pub(crate) raise_descriptor_limit: bool,
    /// The engine's settings, but for addresses, times and the process's number.
    pub(crate) engine: Settings,
    /// Number of workers; `None`: as many as there are cores.
    pub(crate) workers: Option<usize>,
    /// Every message is a packet of its own.
    pub(crate) single_packets: bool,
    /// Go to the background.
    pub(crate) background: bool,
    /// Wait before opening sockets.
    pub(crate) sleep: Duration,
    /// The run's limit in time.
    pub(crate) time_limit: Option<TimeLimit>,
    /// Period of the rate, ms.
    pub(crate) rate_period_ms: u64,
    /// When the rate would pass `-rate_max`: no more calls from then on.
    pub(crate) quit_at: Option<Duration>,
    /// Period of screens.
    pub(crate) screen_period: Option<Duration>,
    /// Period of statistics.
    pub(crate) statistics_period: Duration,
    /// Statistics file.
    pub(crate) statistics: Option<Trace>,
    /// What follows each column of the statistics file.
    pub(crate) delimiter: String,
    /// Message trace.
    pub(crate) messages: Option<Trace>,
    /// Error trace.
    pub(crate) errors: Option<Trace>,
    /// Texts of `<log>`.
    pub(crate) logs: Option<Trace>,
}

/// `-timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimit {
    /// How long.
    pub(crate) after: Duration,
    /// `-timeout_error`.
    pub(crate) is_error: bool,
}

/// An output file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Its name; `None`: made from the scenario's name and the process's number.
    pub(crate) file: Option<PathBuf>,
}

impl RunPlan {
    /// Puts the options together. The error is for a person.
    pub(crate) fn new(options: Options) -> Result<RunPlan, String> {
        if options.calls_by_file && options.calls_max.is_some() {
            return Err("-m and -m_csv are mutually exclusive: both say how many calls are made.".to_owned());
        }
        let host = |option: &str, text: &Option<String>| {
            text.as_deref()
                .map(|text| Host::parse(text).map_err(|problem| format!("{option}: {problem}")))
                .transpose()
        };
        let target = host("remote host", &options.target)?;
        let send_to = host("-rsa", &options.send_to)?;
        let local = host("-i", &options.local_ip)?;
        let media_host = host("-mi", &options.media.ip)?;
        let statistics_period = match options.statistics_period_ms {
            Some(0) => return Err("-fd: the period of the statistics can't be 0. Give 1s or so.".to_owned()),
            period => Duration::from_millis(period.unwrap_or(60_000)),
        };
        let (plan, quit_at) = pacing(&options, statistics_period)?;
        let engine = engine(&options, plan);
        let trace = |wanted: bool, file: &Option<PathBuf>| wanted.then(|| Trace { file: file.clone() });
        Ok(RunPlan {
            target,
            send_to,
            local,
            media_host,
            media: options.media.plan(engine.seed)?,
            port: options.port.filter(|port| *port != 0),
            bind_local: options.bind_local,
            buffer_bytes: options.buffer_bytes.filter(|bytes| *bytes != 0),
            sockets_max: options.sockets_max.unwrap_or(50_000),
            raise_descriptor_limit: !options.skip_descriptor_limit,
            workers: options.workers,
            single_packets: options.single_packets,
            background: options.background,
            sleep: Duration::from_millis(options.sleep_ms.unwrap_or(0)),
            time_limit: options
                .timeout_ms
                .filter(|ms| *ms != 0)
                .map(|ms| TimeLimit { after: Duration::from_millis(ms), is_error: options.timeout_is_error }),
            rate_period_ms: options.rate_period_ms.unwrap_or(1000),
            quit_at,
            screen_period: match options.screen_period_ms {
                Some(0) => None,
                period => Some(Duration::from_millis(period.unwrap_or(1000))),
            },
            statistics_period,
            statistics: trace(options.trace_statistics, &options.statistics_file),
            delimiter: options.statistics_delimiter.clone().unwrap_or_else(|| ";".to_owned()),
            messages: trace(options.trace_messages, &options.message_file),
            errors: trace(options.trace_errors, &options.error_file),
            logs: trace(options.trace_logs, &options.log_file),
            engine,
            scenario: options.scenario.unwrap_or_else(|| ScenarioChoice::Embedded("uac".to_owned())),
            third_party: options.third_party.mode()?,
            received: options.received,
            out_of_call: options.out_of_call,
            compat: options.compat.unwrap_or_default(),
            keys: options.keys,
            injection: options.injection,
            calls_by_file: options.calls_by_file,
            globals: options.globals,
        })
    }
}

impl RunPlan {
    /// How the run's scenarios are loaded.
    pub(crate) fn scenario_options(&self) -> busyhour_scenario::Options {
        busyhour_scenario::Options {
            keys: self.keys.clone(),
            files: Some(injection::names(&self.injection)),
            no_default_file: injection::no_default(&self.injection),
            compat: self.compat.into(),
        }
    }
}

/// The pacing, and when it would pass `-rate_max`.
fn pacing(options: &Options, statistics_period: Duration) -> Result<(Plan, Option<Duration>), String> {
    if options.rate_period_ms == Some(0) {
        return Err("-rp: the period of the rate can't be 0. For calls per second, leave -rp out.".to_owned());
    }
    if options.users.is_some() && options.rate.is_none() {
        return Ok((Plan::Idle, None));
    }
    let calls = options.rate.unwrap_or(10.0);
    let period_us = options.rate_period_ms.unwrap_or(1000) * 1000;
    let increase = match options.rate_increase {
        None | Some(0) => return Ok((Plan::Constant { calls, period_us }, None)),
        Some(increase) => increase as f64,
    };
    let interval = match options.rate_interval_ms {
        None | Some(0) => statistics_period,
        Some(ms) => Duration::from_millis(ms),
    };
    let max = options.rate_max.filter(|max| *max != 0).map(|max| max as f64);
    let quit_at = match max {
        Some(max) if !options.no_rate_quit && increase > 0.0 => {
            // The first increase that would pass the maximum.
            let steps = ((max - calls) / increase).floor().max(0.0) + 1.0;
            Duration::try_from_secs_f64(interval.as_secs_f64() * steps).ok()
        }
        _ => None,
    };
    let interval_us = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
    Ok((Plan::Steps { calls, period_us, increase, interval_us, max }, quit_at))
}

/// The engine's settings, but for addresses, times and the process's number.
fn engine(options: &Options, plan: Plan) -> Settings {
    let default = Settings::default();
    let call_id = match options.call_id_type.unwrap_or(CallIdType::Template) {
        CallIdType::Template => {
            options.call_id_template.clone().map_or(default.call_id.clone(), CallIdFormat::Template)
        }
        CallIdType::Uuid => CallIdFormat::Uuid,
        CallIdType::UuidCompact => CallIdFormat::UuidCompact,
        CallIdType::Random => CallIdFormat::Random,
        CallIdType::Timestamp => CallIdFormat::Timestamp,
    };
    let transport = options.transport;
    Settings {
        protocol: transport.map_or(default.protocol, |transport| transport.protocol),
        socket_per_call: transport.is_some_and(|transport| transport.socket_per_call),
        service: options.service.clone().unwrap_or_else(|| default.service.clone()),
        pause_ms: options.pause_ms.unwrap_or(default.pause_ms),
        recv_timeout_ms: options.recv_timeout_ms.unwrap_or(default.recv_timeout_ms),
        send_timeout_ms: options.send_timeout_ms.unwrap_or(default.send_timeout_ms),
        retransmit: !options.no_retransmission,
        t2_ms: options.t2_ms.unwrap_or(default.t2_ms),
        retrans_max: options.retrans_max.unwrap_or(default.retrans_max),
        invite_retrans_max: options.invite_retrans_max.unwrap_or(default.invite_retrans_max),
        non_invite_retrans_max: options.non_invite_retrans_max.unwrap_or(default.non_invite_retrans_max),
        lost_percent: options.lost_percent.unwrap_or(default.lost_percent),
        auto_answer: options.auto_answer,
        behaviors: options.behaviors.unwrap_or(default.behaviors),
        dead_call_wait_ms: options.dead_call_wait_ms.unwrap_or(default.dead_call_wait_ms),
        ignore_messages_in_pause: options.ignore_messages_in_pause,
        keep_call_id_prefix: options.keep_call_id_prefix,
        base_cseq: options.base_cseq.unwrap_or(default.base_cseq),
        call_id,
        loose_duplicate_check: options.loose_duplicate_check.unwrap_or(default.loose_duplicate_check),
        seed: options.seed.unwrap_or_else(random_seed),
        plan,
        limit: options.users.map(u64::from).or(options.limit),
        calls_max: options.calls_max,
        users: options.users,
        trace_messages: options.trace_messages,
        trace_logs: options.trace_logs,
        auth_user: options.user_name.clone(),
        auth_password: options.password.clone().unwrap_or_else(|| default.auth_password.clone()),
        auth_uri: options.auth_uri.clone(),
        dynamic_id: (
            options.dynamic_start.unwrap_or(default.dynamic_id.0),
            options.dynamic_max.unwrap_or(default.dynamic_id.1),
            options.dynamic_step.unwrap_or(default.dynamic_id.2),
        ),
        rfc3339: options.rfc3339,
        media_port: options.media.port_min.unwrap_or(default.media_port),
        circuits: options.circuits.clone(),
        ..default
    }
}

/// A seed nobody knows beforehand: the standard library's hash keys come from the system.
pub(crate) fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::parse::{Request, parse};
    use super::*;

    fn plan(line: &str) -> Result<RunPlan, String> {
        match parse(line.split_whitespace().map(OsString::from)) {
            Ok(Request::Run(options)) => RunPlan::new(*options),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn defaults_are_sipps() {
        let plan = plan("127.0.0.1").unwrap();
        assert_eq!(plan.scenario, ScenarioChoice::Embedded("uac".into()));
        assert_eq!(plan.engine.plan, Plan::Constant { calls: 10.0, period_us: 1_000_000 });
        assert_eq!((plan.engine.limit, plan.engine.calls_max, plan.engine.users), (None, None, None));
        assert_eq!(plan.statistics_period, Duration::from_secs(60));
        assert_eq!(plan.screen_period, Some(Duration::from_secs(1)));
        assert_eq!((plan.port, plan.buffer_bytes, plan.sockets_max), (None, None, 50_000));
        assert_eq!(plan.time_limit, None);
        assert!(plan.raise_descriptor_limit && plan.statistics.is_none() && plan.messages.is_none());
    }

    #[test]
    fn rates() {
        let pace = |line: &str| plan(line).map(|plan| (plan.engine.plan, plan.quit_at)).unwrap();
        assert_eq!(pace("-r 5 -rp 500"), (Plan::Constant { calls: 5.0, period_us: 500_000 }, None));
        let steps = |max| Plan::Steps {
            calls: 5.0,
            period_us: 1_000_000,
            increase: 5.0,
            interval_us: 1_000_000,
            max,
        };
        assert_eq!(pace("-r 5 -rate_increase 5 -fd 1"), (steps(None), None));
        let quit = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pace("-r 5 -rate_increase 5 -rate_interval 1 -rate_max 10"), (steps(Some(10.0)), quit(2)));
        assert_eq!(pace("-r 5 -rate_increase 5 -rate_interval 1 -rate_max 9"), (steps(Some(9.0)), quit(1)));
        assert_eq!(
            pace("-r 5 -rate_increase 5 -rate_interval 1 -rate_max 10 -no_rate_quit"),
            (steps(Some(10.0)), None)
        );
        assert_eq!(pace("-users 5"), (Plan::Idle, None));
        assert_eq!(pace("-users 5 -r 2").0, Plan::Constant { calls: 2.0, period_us: 1_000_000 });
        assert!(plan("-rp 0").is_err());
        assert!(plan("-fd 0").is_err());
    }

    #[test]
    fn periods_of_the_screen() {
        let period = |line: &str| plan(line).unwrap().screen_period;
        assert_eq!(period("-f 5"), Some(Duration::from_secs(5)));
        assert_eq!(period("-f 500ms"), Some(Duration::from_millis(500)));
        assert_eq!(period("-f 0"), None);
    }

    #[test]
    fn users_are_the_limit() {
        assert_eq!(plan("-l 3 -users 7").unwrap().engine.limit, Some(7));
    }

    #[test]
    fn a_seed_is_kept_and_otherwise_differs() {
        assert_eq!(plan("-seed 7").unwrap().engine.seed, 7);
        assert_ne!(random_seed(), random_seed());
    }

    #[test]
    fn hosts_are_checked_early() {
        assert!(plan("pbx:x").unwrap_err().contains("\"x\""));
        assert!(plan("-rsa [::1 a").unwrap_err().starts_with("-rsa: "));
    }
}
