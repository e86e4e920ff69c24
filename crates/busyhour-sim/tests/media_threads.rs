//! Calls with real media threads: they speak, hear, echo and lose; and whatever happens, nothing is left behind.

mod stage;

use busyhour_engine::FailureKind;
use busyhour_sim::{Conditions, Node, World};
use stage::media::{answer, invite, with_media};
use stage::{nop, recv, scenario, send};

/// Whatever the network does to a call, its media end as often as they begin, and all ports go back.
#[test]
fn nothing_is_left_behind() {
    let client = scenario(&[
        "<send retrans=\"500\" lost=\"5\"><![CDATA[\nINVITE sip:b@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nFrom: <sip:a@[local_ip]>;tag=A[call_number]\n\
         To: <sip:b@[remote_ip]>\nCall-ID: [call_id]\nCSeq: [cseq] INVITE\nContact: <sip:a@[local_ip]>\n\
         Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\nc=IN IP4 [media_ip]\n\
         m=audio [rtpstream_audio_port] RTP/SAVP 8\n\
         a=crypto:1 [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]\n\n]]></send>",
        &recv("response=\"200\" rtd=\"true\""),
        &send("ACK", ""),
        &nop("", "<exec play_dtmf=\"12\"/><exec rtp_stream=\"apattern,1\"/>"),
        &nop("chance=\"0.5\" next=\"end\"", "<exec rtp_stream=\"wait\" timeout=\"700\"/>"),
        "<pause milliseconds=\"300\"/>",
        "<label id=\"end\"/>",
        &send("BYE", "retrans=\"500\""),
        &recv("response=\"200\""),
    ]);
    let server = scenario(&[
        &recv("request=\"INVITE\""),
        &answer(&[
            "m=audio [media_port] RTP/SAVP 8",
            "a=crypto:1 [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]",
        ])
        .replace("<send>", "<send retrans=\"500\">"),
        &recv("request=\"ACK\" timeout=\"8000\""),
        &nop("", "<exec rtp_echo=\"startaudio,8,PCMA/8000\"/>"),
        &recv("request=\"BYE\" timeout=\"8000\""),
        &stage::reply("200 OK", ""),
    ]);
    let seeds = std::env::var("BUSYHOUR_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    for seed in 1..=seeds {
        let conditions = Conditions {
            loss: (seed % 7) as f64 / 10.0,
            duplication: (seed % 3) as f64 / 10.0,
            delay_us_min: 1000,
            delay_us_max: 1000 + seed * 7000,
        };
        let mut world = World::new(seed, conditions);
        let mut all_ports = Vec::new();
        let uas = Node::server(&server).workers(2).with(|settings| all_ports.push(with_media(settings)));
        // With media threads or with none.
        let threads = |node: Node| if seed % 3 == 0 { node.media_threads() } else { node };
        let uas = world.add(threads(uas));
        let uac = Node::client(&client, uas.address(), |settings| {
            all_ports.push(with_media(settings));
            settings.calls_max = Some(20);
            settings.media.as_mut().unwrap().threads = 3;
        });
        let uac = threads(uac);
        let uac = world.add(if seed % 2 == 0 { uac.streams_end(200) } else { uac }.workers(2));
        if seed % 5 == 0 {
            // In the midst of it, all calls are aborted.
            world.run_until(busyhour_engine::Time::from_millis(150));
            for node in [uac, uas] {
                world.node(node).shared().raise_quit(11);
                world.command(node, &busyhour_engine::Command::Wake);
            }
        }
        world.run();
        for (node, ports) in [uas, uac].into_iter().zip(&all_ports) {
            let open = world.snapshot(node).counters.open;
            let (begun, ended) = world.node(node).media_calls();
            assert_eq!((begun, open), (ended, 0), "seed {seed}");
            // With much loss, or aborted before the first INVITE arrives, there may be none.
            assert!(seed % 7 > 3 || seed % 5 == 0 || begun > 0, "seed {seed}");
            let (taken, given_back) = ports.counts();
            assert_eq!(taken, given_back, "seed {seed}");
        }
    }
}

/// A client and a server with real media threads, and how their one call goes.
fn spoken(
    client: &[&str],
    server: &[&str],
    loss: f64,
) -> (World, busyhour_sim::NodeId, busyhour_sim::NodeId) {
    let conditions = Conditions { loss, ..Conditions::perfect() };
    let mut world = World::new(3, conditions);
    let uas = Node::server(&scenario(server)).with(|settings| {
        with_media(settings);
        settings.media_ip = [10, 0, 0, 1].into();
    });
    let uas = world.add(uas.media_threads());
    let uac = Node::client(&scenario(client), uas.address(), |settings| {
        with_media(settings);
        settings.media_ip = [10, 0, 0, 2].into();
        settings.calls_max = Some(1);
        settings.trace_logs = true;
    });
    let uac = world.add(uac.media_threads());
    world.run();
    (world, uac, uas)
}

