//! tshark reads the media that we send: streams, captures, digits, reports.

use std::path::PathBuf;

use super::call::{Side, claim, exec, pause, wait};
use super::stage::{Part, Stage};
use crate::peers::{Ports, Sniffer, Tool, read_capture};

/// tshark's number for the severity "warning"; "error" is above it, "note" and "chat" are below.
const EXPERT_WARNING: u32 = 0x0060_0000;

/// A captured call of ours, from a busyhour that does `steps` to one that listens.
struct Captured {
    file: PathBuf,
    caller: Ports,
    callee: Ports,
    sip: u16,
    _stage: Stage,
}

/// A packet of the caller as tshark decodes it.
#[derive(Debug, Clone)]
struct Packet {
    at: f64,
    ssrc: String,
    sequence: u16,
    timestamp: u32,
    payload_type: u8,
    marker: bool,
    event: Option<Event>,
}

/// An RFC 4733 event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Event {
    id: u8,
    duration: u16,
    end: bool,
}

/// A line of tshark's list of streams.
#[derive(Debug)]
struct Stream {
    source: u16,
    payload: String,
    packets: u64,
    lost: i64,
    has_problems: bool,
}

/// Makes a call under tshark's eyes. What the callee must have heard is in `heard`.
fn capture(examples: &[&str], steps: &[String], heard: &str, options: &str) -> Captured {
    let stage = Stage::with(examples);
    // The callee reads its sockets every 20 ms: the last packet is in what it has heard a little later.
    let caller = Side { steps: steps.concat() + &pause(200), ..Side::default() };
    let callee = Side::default().at_the_end(&[&claim(heard)]);
    // Packets of one length that leave at once would be captured as one on loopback.
    let options = format!("-single_packets {options}");
    let caller = Part::new(Tool::Busyhour, caller.caller(), &options);
    let callee = Part::new(Tool::Busyhour, callee.callee(), &options);
    let (own, far) = (caller.ports, callee.ports);
    let server = stage.start_callee(&callee, 1);
    let sip = server.port;
    let ranges =
        format!("udp portrange {}-{} or udp portrange {}-{}", own.first, own.last, far.first, far.last);
    let sniffer = Sniffer::start(stage.folder(), &format!("{ranges} or udp port {sip}"));
    let client = stage.start_caller(&caller, sip, 1);
    stage.finish(client, server).assert_well(1);
    Captured { file: sniffer.stop(), caller: own, callee: far, sip, _stage: stage }
}

impl Captured {
    fn read(&self, arguments: &[&str]) -> String {
        let media = [self.caller, self.callee].map(|ports| ports.first..=ports.last).into_iter().flatten();
        let mut decode = vec![format!("udp.port=={},sip", self.sip)];
        decode.extend(
            media.map(|port| {
                format!("udp.port=={port},{}", if port.is_multiple_of(2) { "rtp" } else { "rtcp" })
            }),
        );
        let mut all: Vec<&str> = decode.iter().flat_map(|decode| ["-d", decode.as_str()]).collect();
        all.extend(["-o", "rtpevent.event_payload_type_value:101"]);
        all.extend(arguments);
        read_capture(&self.file, &all)
    }

    /// What tshark's `-z rtp,streams` says of the caller's streams.
    fn streams(&self) -> Vec<Stream> {
        let text = self.read(&["-q", "-z", "rtp,streams"]);
        let streams: Vec<Stream> = text.lines().filter_map(Stream::parse).collect();
        assert!(!streams.is_empty(), "no streams in\n{text}");
        streams.into_iter().filter(|stream| self.caller.has(stream.source)).collect()
    }

    /// The caller's RTP packets.
    fn packets(&self) -> Vec<Packet> {
        const FIELDS: [&str; 10] = [
            "frame.time_epoch",
            "udp.srcport",
            "rtp.ssrc",
            "rtp.seq",
            "rtp.timestamp",
            "rtp.p_type",
            "rtp.marker",
            "rtpevent.event_id",
            "rtpevent.duration",
            "rtpevent.end_of_event",
        ];
        let mut arguments = vec!["-Y", "rtp", "-T", "fields"];
        arguments.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
        let text = self.read(&arguments);
        let packets: Vec<Packet> = text
            .lines()
            .filter(|line| {
                line.split('\t')
                    .nth(1)
                    .and_then(|port| port.parse().ok())
                    .is_some_and(|port| self.caller.has(port))
            })
            .map(Packet::parse)
            .collect();
        assert!(!packets.is_empty(), "no packets in\n{text}");
        packets
    }

