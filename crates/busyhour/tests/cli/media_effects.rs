//! What options of media do to a call whose far end is played here.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::caller::{OWN_PORT, caller, folder_with};
use crate::program::{Outcome, Running, start_sipp_in};

const AUDIO: &str = "<exec rtp_stream=\"apattern,1,8,PCMA/8000\"/>";
const VIDEO: &str = "<exec rtp_stream=\"vpattern,1,96,H264/90000\"/>";

/// A caller whose only medium is video.
fn video_caller() -> String {
    let lines = "m=video [rtpstream_video_port] RTP/AVP 96\na=rtpmap:96 H264/90000";
    caller(OWN_PORT, VIDEO).replace(&format!("m=audio {OWN_PORT} RTP/AVP 0 8"), lines)
}

/// The far end of one call: answers it, lets `talk` have the program, the caller's media port and its own socket, and lets the call
/// end.
fn call(folder: &Path, options: &str, talk: impl FnOnce(&Running, u16, &UdpSocket)) -> Outcome {
    let [sip, media] = [0; 2].map(|_| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    });
    let target = sip.local_addr().unwrap();
    let line = format!("-sf x.xml {target} -i 127.0.0.1 -m 1 -r 20 -timeout 20 {options}");
    let run = start_sipp_in(folder, &line);
    let invite = answer(&sip, "INVITE", Some(&media));
    let caller_port = media_line(&invite).split(' ').nth(1).unwrap().parse().unwrap();
    next(&sip, "ACK");
    talk(&run, caller_port, &media);
    answer(&sip, "BYE", None);
    run.wait()
}

/// The next request of this method, and who sent it.
fn next(sip: &UdpSocket, method: &str) -> (String, SocketAddr) {
    let mut buffer = [0; 4000];
    loop {
        let (len, from) = sip.recv_from(&mut buffer).unwrap();
        let request = String::from_utf8(buffer[..len].to_vec()).unwrap();
        if request.starts_with(method) {
            return (request, from);
        }
    }
}

/// Answers the next request of this method with 200, and with a session description if there is a socket of media.
fn answer(sip: &UdpSocket, method: &str, media: Option<&UdpSocket>) -> String {
    let (request, from) = next(sip, method);
    let kept =
        |line: &&str| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
    let mut reply = "SIP/2.0 200 OK\r\n".to_owned();
    for line in request.lines().filter(kept) {
        reply += line;
        reply += if line.starts_with("To:") && !line.contains("tag=") { ";tag=far\r\n" } else { "\r\n" };
    }
    let body = media.map_or_else(String::new, |media| {
        let theirs = media_line(&request);
        let port = theirs.split(' ').nth(1).unwrap();
        let ours = theirs.replacen(port, &media.local_addr().unwrap().port().to_string(), 1);
        let mapping = request.lines().find(|line| line.starts_with("a=rtpmap:"));
        let mapping = mapping.map_or_else(String::new, |line| format!("{line}\r\n"));
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{ours}\r\n{mapping}"
        )
    });
    reply += &format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    sip.send_to(reply.as_bytes(), from).unwrap();
    request
}

fn media_line(message: &str) -> &str {
    message.lines().find(|line| line.starts_with("m=")).unwrap()
}

/// Sends back every second packet for the time of a call.
fn half_an_echo(media: &UdpSocket, until: &AtomicBool) {
    media.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut packet = [0; 2000];
    let mut count = 0;
    let deadline = Instant::now() + Duration::from_secs(20);
    while !until.load(Ordering::Relaxed) && Instant::now() < deadline {
        let Ok((len, from)) = media.recv_from(&mut packet) else { continue };
        count += 1;
        if count % 2 == 0 {
            media.send_to(&packet[..len], from).unwrap();
        }
    }
}

/// The exit status of a call of which every second packet comes back.
fn status_with_half_an_echo(scenario: &str, options: &str) -> i32 {
    let folder = folder_with(scenario);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let outcome = call(folder.path(), options, |_, _, media| {
            let media = media.try_clone().unwrap();
            let ended = &ended;
            scope.spawn(move || half_an_echo(&media, ended));
        });
        ended.store(true, Ordering::Relaxed);
        outcome.status
    })
}

#[test]
fn audiotolerance_is_the_share_of_a_pattern_that_may_fail() {
    let scenario = caller(OWN_PORT, AUDIO);
    for (options, status) in
        [("", 0), ("-audiotolerance 0.95", 0), ("-audiotolerance 0.1", 253), ("-videotolerance 0.1", 0)]
    {
        assert_eq!(status_with_half_an_echo(&scenario, options), status, "{options:?}");
    }
}

#[test]
fn videotolerance_is_that_of_video() {
    let scenario = video_caller();
    for (options, status) in
        [("", 0), ("-videotolerance 0.95", 0), ("-videotolerance 0.1", 253), ("-audiotolerance 0.1", 0)]
    {
        assert_eq!(status_with_half_an_echo(&scenario, options), status, "{options:?}");
    }
}

/// Packets of a burst that comes while the program is held.
const BURST: u16 = 200;

/// How many packets of the burst are received.
fn received_of_a_burst(options: &str) -> usize {
    let folder = folder_with(&caller(OWN_PORT, AUDIO));
    let outcome = call(folder.path(), options, |run, port, media| {
        run.signal("STOP");
        for number in 0..BURST {
            let mut packet = [0xd5; 172];
            packet[..4].copy_from_slice(&[0x80, 8, (number >> 8) as u8, number as u8]);
            packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
            packet[8..12].copy_from_slice(&77u32.to_be_bytes());
            media.send_to(&packet, ("127.0.0.1", port)).unwrap();
        }
        run.signal("CONT");
    });
    let line = outcome.stdout.lines().find_map(|line| line.strip_prefix("  RTP packets received "));
    let line = line.unwrap_or_else(|| panic!("{options}: {outcome:?}"));
    line.trim_start().split("  ").next().unwrap().replace(' ', "").parse().unwrap()
}

#[test]
fn rtp_buffsize_says_how_much_a_socket_holds() {
    assert_eq!(received_of_a_burst("-rtp_buffsize 1000000"), usize::from(BURST));
    let few = received_of_a_burst("-rtp_buffsize 4000");
    assert!((1..100).contains(&few), "{few} packets in 4000 bytes");
}
