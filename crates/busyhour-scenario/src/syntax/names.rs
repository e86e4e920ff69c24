//! Every name of the scenario language.

use crate::source::INCLUDE;

/// Children of `<scenario>`.
pub(crate) const ELEMENTS: &[&str] = &[
    "send",
    "recv",
    "pause",
    "timewait",
    "nop",
    "sendCmd",
    "recvCmd",
    "label",
    "init",
    "Global",
    "User",
    "Reference",
    "DefaultMessage",
    "ResponseTimeRepartition",
    "CallLengthRepartition",
    "xi:include",
];

/// Attributes that every step has (spec-scenario §3.1).
const COMMON: &[&str] = &[
    "start_rtd",
    "rtd",
    "repeat_rtd",
    "counter",
    "crlf",
    "next",
    "test",
    "chance",
    "condexec",
    "condexec_inverse",
    "lost",
    "ignoresdp",
    "hide",
    "hiderest",
    "display",
    "ontimeout",
];

const SEND: &[&str] = &["retrans", "timeout", "start_txn", "ack_txn", "response_txn", "dialog"];

const RECV: &[&str] = &[
    "response",
    "request",
    "regexp_match",
    "optional",
    "advance_state",
    "timeout",
    "rrs",
    "auth",
    "response_txn",
    "start_txn",
    "dialog",
];

const PAUSE: &[&str] = &[
    "variable",
    "distribution",
    "milliseconds",
    "sanity_check",
    "normal",
    "exponential",
    "lognormal",
    "weibull",
    "pareto",
    "gamma",
];

/// Parameters of distributions, for pauses and for `<sample>`.
const PARAMETERS: &[&str] = &[
    "value", "min", "max", "mean", "stdev", "lambda", "k", "x_m", "shape", "scale", "location", "theta", "p",
    "n",
];

const CHECK: &[&str] = &["check_it", "check_it_inverse"];

const SAMPLE: &[&str] = &["assign_to", "distribution"];

const EREG: &[&str] = &[
    "regexp",
    "assign_to",
    "search_in",
    "header",
    "variable",
    "occurrence",
    "occurence",
    "case_indep",
    "start_line",
];

/// Attributes of `<exec>`, in the order in which the first one given wins.
pub(crate) const EXEC: &[&str] = &[
    "command",
    "lua",
    "verify",
    "int_cmd",
    "play_pcap_audio",
    "play_pcap_image",
    "play_pcap_video",
    "play_pcap_text",
    "play_dyn_pcap_audio",
    "play_dtmf",
    "rtp_stream",
    "rtp_echo",
    "rtp_assert",
];

/// Actions, with the attributes of each.
pub(crate) const ACTIONS: &[(&str, &[&[&str]])] = &[
    ("ereg", &[EREG, CHECK]),
    ("log", &[&["message"]]),
    ("warning", &[&["message"]]),
    ("error", &[&["message"]]),
    ("assign", &[&["assign_to", "value", "variable"]]),
    ("assignstr", &[&["assign_to", "value"]]),
    ("add", &[&["assign_to", "value", "variable"]]),
    ("subtract", &[&["assign_to", "value", "variable"]]),
    ("multiply", &[&["assign_to", "value", "variable"]]),
    ("divide", &[&["assign_to", "value", "variable"]]),
    ("sample", &[SAMPLE, PARAMETERS]),
    ("todouble", &[&["assign_to", "variable"]]),
    ("test", &[&["variable", "compare", "value", "variable2", "assign_to"], CHECK]),
    ("strcmp", &[&["variable", "value", "variable2", "assign_to"], CHECK]),
    ("trim", &[&["assign_to"]]),
    ("index", &[&["assign_to"]]),
    ("jump", &[&["value", "variable"]]),
    ("pauserestore", &[&["value", "variable"]]),
    ("gettimeofday", &[&["assign_to"]]),
    ("exec", &[EXEC, &["timeout"]]),
    ("lookup", &[&["assign_to", "file", "key"]]),
    ("insert", &[&["file", "value"]]),
    ("replace", &[&["file", "line", "value"]]),
    ("verifyauth", &[&["assign_to", "username", "password"]]),
    ("setdest", &[&["host", "port", "protocol"]]),
    ("closecon", &[]),
    ("urlencode", &[&["variable"]]),
    ("urldecode", &[&["variable"]]),
    ("rtp_echo", &[&["value", "variable"]]),
    ("rtp_stats", &[&["assign_to", "media"]]),
    ("rtp_dtmf", &[&["assign_to", "payload_type"]]),
    ("rtp_quality", &[&["assign_to", "figure", "media"]]),
];

/// Keywords that can be written, without the ones that only begin so (`last_…`, `$…`).
pub(crate) const KEYWORDS: &[&str] = &[
    "remote_ip",
    "remote_host",
    "remote_port",
    "local_ip",
    "local_ip_type",
    "local_port",
    "server_ip",
    "transport",
    "media_ip",
    "media_ip_type",
    "media_port",
    "auto_media_port",
    "call_id",
    "call_number",
    "cseq",
    "last_cseq_number",
    "branch",
    "msg_index",
    "pid",
    "service",
    "len",
    "peer_tag_param",
    "last_message",
    "last_Request_URI",
    "next_url",
    "routes",
    "fill",
    "timestamp",
    "date",
    "clock_tick",
    "dynamic_id",
    "users",
    "userid",
    "sipp_version",
    "field0",
    "file",
    "authentication",
    "tdmmap",
    "rtpstream_audio_port",
    "rtpstream_video_port",
    "cryptotag1audio",
    "cryptosuiteaescm128sha1801audio",
    "cryptosuiteaeadaes128gcm1audio",
    "cryptokeyparams1audio",
    "ueaescm128sha1801audio",
    "last_Via",
    "last_From",
    "last_To",
    "last_Call-ID",
    "last_CSeq",
    "last_Contact",
    "last_Record-Route",
];

