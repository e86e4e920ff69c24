//! rtpengine, a media relay: Kamailio puts it between two ends of ours, and it counts what passes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use busyhour_media::generate;

use crate::kamailio;
use crate::peers::{
    Agent, Counts, Process, SOON, Tool, Transport, first_media_port, free_port, peer, scenario_with,
    wait_until_bound,
};

const CALLS: u64 = 20;
/// Packets of 20 ms in the five seconds of a call, both ways, less what its beginning may take on a busy machine.
const PACKETS_MIN: u64 = 2 * 200;
/// Packets of a call, both ways, that may leave while the relay closes its ports for it, on average of all calls.
const PACKETS_LATE: u64 = 50;

/// Media ports of a relay.
const RANGE: u16 = 900;

const CALLER: &str = "media_behind_relay.xml";
const CALLEE: &str = "media_answers_until_bye.xml";

#[test]
fn media_pass_a_relay_both_ways() {
    pass_both_ways(0, "", &[], &[]);
}

// The relay encrypts and decrypts for one side only: so that side must understand the relay, not its like. Of the other
// peers baresip takes AES-GCM when it is called; Debian's Asterisk refuses it (488), and SIPp has none.

#[test]
fn a_caller_with_aes_128_gcm_hears_a_plain_callee() {
    pass_both_ways(1, "RTP/AVP", &srtp("aeadaes128gcm"), &[]);
}

#[test]
fn a_plain_caller_hears_a_callee_with_aes_256_gcm() {
    // The first suite that the relay offers.
    pass_both_ways(2, "RTP/SAVP", &[], &srtp("aeadaes256gcm"));
}

/// What makes SRTP of the media in a scenario.
fn srtp(suite: &str) -> [(&'static str, String); 2] {
    let key = format!(
        "a=fmtp:101 0-16\na=crypto:[cryptotag1audio] [cryptosuite{suite}1audio] inline:[cryptokeyparams1audio]"
    );
    [("RTP/AVP 0 101", "RTP/SAVP 0 101".to_owned()), ("a=fmtp:101 0-16", key)]
}

/// Calls through a relay with a number of its own, which offers the callee this protocol (that of the caller without), with changes to the
/// scenarios of both sides.
fn pass_both_ways(number: u16, protocol: &str, caller: &[(&str, String)], callee: &[(&str, String)]) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let file = |name: &str, changes: &[(&str, String)]| {
        let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (*from, to.as_str())).collect();
        scenario_with(folder.path(), name, &changes)
    };
    let (caller, callee) = (file(CALLER, caller), file(CALLEE, callee));
    let sound = folder.path().join("speech.wav");
    fs::write(&sound, generate::write_wav(&generate::speech(5, 4000, 8000), 1, 8000)).expect("write a sound");
    let (sound, calls) = (sound.display().to_string(), CALLS.to_string());

    let ports = first_media_port();
    let arguments = ["-sf", &callee, "-key", "sound", &sound, "-m", &calls, "-min_rtp_port", &ports];
    let mut server = Agent::server(folder.path(), Tool::Busyhour, Transport::Udp, &arguments);
    // The relay comes first: the proxy asks whether it is there.
    let (relay, control) = start_relay(&folder.path().join("rtpengine"), number);
    let (proxy, port) =
        kamailio::start(&folder.path().join("kamailio"), 64, &settings(server.port, control, protocol));
    let arguments = [
        "-sf",
        &caller,
        "-s",
        "service",
        "-key",
        "user",
        "caller",
        "-key",
        "sound",
        &sound,
        "-r",
        "20",
        "-m",
        &calls,
        "-min_rtp_port",
        &ports,
    ];
    let mut client = Agent::client(folder.path(), Tool::Busyhour, port, &arguments);
    let placed = client.finish(Duration::from_secs(60));
    let answered = server.finish(SOON);
    let logs =
        || format!("{}{}{}{}", client.process.logs(), server.process.logs(), proxy.logs(), relay.logs());
    assert_eq!(placed, Counts::all_well(CALLS), "the caller\n{}", logs());
    assert_eq!(answered, Counts::all_well(CALLS), "the answerer\n{}", logs());

    let log = fs::read_to_string(folder.path().join("rtpengine/stderr")).expect("read the relay's log");
    let (relayed, addresses) = relayed(&log);
    let sent = client.media_total("RTP packets sent") + server.media_total("RTP packets sent");
    let received = client.media_total("RTP packets received") + server.media_total("RTP packets received");
    let told = format!("sent {sent}, relayed {relayed}, received {received}\n");
    assert_eq!(addresses, 2 * CALLS, "streams that the relay has seen; {told}{log}");
    assert!(relayed >= PACKETS_MIN * CALLS, "{told}{log}");
    assert!(relayed <= sent && received <= relayed, "more than there can be: {told}{log}");
    assert!(received + PACKETS_LATE * CALLS >= sent, "{told}{log}");
}