fn texts(world: &mut World, node: busyhour_sim::NodeId) -> Vec<String> {
    let events = world.node(node).events.iter().map(|event| match event {
        busyhour_engine::Event::Log { text } | busyhour_engine::Event::Warning { text, .. } => {
            String::from_utf8_lossy(text).into_owned()
        }
        other => format!("{other:?}"),
    });
    events.collect()
}

const PORT: &str = "m=audio [rtpstream_audio_port] RTP/AVP 0 96";
const EVENTS: &str = "a=rtpmap:96 telephone-event/8000";

#[test]
fn two_ends_speak_and_hear() {
    let ours = "a=crypto:1 [cryptosuiteaescm256sha1801audio] inline:[cryptokeyparams1audio]";
    for keys in [None, Some(ours)] {
        let port = if keys.is_some() { PORT.replace("AVP", "SAVP") } else { PORT.to_owned() };
        let sdp: Vec<_> = [port.as_str(), EVENTS].into_iter().chain(keys).collect();
        let (mut world, uac, uas) = spoken(
            &[
                &invite(&sdp),
                &recv("response=\"200\""),
                &send("ACK", ""),
                &nop("", "<exec rtp_stream=\"apattern,1,0,PCMU/8000\"/>"),
                "<pause milliseconds=\"1000\"/>",
                &nop("", "<exec play_dtmf=\"12#,100,96\"/>"),
                "<pause milliseconds=\"2000\"/>",
                &nop(
                    "",
                    "<rtp_stats assign_to=\"n,pt\"/><log message=\"[$n] [$pt]\"/>\
                     <exec rtp_assert=\"both_ways, packets > 100, duplicates == 0\"/>",
                ),
                &send("BYE", ""),
                &recv("response=\"200\""),
            ],
            &[
                &recv("request=\"INVITE\""),
                &answer(&sdp),
                &recv("request=\"ACK\""),
                &nop("", "<exec rtp_echo=\"startaudio,0,PCMU/8000\"/>"),
                "<pause milliseconds=\"2900\"/>",
                &nop(
                    "",
                    "<exec rtp_assert=\"digits == 12#, both_ways, loss == 0%, wrong_payload_type <= 20\"/>",
                ),
                &recv("request=\"BYE\""),
                &stage::reply("200 OK", ""),
            ],
            0.0,
        );
        for node in [uac, uas] {
            let texts = texts(&mut world, node);
            let counters = world.snapshot(node).counters;
            assert_eq!((counters.successful, counters.failed_total()), (1, 0), "{keys:?} {texts:#?}");
            let media = world.snapshot(node).media.unwrap().counters;
            assert_eq!((media.calls_open, media.calls_ended, media.auth_failures), (0, 1, 0));
            assert!(media.packets_sent > 100 && media.packets_received > 100, "{media:#?}");
        }
    }
}

#[test]
fn a_lost_packet_is_a_loss_and_the_end_of_streams_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tone.pcmu");
    std::fs::write(&file, [0x55; 160 * 200]).unwrap();
    let play = format!("<exec rtp_stream=\"{},1,0,PCMU/8000\"/><exec rtp_stream=\"wait\"/>", file.display());
    let (mut world, uac, uas) = spoken(
        &[
            &invite(&[PORT]).replace("<send>", "<send retrans=\"500\">"),
            &recv("response=\"200\""),
            &send("ACK", ""),
            &nop("", &play),
            &send("BYE", "retrans=\"500\""),
            &recv("response=\"200\""),
        ],
        &[
            &recv("request=\"INVITE\""),
            &answer(&[PORT]).replace("<send>", "<send retrans=\"500\">"),
            &recv("request=\"ACK\""),
            LOSES_NOTHING,
        ],
        0.1,
    );
    let texts_of = texts(&mut world, uas);
    let heard = texts_of.iter().any(|text| text.contains("rtp_assert: loss < 1% does not hold: loss is "));
    assert!(heard, "{texts_of:#?}");
    assert_eq!(world.snapshot(uas).counters.failed[FailureKind::MediaAssert.index()], 1);
    assert!(world.now() >= busyhour_engine::Time::from_millis(4000), "{:?}", world.now());
    assert_eq!(world.snapshot(uac).counters.created(), 1);
}

/// Takes the BYE, and then claims that nothing was lost.
const LOSES_NOTHING: &str =
    "<recv request=\"BYE\"><action><exec rtp_assert=\"loss &lt; 1%\"/></action></recv>";