    /// That tshark finds nothing malformed and warns of nothing, in what either side sent.
    fn assert_clean(&self) {
        let mut arguments = vec!["-Y", "rtp || rtcp", "-T", "fields", "-e", "frame.number", "-e", "rtcp.pt"];
        arguments.extend(["-e", "_ws.expert.severity", "-e", "_ws.expert.message"]);
        for line in self.read(&arguments).lines() {
            let severities = line.split('\t').nth(2).unwrap_or_default();
            let worst = severities.split(',').filter_map(|number| number.parse().ok()).max().unwrap_or(0);
            assert!(worst < EXPERT_WARNING, "tshark marks {line}");
            assert!(!line.to_lowercase().contains("malformed"), "tshark marks {line}");
        }
    }
}

impl Packet {
    fn parse(line: &str) -> Packet {
        let fields: Vec<&str> = line.split('\t').collect();
        let [at, _, ssrc, sequence, timestamp, payload_type, marker, id, duration, end] = fields[..] else {
            panic!("tshark printed an unexpected line: {line}");
        };
        let is_set = |text: &str| text == "1" || text == "True";
        Packet {
            at: at.parse().expect("a time"),
            ssrc: ssrc.to_owned(),
            sequence: sequence.parse().expect("a sequence number"),
            timestamp: timestamp.parse().expect("a timestamp"),
            payload_type: payload_type.parse().expect("a payload type"),
            marker: is_set(marker),
            event: id.parse().ok().map(|id| Event {
                id,
                duration: duration.parse().expect("a duration"),
                end: is_set(end),
            }),
        }
    }
}

impl Stream {
    fn parse(line: &str) -> Option<Stream> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let share = words.iter().position(|word| word.starts_with('(') && word.ends_with("%)"))?;
        Some(Stream {
            source: words.get(3)?.parse().ok()?,
            payload: words.get(7..share - 2)?.join(" "),
            packets: words[share - 2].parse().ok()?,
            lost: words[share - 1].parse().ok()?,
            has_problems: words.last() == Some(&"X"),
        })
    }
}

/// That one stream without gaps or repeats goes on over all packets.
fn assert_one_stream(packets: &[Packet]) {
    for two in packets.windows(2) {
        assert_eq!(two[0].ssrc, two[1].ssrc, "one SSRC: {two:?}");
        assert_eq!(two[0].sequence.wrapping_add(1), two[1].sequence, "gapless: {two:?}");
    }
}

/// That packets leave every 20 ms by the clock: none early, most of them on time, and the last as well as the first. A
/// machine that stands still for a moment makes some of them late, which is no fault of their sender.
fn assert_pace(packets: &[Packet]) {
    let begin = packets[0].at;
    let lag = |(number, packet): (usize, &Packet)| (packet.at - begin) * 1e3 - number as f64 * 20.0;
    let lags: Vec<f64> = packets.iter().enumerate().map(lag).collect();
    let middle = |lags: &[f64]| {
        let mut lags = lags.to_vec();
        lags.sort_by(f64::total_cmp);
        lags[lags.len() / 2]
    };
    let usual = middle(&lags);
    let on_time = lags.iter().filter(|lag| (*lag - usual).abs() < 8.0).count();
    assert!(
        on_time * 4 >= lags.len() * 3,
        "{on_time} of {} packets are on time; lags, ms: {lags:.1?}",
        lags.len()
    );
    let third = lags.len() / 3;
    let drift = middle(&lags[lags.len() - third..]) - middle(&lags[..third]);
    assert!(drift.abs() < 5.0, "the last third lags {drift:.1} ms behind the first; lags, ms: {lags:.1?}");
}

/// The digits of all events, each once: an event is what has one timestamp.
fn digits(packets: &[Packet]) -> String {
    let mut events: Vec<(u32, u8)> =
        packets.iter().filter_map(|packet| Some((packet.timestamp, packet.event?.id))).collect();
    events.dedup();
    events.iter().map(|(_, id)| char::from(b"0123456789*#ABCD"[usize::from(*id)])).collect()
}

