//! RTP: what a packet costs, how many calls one core carries, what hearing, encrypting and remembering add.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use busyhour_media::codec::g711::encode_alaw;
use busyhour_media::generate;
use busyhour_wire::rtp::Header;

use super::Bench;
use super::contestant::Contestant;
use super::pair::{Ended, Pair, folder, free_port, median};
use super::rate::p99_ms;
use super::report::{Bound, Row};
use super::run::Run;
use crate::workspace::{self, Outcome, because};

/// Calls of `uac_pcap` at a time.
const REPLAYED_CALLS: u64 = 2000;
/// Length of the capture that each of them plays, ms.
const CAPTURE_MS: u32 = 8000;
/// Packets of a digit's capture come on top.
const PACKETS_PER_CALL: u64 = CAPTURE_MS as u64 / 20;
/// Calls that are heard by one core.
const HEARD_CALLS: u64 = 3000;
/// How late the hundredth of their packets that is the latest may be, ms.
const LATE_MS: f64 = 10.0;
/// How near the most of them is looked for.
const PRECISION_CALLS: u64 = 100;
/// Calls where two of our own figures are compared.
const COMPARED_CALLS: u64 = 1000;
/// Calls held to see what one takes.
const HELD_CALLS: u64 = 4000;

/// CPU of a packet of `uac_pcap`, of SIPp and of ours. All calls share a port; somebody else reads what arrives.
pub(super) fn sending(bench: &Bench) -> Outcome<Vec<Row>> {
    let folder = folder()?.join("pcap");
    because(folder.display(), fs::create_dir_all(&folder))?;
    let write = |name: &str, bytes: &[u8]| because(name, fs::write(folder.join(name), bytes));
    write("g711a.pcap", &speech_capture()?)?;
    write("dtmf_2833_1.pcap", &generate::digit_capture("1", 101))?;
    let (mut sipp, mut own) = (Vec::new(), Vec::new());
    for _ in 0..bench.repetitions {
        for (contestant, values) in [(&bench.sipp, &mut sipp), (&bench.busyhour, &mut own)] {
            values.push(replay(bench, contestant)?);
        }
    }
    let (sipp, own) = (median(sipp), median(own));
    let row = Row::new("CPU per RTP packet sent, 2000 calls of `uac_pcap`", us(sipp), us(own));
    Ok(vec![row.judged(own / sipp, "× SIPp", Bound::AtMost, 0.5, Some(0.3))])
}

/// A capture of speech, a packet every 20 ms.
fn speech_capture() -> Outcome<Vec<u8>> {
    let form = busyhour_scenario::media_arguments::packet_form(8, None)?;
    let speech = generate::speech(1, CAPTURE_MS, 8000);
    let encoded: Vec<u8> = speech.iter().map(|&sample| encode_alaw(sample)).collect();
    let first = Header { marker: true, payload_type: 8, sequence: 1, timestamp: 0, ssrc: 1 };
    Ok(generate::write_pcap(&generate::rtp_capture(&encoded, &form, first)))
}

fn replay(bench: &Bench, contestant: &Contestant) -> Outcome<f64> {
    let sink = Sink::start()?;
    let pair = Pair {
        client: (contestant, &[0]),
        server: (&bench.sipp, &[1]),
        server_words: words(&["-sn", "uas", "-mp", &sink.port.to_string()]),
        mode: "u1",
        rate: REPLAYED_CALLS / 4,
        calls: REPLAYED_CALLS,
        scenario: words(&["-sn", "uac_pcap"]),
        more: words(&["-l", "100000", "-mp", &free_port()?.to_string()]),
    };
    let ended = pair.play(Duration::from_secs(60))?;
    all_well(&ended, REPLAYED_CALLS)?;
    let cost = ended.client.cpu_s / (REPLAYED_CALLS * PACKETS_PER_CALL) as f64;
    println!("    {}: {} a packet", contestant.name, us(cost));
    Ok(cost)
}

/// G.711 both ways with a port for each call, every stream heard and scored, on one core.
pub(super) fn both_ways(bench: &Bench) -> Outcome<Vec<Row>> {
    let calls = if bench.quick { COMPARED_CALLS } else { HEARD_CALLS };
    let spoken = speak(bench, calls, Duration::from_secs(if bench.quick { 5 } else { 20 }))?;
    let Spoken { sent, lost, p99, core } = spoken;
    let own = format!("{sent} packets, {lost} lost, p99 {p99:.2} ms, {:.0} % of the core", core * 100.0);
    let row = Row::new(
        &format!("{calls} calls of G.711 both ways, each with its own port, all heard"),
        String::new(),
        own,
    );
    Ok(vec![row.judged(p99, "ms late", Bound::AtMost, LATE_MS, None).only_if(lost == 0)])
}