/// Starts rtpengine without the kernel's help; returns it with the port where it takes orders.
fn start_relay(folder: &Path, number: u16) -> (Process, u16) {
    // Two relays would bind the same ports, and each would get a part of the packets. They are below those that the
    // kernel chooses.
    let first = 30_000 + number * RANGE;
    let media = [format!("--port-min={first}"), format!("--port-max={}", first + RANGE - 1)];
    for _ in 0..5 {
        let port = free_port();
        let mut command = Command::new(peer("rtpengine"));
        command.args([
            // That of the machine names ports that two of them cannot share.
            "--config-file=none",
            "--table=-1",
            "--foreground",
            "--log-stderr",
            "--interface=127.0.0.1",
            "--delete-delay=0",
        ]);
        command.args(&media).arg(format!("--listen-ng=127.0.0.1:{port}"));
        command.arg(format!("--pidfile={}", folder.join("pid").display()));
        let mut process = Process::start("rtpengine", folder, command);
        if wait_until_bound(&mut process, Transport::Udp, port) {
            wait_until_ready(&mut process);
            return (process, port);
        }
    }
    panic!("rtpengine did not start in five tries");
}

/// Its port is bound before the others that it needs.
fn wait_until_ready(relay: &mut Process) {
    let deadline = Instant::now() + SOON;
    while !relay.file("stderr").contains("Startup complete") {
        let waits = relay.ended().is_none() && Instant::now() < deadline;
        assert!(waits, "rtpengine is not ready\n{}", relay.logs());
        sleep(Duration::from_millis(20));
    }
}

/// Packets of media that the relay tells of when calls end, and in how many streams.
fn relayed(log: &str) -> (u64, u64) {
    // `Port 127.0.0.1:30008 <> 127.0.0.1:6000 , SSRC ca110002, 251 p, 43172 b, 0 e, 0 ts`
    let ports = log.lines().filter(|line| line.contains(" Port ") && !line.contains("(RTCP)"));
    let counts = ports.filter_map(|line| {
        line.split(", ").find_map(|part| part.strip_suffix(" p")).and_then(|count| count.parse::<u64>().ok())
    });
    counts.filter(|&count| count > 0).fold((0, 0), |(packets, streams), count| (packets + count, streams + 1))
}

/// A proxy before a server that has all media relayed, and offers them by this protocol.
fn settings(server: u16, control: u16, protocol: &str) -> String {
    format!(
        r#"loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "rtpengine.so"
modparam("rr", "enable_full_lr", 1)
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:{control}")

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (has_totag()) {{
        if (!loose_route()) {{
            if (!is_method("ACK")) {{
                sl_send_reply("404", "Not Here");
            }}
            exit;
        }}
    }} else {{
        # A repeated INVITE ends here: its transaction answers it.
        t_check_trans();
        record_route();
        $ru = "sip:service@127.0.0.1:{server}";
    }}
    if (is_method("INVITE|BYE")) {{
        rtpengine_manage("{protocol} replace-origin replace-session-connection ICE=remove");
    }}
    t_on_reply("ANSWERED");
    if (!t_relay()) {{
        sl_reply_error();
    }}
}}

onreply_route[ANSWERED] {{
    if (has_body("application/sdp")) {{
        rtpengine_manage("replace-origin replace-session-connection ICE=remove");
    }}
}}
"#
    )
}