/// A second of sound in packets of 20 ms, as tshark sees them.
fn check_stream(sound: &str, payload_type: u8, encoding: &str, name: &str) {
    let stream = exec("rtp_stream", &format!("{sound},1,{payload_type},{encoding}"));
    let steps = [stream, wait()];
    let captured = capture(&[sound], &steps, "packets == 500, loss == 0%, wrong_payload_type == 0", "");
    let streams = captured.streams();
    let [stream] = &streams[..] else { panic!("one stream: {streams:?}") };
    assert!(stream.payload.contains(name), "{stream:?}");
    assert_eq!((stream.packets, stream.lost), (500, 0), "{stream:?}");
    assert!(!stream.has_problems, "{stream:?}");
    let packets = captured.packets();
    assert_one_stream(&packets);
    assert_pace(&packets);
    for two in packets.windows(2) {
        assert_eq!(two[1].payload_type, payload_type);
        assert_eq!(two[1].timestamp.wrapping_sub(two[0].timestamp), 160, "20 ms at 8 kHz: {two:?}");
    }
    captured.assert_clean();
}

#[test]
fn pcmu_is_one_stream_at_its_pace() {
    check_stream("speech.wav", 0, "PCMU/8000", "g711U");
}

#[test]
fn pcma_is_one_stream_at_its_pace() {
    check_stream("speech.wav", 8, "PCMA/8000", "g711A");
}

#[test]
fn g722_is_one_stream_at_its_pace() {
    check_stream("speech_16k.wav", 9, "G722/8000", "g722");
}

#[test]
fn capture_is_played_as_it_was() {
    let steps = [exec("play_pcap_audio", "g711a.pcap"), pause(8600)];
    let captured = capture(&["g711a.pcap"], &steps, "packets == 400, loss == 0%", "");
    let streams = captured.streams();
    let [stream] = &streams[..] else { panic!("one stream: {streams:?}") };
    assert!(stream.payload.contains("g711A"), "{stream:?}");
    assert_eq!((stream.packets, stream.lost), (400, 0), "{stream:?}");
    let packets = captured.packets();
    assert_one_stream(&packets);
    assert_pace(&packets);
    assert_eq!((packets[0].sequence, packets[0].marker), (1, true), "as in the file");
    captured.assert_clean();
}

#[test]
fn digits_are_the_ones_asked_for() {
    let steps = [exec("play_dtmf", "0159*#AD,100,101"), pause(2600)];
    let captured = capture(&[], &steps, "digits == 0159*#AD", "");
    let packets = captured.packets();
    assert_one_stream(&packets);
    assert_eq!(digits(&packets), "0159*#AD");
    let events: Vec<&Packet> = packets.iter().filter(|packet| packet.event.is_some()).collect();
    assert!(events.iter().all(|packet| packet.payload_type == 101));
    for event in events.chunk_by(|one, other| one.timestamp == other.timestamp) {
        let facts: Vec<Event> = event.iter().filter_map(|packet| packet.event).collect();
        let markers: Vec<bool> = event.iter().map(|packet| packet.marker).collect();
        assert!(markers[0] && !markers[1..].contains(&true), "marked once, at its beginning: {event:?}");
        // RFC 4733 §2.5.1.4: the end is sent three times; 100 ms are 800 ticks.
        let ends: Vec<&Event> = facts.iter().filter(|event| event.end).collect();
        assert_eq!(ends.len(), 3, "{event:?}");
        assert!(facts[facts.len() - 3..].iter().all(|event| event.end && event.duration == 800), "{facts:?}");
        assert!(facts.is_sorted_by_key(|event| event.duration), "{facts:?}");
    }
    captured.assert_clean();
}

#[test]
fn a_digit_played_twice_as_one_stream_is_two_digits() {
    let play = || exec("play_dyn_pcap_audio", "dtmf_2833_1.pcap");
    let steps =
        [play(), pause(500), play(), pause(500), exec("play_dyn_pcap_audio", "dtmf_2833_5.pcap"), pause(500)];
    let captured = capture(&["dtmf_2833_1.pcap", "dtmf_2833_5.pcap"], &steps, "digits == 115", "");
    let packets = captured.packets();
    assert_eq!(packets.len(), 30);
    assert_one_stream(&packets);
    assert_eq!(digits(&packets), "115");
    // Timestamps go on by the time that passed: half a second between the beginnings.
    let begins: Vec<&Packet> = packets.iter().filter(|packet| packet.marker).collect();
    assert_eq!(begins.len(), 3, "{packets:#?}");
    let apart = |one: &Packet, other: &Packet| {
        let seconds = f64::from(other.timestamp.wrapping_sub(one.timestamp)) / 8000.0;
        assert!((0.44..5.0).contains(&seconds), "{one:?} {other:?}");
        (seconds - (other.at - one.at)).abs()
    };
    let differences = [(0, 1), (1, 2), (0, 2)].map(|(one, other)| apart(begins[one], begins[other]));
    // A machine that stands still for a moment may make one of them leave late.
    assert!(differences.iter().any(|difference| *difference < 0.06), "{differences:?} {begins:?}");
    captured.assert_clean();
}