/// How many of those calls one core carries.
pub(super) fn most(bench: &Bench) -> Outcome<Vec<Row>> {
    let hold = Duration::from_secs(if bench.quick { 3 } else { 8 });
    let (mut good, mut bad) = (0, 2 * HEARD_CALLS);
    while bad - good > PRECISION_CALLS {
        let calls = u64::midpoint(good, bad);
        // A second try, as the first may have been unlucky with the machine.
        let carried = (0..2)
            .any(|_| speak(bench, calls, hold).is_ok_and(|spoken| spoken.lost == 0 && spoken.p99 <= LATE_MS));
        if carried {
            good = calls;
        } else {
            bad = calls;
        }
    }
    let title = format!("most such calls on one core, none lost, {LATE_MS:.0} ms late at p99 at most");
    Ok(vec![Row::new(&title, String::new(), format!("{good} calls"))])
}

/// What calls that speak both ways came to.
struct Spoken {
    sent: u64,
    lost: u64,
    /// Lateness of packets, ms.
    p99: f64,
    /// Share of the core.
    core: f64,
}

fn speak(bench: &Bench, calls: u64, hold: Duration) -> Outcome<Spoken> {
    let pair = pair(bench, calls, hold, "media_caller.xml", "media_speaker.xml", &[])?;
    let ended = pair.play(hold * 2 + Duration::from_secs(60))?;
    all_well(&ended, calls)?;
    let p99 =
        p99_ms(&ended.output, "lateness of media packets").ok_or("no line `lateness of media packets`")?;
    let lost = number(&ended.output, "packets lost on the way here")?;
    let sent = number(&ended.output, "RTP packets sent")?;
    let core = ended.client.cpu_s / ended.elapsed.as_secs_f64();
    println!("    {calls} calls: {sent} packets, {lost} lost, p99 {p99:.2} ms late, {core:.2} cores");
    Ok(Spoken { sent, lost, p99, core })
}

/// What hearing costs over counting what arrives.
pub(super) fn hearing(bench: &Bench) -> Outcome<Vec<Row>> {
    compare(
        bench,
        "cost of hearing over plain reception, CPU per packet",
        (Protection::None, &["-no_hearing"]),
        (Protection::None, &[]),
        (1.10, Some(1.05)),
    )
}

/// What SRTP costs over plain RTP.
pub(super) fn srtp(bench: &Bench) -> Outcome<Vec<Row>> {
    compare(
        bench,
        "SRTP AES-CM-128 over plain RTP, CPU per packet",
        (Protection::None, &[]),
        (Protection::Srtp, &[]),
        (1.5, Some(1.3)),
    )
}

/// How a call is protected.
#[derive(Clone, Copy)]
enum Protection {
    None,
    Srtp,
}

