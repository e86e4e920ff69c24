//! rtpengine, a media relay: Kamailio puts it between two ends of ours, and it counts what passes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use busyhour_media::generate;

use crate::kamailio;
use crate::peers::{Agent, Counts, Process, Tool, Transport, free_port, peer, scenario, wait_until_bound};

const CALLS: u64 = 20;
/// Packets of 20 ms in the five seconds of a call, both ways, less what its beginning may take.
const PACKETS_MIN: u64 = 2 * 245;
/// Packets of a call, both ways, that may leave while the relay closes its ports for it.
const PACKETS_LATE: u64 = 20;

#[test]
fn media_pass_a_relay_both_ways() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let sound = folder.path().join("speech.wav");
    fs::write(&sound, generate::write_wav(&generate::speech(5, 4000, 8000), 1, 8000)).expect("write a sound");
    let (sound, calls) = (sound.display().to_string(), CALLS.to_string());
    let (caller, callee) = (scenario("media_behind_relay.xml"), scenario("media_answers_until_bye.xml"));

    let arguments = ["-sf", &callee, "-key", "sound", &sound, "-m", &calls];
    let mut server = Agent::server(folder.path(), Tool::Busyhour, Transport::Udp, &arguments);
    // The relay comes first: the proxy asks whether it is there.
    let (relay, control) = start_relay(&folder.path().join("rtpengine"));
    let (proxy, port) = kamailio::start(&folder.path().join("kamailio"), 64, &settings(server.port, control));
    let arguments = [
        "-sf", &caller, "-s", "service", "-key", "user", "caller", "-key", "sound", &sound, "-r", "20", "-m",
        &calls,
    ];
    let mut client = Agent::client(folder.path(), Tool::Busyhour, port, &arguments);
    let placed = client.finish(Duration::from_secs(40));
    let answered = server.finish(Duration::from_secs(20));
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
fn start_relay(folder: &Path) -> (Process, u16) {
    for _ in 0..5 {
        let port = free_port();
        let mut command = Command::new(peer("rtpengine"));
        command.args([
            "--table=-1",
            "--foreground",
            "--log-stderr",
            "--interface=127.0.0.1",
            "--delete-delay=0",
        ]);
        // It tries the ports of its range until one is free. They are below those that the kernel chooses.
        command.args(["--port-min=30000", "--port-max=32767", &format!("--listen-ng=127.0.0.1:{port}")]);
        command.arg(format!("--pidfile={}", folder.join("pid").display()));
        let mut process = Process::start("rtpengine", folder, command);
        if wait_until_bound(&mut process, Transport::Udp, port) {
            return (process, port);
        }
    }
    panic!("rtpengine did not start in five tries");
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

/// A proxy before a server that has all media relayed.
fn settings(server: u16, control: u16) -> String {
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
        rtpengine_manage("replace-origin replace-session-connection ICE=remove");
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
