//! A call through Kamailio as a stateful proxy that records its route: ACK and BYE must follow the route.

use std::fs;
use std::time::Duration;

use super::start;
use crate::peers::{Agent, Counts, SOON, Tool, Transport, scenario};

const CALLS: u64 = 400;

#[test]
fn busyhour_calls_sipp_through_a_proxy() {
    call_through_proxy(Tool::Busyhour, Tool::Sipp38);
}

#[test]
fn sipp_calls_busyhour_through_a_proxy() {
    call_through_proxy(Tool::Sipp38, Tool::Busyhour);
}

#[test]
fn busyhour_calls_itself_through_a_proxy() {
    call_through_proxy(Tool::Busyhour, Tool::Busyhour);
}

fn call_through_proxy(caller: Tool, answerer: Tool) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let calls = CALLS.to_string();
    let mut server = Agent::server(folder.path(), answerer, Transport::Udp, &["-sn", "uas", "-m", &calls]);
    let (proxy, port) = start(&folder.path().join("kamailio"), 64, &settings(server.port));
    let file = scenario("caller_behind_proxy.xml");
    let arguments = ["-sf", file.as_str(), "-m", calls.as_str(), "-r", "200"];
    let mut client = Agent::client(folder.path(), caller, port, &arguments);
    let placed = client.finish(Duration::from_secs(60));
    let answered = server.finish(SOON);
    let logs = || format!("{}{}{}", client.process.logs(), server.process.logs(), proxy.logs());
    assert_eq!(placed, Counts::all_well(CALLS), "the caller\n{}", logs());
    assert_eq!(answered, Counts::all_well(CALLS), "the answerer\n{}", logs());

    let routed = fs::read_to_string(folder.path().join("kamailio/stderr")).expect("read the proxy's log");
    let count = |what: &str| routed.lines().filter(|line| line.ends_with(what)).count() as u64;
    // What is repeated, as a peer was slow to answer, is counted again.
    for (what, request) in
        [("placed INVITE", "an INVITE"), ("followed ACK", "an ACK"), ("followed BYE", "a BYE")]
    {
        assert!(count(what) >= CALLS, "{request} did not take its way\n{}", logs());
    }
    assert!(!routed.contains("unrouted"), "a request of a dialog came without a route\n{}", logs());
}

/// A proxy before a server.
fn settings(server: u16) -> String {
    format!(
        r#"loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
modparam("rr", "enable_full_lr", 1)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            xlog("L_ALERT", "followed $rm\n");
            t_relay();
        }} else {{
            xlog("L_ALERT", "unrouted $rm\n");
            if (!is_method("ACK")) {{
                sl_send_reply("404", "Not Here");
            }}
        }}
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) {{
            t_relay();
        }}
        exit;
    }}
    # A repeated INVITE ends here: its transaction answers it.
    t_check_trans();
    record_route();
    $ru = "sip:service@127.0.0.1:{server}";
    xlog("L_ALERT", "placed $rm\n");
    if (!t_relay()) {{
        sl_reply_error();
    }}
}}
"#
    )
}