type Variant<'a> = (Protection, &'a [&'a str]);

fn compare(
    bench: &Bench,
    title: &str,
    base: Variant<'_>,
    other: Variant<'_>,
    (must, aim): (f64, Option<f64>),
) -> Outcome<Vec<Row>> {
    let hold = bench.load;
    let mut values = [Vec::new(), Vec::new()];
    for _ in 0..bench.repetitions {
        for (values, (protection, more)) in values.iter_mut().zip([base, other]) {
            let ended = echoed(bench, COMPARED_CALLS, hold, protection, more)?;
            all_well(&ended, COMPARED_CALLS)?;
            let packets =
                number(&ended.output, "RTP packets sent")? + number(&ended.output, "RTP packets received")?;
            let cost = ended.client.cpu_s / packets as f64;
            println!("    {} a packet", us(cost));
            values.push(cost);
        }
    }
    let [base, other] = values.map(median);
    let row = Row::new(title, String::new(), format!("{} over {}", us(other), us(base)));
    Ok(vec![row.judged(other / base, "×", Bound::AtMost, must, aim)])
}

/// Memory that a call's media take beyond its signalling.
pub(super) fn memory(bench: &Bench) -> Outcome<Vec<Row>> {
    let silent =
        held(bench, HELD_CALLS, "media_silent.xml")?.saturating_sub(held(bench, 1, "media_silent.xml")?);
    let with_media =
        held(bench, HELD_CALLS, "media_caller.xml")?.saturating_sub(held(bench, 1, "media_caller.xml")?);
    let bytes = with_media.saturating_sub(silent) as f64 / (HELD_CALLS - 1) as f64;
    let kib = bytes / 1024.0;
    let row = Row::new(
        "memory of one G.711 stream each way, above the signalling's",
        String::new(),
        format!("{kib:.2} KiB"),
    );
    Ok(vec![row.judged(kib, "KiB", Bound::AtMost, 4.0, Some(2.0))])
}

/// Resident bytes of a process that holds so many calls.
fn held(bench: &Bench, calls: u64, scenario: &str) -> Outcome<u64> {
    let hold = Duration::from_secs(60);
    let running = pair(bench, calls, hold, scenario, "media_echo.xml", &[])?.start()?;
    wait_until_open(&running.client, calls)?;
    // The first packets of all of them have come back.
    sleep(Duration::from_secs(2));
    running.client.resident()
}

fn echoed(
    bench: &Bench,
    calls: u64,
    hold: Duration,
    protection: Protection,
    more: &[&str],
) -> Outcome<Ended> {
    let (caller, echo) = match protection {
        Protection::None => ("media_caller.xml", "media_echo.xml"),
        Protection::Srtp => ("media_caller_srtp.xml", "media_echo_srtp.xml"),
    };
    pair(bench, calls, hold, caller, echo, more)?.play(hold * 2 + Duration::from_secs(60))
}

fn pair<'a>(
    bench: &'a Bench,
    calls: u64,
    hold: Duration,
    caller: &str,
    echo: &str,
    more: &[&str],
) -> Outcome<Pair<'a>> {
    let file = |name: &str| workspace::root().join("xtask/scenarios").join(name).display().to_string();
    let sound = folder()?.join("speech.wav");
    write_once(&sound, &generate::write_wav(&generate::speech(1, CAPTURE_MS, 8000), 1, 8000))?;
    let (sound, hold) = (sound.display().to_string(), hold.as_millis().to_string());
    let mut client = words(&[
        "-l",
        "100000",
        "-d",
        &hold,
        "-key",
        "sound",
        &sound,
        "-min_rtp_port",
        "10000",
        "-max_rtp_port",
        "34999",
    ]);
    client.extend(words(more));
    Ok(Pair {
        client: (&bench.busyhour, &[0]),
        server: (&bench.busyhour, &[1]),
        server_words: words(&[
            "-sf",
            &file(echo),
            "-key",
            "sound",
            &sound,
            "-min_rtp_port",
            "35000",
            "-max_rtp_port",
            "59999",
        ]),
        mode: "u1",
        rate: calls.div_ceil(8).max(1),
        calls,
        scenario: words(&["-sf", &file(caller)]),
        more: client,
    })
}

fn wait_until_open(client: &Run, calls: u64) -> Outcome {
    for _ in 0..400 {
        if client.column("CurrentCall").unwrap_or(0) >= calls {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    Err(format!("{calls} calls are not open after 40 s\n{}", client.last_words()))
}

fn all_well(ended: &Ended, calls: u64) -> Outcome {
    if ended.client.exit == 0 && ended.client.failed == 0 && ended.client.created == calls {
        return Ok(());
    }
    Err(format!("{:?}\n{}", ended.client, ended.output))
}

/// The number behind a label of busyhour's report.
fn number(output: &str, label: &str) -> Outcome<u64> {
    let rest = output.lines().find_map(|line| line.trim_start().strip_prefix(label));
    let digits: Option<String> = rest.map(|rest| {
        let value = rest.trim_start().split("  ").next().unwrap_or_default();
        value.chars().filter(char::is_ascii_digit).collect()
    });
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("busyhour printed no number behind `{label}`\n{output}"))
}

fn write_once(file: &Path, bytes: &[u8]) -> Outcome {
    if file.exists() { Ok(()) } else { because(file.display(), fs::write(file, bytes)) }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn us(seconds: f64) -> String {
    format!("{:.2} µs", seconds * 1e6)
}

/// Reads what arrives on a port and throws it away, so that the kernel need not refuse it.
struct Sink {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    fn start() -> Outcome<Sink> {
        let socket = because("the sink", UdpSocket::bind("127.0.0.1:0"))?;
        because("the sink", socket.set_read_timeout(Some(Duration::from_millis(100))))?;
        let port = because("the sink", socket.local_addr())?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !told.load(Relaxed) {
                // A time-out is one more look at `told`.
                let _ = socket.recv(&mut buffer);
            }
        });
        Ok(Sink { port, stop, thread: Some(thread) })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