/// Keywords that take parameters, with the names of those.
const PARAMETERS_OF_KEYWORDS: &[(&str, &[&str])] = &[
    ("field0", &["file", "line"]),
    ("file", &["name"]),
    ("fill", &["variable", "text"]),
    ("authentication", &["username", "password", "aka_K", "aka_OP", "aka_OPc", "aka_AMF"]),
];

/// Distributions of pauses and of `<sample>`.
pub(crate) const DISTRIBUTIONS: &[&str] = &[
    "fixed",
    "uniform",
    "normal",
    "lognormal",
    "exponential",
    "weibull",
    "pareto",
    "gpareto",
    "gamma",
    "negbin",
];

/// The attributes that an element of `<scenario>` or `<init>` may have.
pub(crate) fn attributes_of(element: &str) -> Vec<&'static str> {
    let own: &[&[&str]] = match element {
        "send" => &[SEND],
        "recv" => &[RECV],
        "pause" | "timewait" => &[PAUSE, PARAMETERS],
        "sendCmd" => &[&["dest"]],
        "recvCmd" => &[&["optional", "src"]],
        "nop" => &[],
        "label" | "DefaultMessage" => return vec!["id"],
        "Global" | "User" | "Reference" => return vec!["variables"],
        "ResponseTimeRepartition" | "CallLengthRepartition" => return vec!["value"],
        "scenario" => return vec!["name"],
        INCLUDE => return vec!["href"],
        _ => return Vec::new(),
    };
    own.iter().chain([&COMMON]).flat_map(|list| list.iter().copied()).collect()
}

/// The parameters that a keyword may have.
pub(crate) fn parameters_of(keyword: &str) -> &'static [&'static str] {
    let found = PARAMETERS_OF_KEYWORDS.iter().find(|(name, _)| *name == keyword);
    found.map_or(&[], |(_, parameters)| parameters)
}

/// The attributes that an action may have; `None` for an unknown one.
pub(crate) fn attributes_of_action(action: &str) -> Option<Vec<&'static str>> {
    let (_, lists) = ACTIONS.iter().find(|(name, _)| *name == action)?;
    Some(lists.iter().flat_map(|list| list.iter().copied()).collect())
}

/// The attributes of an action that are texts with keywords.
pub(crate) fn texts_of_action(action: &str) -> &'static [&'static str] {
    match action {
        "log" | "warning" | "error" => &["message"],
        "assignstr" => &["value"],
        "exec" => &[
            "command",
            "verify",
            "play_pcap_audio",
            "play_pcap_image",
            "play_pcap_video",
            "play_pcap_text",
            "play_dyn_pcap_audio",
            "play_dtmf",
            "rtp_stream",
            "rtp_assert",
        ],
        "lookup" => &["file", "key"],
        "insert" => &["file", "value"],
        "replace" => &["file", "line", "value"],
        "setdest" => &["host", "port", "protocol"],
        "verifyauth" => &["username", "password"],
        _ => &[],
    }
}

/// Every name of the scenario language as `docs/compatibility.md` writes it: `<send>`, `<send retrans>`, `<* next>` for an
/// attribute of every step, `<exec verify>`, `[call_id]`, `[fill text=]`, `distribution="fixed"`.
pub fn features() -> Vec<String> {
    let mut features: Vec<String> = ELEMENTS.iter().map(|element| format!("<{element}>")).collect();
    let mut attributes = |element: &str, names: &[&str]| {
        features.extend(names.iter().map(|name| format!("<{element} {name}>")));
    };
    attributes("scenario", &["name"]);
    attributes("*", COMMON);
    attributes("send", SEND);
    attributes("recv", RECV);
    attributes("pause", PAUSE);
    // Those of <sample> are the same.
    attributes("pause", PARAMETERS);
    attributes("sendCmd", &["dest"]);
    attributes("recvCmd", &["optional", "src"]);
    let without_steps = ELEMENTS.iter().filter(|element| !is_step(element));
    without_steps.for_each(|element| attributes(element, &attributes_of(element)));
    for (action, lists) in ACTIONS {
        features.push(format!("<{action}>"));
        let own = lists.iter().filter(|list| **list != PARAMETERS).flat_map(|list| list.iter());
        features.extend(own.map(|name| format!("<{action} {name}>")));
    }
    features.extend(KEYWORDS.iter().map(|keyword| format!("[{keyword}]")));
    for (keyword, parameters) in PARAMETERS_OF_KEYWORDS {
        features.extend(parameters.iter().map(|name| format!("[{keyword} {name}=]")));
    }
    features.extend(DISTRIBUTIONS.iter().map(|distribution| format!("distribution=\"{distribution}\"")));
    features
}

fn is_step(element: &str) -> bool {
    matches!(element, "send" | "recv" | "pause" | "timewait" | "nop" | "sendCmd" | "recvCmd")
}