#[test]
fn sounds_and_digits_in_turn_are_one_stream() {
    let stream = || exec("rtp_stream", "tone.wav,-1,0,PCMU/8000");
    let steps = [
        stream(),
        pause(500),
        exec("play_dyn_pcap_audio", "dtmf_2833_1.pcap"),
        pause(600),
        exec("rtp_stream", "pause"),
        exec("play_dtmf", "2,100,101"),
        pause(900),
        exec("rtp_stream", "resume"),
        pause(500),
    ];
    let captured = capture(&["tone.wav", "dtmf_2833_1.pcap"], &steps, "digits == 12, loss == 0%", "");
    let packets = captured.packets();
    assert_one_stream(&packets);
    assert_eq!(digits(&packets), "12");
    captured.assert_clean();
}

#[test]
fn reports_are_well_formed() {
    let steps = [exec("rtp_stream", "speech.wav,1,0,PCMU/8000"), wait()];
    let captured = capture(&["speech.wav"], &steps, "packets == 500", "");
    captured.assert_clean();
    let reports = rtcp(&captured);
    let of = |ports: Ports| -> Vec<&Vec<String>> {
        reports.iter().filter(|(port, _)| ports.has(*port)).map(|(_, fields)| fields).collect()
    };
    let (own, far) = (of(captured.caller), of(captured.callee));
    // RFC 3550 §6.1: every packet is compound, begins with a report (200 sender, 201 receiver) and has SDES
    // (202).
    assert!(own.iter().all(|fields| fields[0].starts_with("200,202")), "{own:?}");
    assert!(far.iter().all(|fields| fields[0].starts_with("201,202")), "{far:?}");
    assert!(own.len() >= 2 && !far.is_empty(), "{own:?} {far:?}");
    // The last one says good-bye (203), and the one before it did not.
    assert_eq!(own.last().map(|fields| fields[0].as_str()), Some("200,202,203"), "{own:?}");
    assert!(own.iter().all(|fields| fields[1].contains('@')), "CNAME: {own:?}");
    // Sent packets and octets of the last report are those of the stream.
    assert_eq!(
        own.last().map(|fields| (fields[2].as_str(), fields[3].as_str())),
        Some(("500", "80000")),
        "{own:?}"
    );
    // What the far end reports is that nothing was lost.
    let reported: Vec<&str> =
        far.iter().filter(|fields| !fields[4].is_empty()).map(|fields| fields[5].as_str()).collect();
    assert!(!reported.is_empty() && reported.iter().all(|lost| *lost == "0"), "{far:?}");
}

#[test]
fn no_reports_are_sent_where_none_are_wanted() {
    let steps = [exec("rtp_stream", "tone.wav,1,0,PCMU/8000"), wait()];
    let captured = capture(&["tone.wav"], &steps, "packets == 250", "-no_rtcp");
    assert_eq!(rtcp(&captured), []);
}

/// RTCP packets: source port; packet types, CNAME, packets and octets sent, SSRC and loss reported.
fn rtcp(captured: &Captured) -> Vec<(u16, Vec<String>)> {
    const FIELDS: [&str; 7] = [
        "udp.srcport",
        "rtcp.pt",
        "rtcp.sdes.text",
        "rtcp.sender.packetcount",
        "rtcp.sender.octetcount",
        "rtcp.ssrc.identifier",
        "rtcp.ssrc.cum_nr",
    ];
    let mut arguments = vec!["-Y", "rtcp", "-T", "fields"];
    arguments.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    let text = captured.read(&arguments);
    text.lines()
        .map(|line| {
            let mut fields = line.split('\t').map(str::to_owned);
            let port = fields.next().and_then(|port| port.parse().ok()).expect("a port");
            (port, fields.collect())
        })
        .collect()
}
