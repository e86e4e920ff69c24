//! Once warm, nothing is allocated for a packet, sent or received; and a call takes little memory. Under an allocator
//! that counts.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_media::command::{Begin, Format, Remote};
use busyhour_media::srtp::{Policy, Suite};
use busyhour_media::{
    Batch, Capture, Command, Ear, Media, MediaCall, PortId, PortRef, Settings, Sound, Source, Time, What,
};
use busyhour_testing::Counting;
use busyhour_wire::rtp::{Header, PacketForm};
use busyhour_wire::sdp::Medium;

thread_local! {
    /// Of this thread only: the test harness has its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting(|given_back, taken| {
    ALLOCATIONS.set(ALLOCATIONS.get() + u64::from(taken > 0));
    BYTES.set(BYTES.get() + gross(taken) - gross(given_back));
});

/// What the system's allocator takes for so many bytes: multiples of 16, and a word.
fn gross(size: usize) -> i64 {
    if size == 0 { 0 } else { ((size + 8).next_multiple_of(16)).max(32) as i64 }
}

/// Two media threads joined back to back.
struct Pair {
    now: Time,
    ends: [Media; 2],
    batches: [Batch; 2],
    packets: u64,
}

impl Pair {
    fn new() -> Pair {
        let end = || Media::new(Settings::default());
        Pair { now: Time::ZERO, ends: [end(), end()], batches: Default::default(), packets: 0 }
    }

    fn command(&mut self, end: usize, call: u64, what: What) {
        let call = MediaCall { worker: 0, token: call };
        self.ends[end].handle_command(self.now, Command { thread: 0, call, what });
    }

    /// A call from port `2 * call` to the same port of the other end.
    fn call(&mut self, call: u64) {
        let number = 2 * call as u16;
        for end in [0, 1] {
            let ear = Arc::new(Ear::new(false));
            let call_id = format!("{call}-4711@127.0.0.1").into_bytes().into();
            self.command(end, call, What::Begin(Box::new(Begin { call_id, number: call, ear })));
            let port = PortRef { id: PortId(u32::from(number)), port: number };
            self.command(end, call, What::Listen { medium: Medium::Audio, port });
            let rtp = SocketAddr::from(([127, 0, 0, 1], number));
            let rtcp = SocketAddr::from(([127, 0, 0, 1], number + 1));
            let formats = vec![
                Format { payload_type: 0, encoding: "PCMU".to_owned(), clock_hz: 8000 },
                Format { payload_type: 96, encoding: "telephone-event".to_owned(), clock_hz: 8000 },
            ];
            let to = Some(Box::new(Remote { rtp, rtcp, formats, sends: true }));
            self.command(end, call, What::Remote { medium: Medium::Audio, to, answered: self.now });
        }
    }

    fn play(&mut self, end: usize, call: u64, source: Source) {
        self.command(end, call, What::Play { medium: Medium::Audio, source });
    }

    fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now = self.now + 1000;
            for end in [0, 1] {
                self.ends[end].handle_timeout(self.now);
                while self.ends[end].poll_read().is_some() {}
                self.ends[end].poll_transmit(&mut self.batches[end]);
            }
            for end in [0, 1] {
                let batch = &mut self.batches[end];
                for packet in &batch.packets {
                    let range = packet.start as usize..packet.start as usize + usize::from(packet.len);
                    let from =
                        SocketAddr::from(([127, 0, 0, 1], packet.port.0 as u16 + u16::from(packet.rtcp)));
                    let bytes = &mut batch.bytes[range];
                    let rtcp = packet.to.port() % 2 == 1;
                    self.ends[1 - end].handle_datagram(self.now, packet.port, rtcp, from, bytes);
                    self.packets += 1;
                }
                batch.packets.clear();
                batch.bytes.clear();
            }
        }
    }
}

fn form() -> PacketForm {
    PacketForm::telephone(0, "PCMU")
}

fn endless() -> Source {
    let sound = Arc::new(Sound { bytes: (0..8000).map(|n| n as u8).collect() });
    Source::Sound { sound, form: form(), loops: None }
}

fn long_capture() -> Source {
    let mut capture = Capture::default();
    for n in 0..2000u16 {
        let timestamp = u32::from(n) * 160;
        let header = Header { marker: false, payload_type: 0, sequence: n, timestamp, ssrc: 9 };
        capture.push(u64::from(n) * 20_000, 0, &[&header.to_bytes()[..], &[0xff; 160]].concat());
    }
    Source::Capture { capture: Arc::new(capture), renumbered: true }
}

#[test]
fn nothing_is_allocated_for_a_packet() {
    let mut pair = Pair::new();
    for call in 1..=40 {
        pair.call(call);
        let medium = Medium::Audio;
        let key = |seed: u8| Policy::new(Suite::AesCm128Sha1_80, (0..30).map(|n| n ^ seed).collect());
        for end in [0u8, 1] {
            if call % 4 == 0 {
                let (send, receive) = (Some(Box::new(key(end))), Some(Box::new(key(1 - end))));
                pair.command(end.into(), call, What::Secure { medium, send, receive });
            }
            match call % 3 {
                0 => pair.play(end.into(), call, endless()),
                1 => pair.play(end.into(), call, long_capture()),
                _ if end == 0 => pair.play(0, call, Source::Pattern { id: 1, form: form() }),
                _ => pair.command(1, call, What::Echo { medium, on: true }),
            }
        }
    }
    // Long enough for reports to have been sent and heard.
    pair.run_ms(15_000);
    while pair.ends.iter_mut().any(|end| end.poll_event().is_some() || end.poll_port().is_some()) {}
    let (before, packets) = (ALLOCATIONS.get(), pair.packets);
    pair.run_ms(10_000);
    let allocations = ALLOCATIONS.get() - before;
    assert!(pair.packets - packets > 39_000, "{}", pair.packets - packets);
    assert_eq!(allocations, 0, "for {} packets", pair.packets - packets);
}

#[test]
fn call_takes_little_memory() {
    const CALLS: u64 = 1000;
    let mut pair = Pair::new();
    // What threads have in any case, and room that grows by doubling.
    for call in 1..=CALLS {
        pair.call(call);
    }
    for call in 1..=CALLS {
        pair.command(0, call, What::End);
        pair.command(1, call, What::End);
    }
    pair.run_ms(100);
    while pair.ends.iter_mut().any(|end| end.poll_port().is_some()) {}
    let before = BYTES.get();
    let source = endless();
    for call in 1..=CALLS {
        pair.call(call);
        pair.play(0, call, source.clone());
        pair.play(1, call, source.clone());
    }
    pair.run_ms(1000);
    // Both ends are here.
    let each = (BYTES.get() - before) / (2 * CALLS as i64);
    println!("{each} bytes for a call, without slots in tables");
    // A slot of each table: timer, line, call, name, port.
    let slots = 16 + 8 + 128 + 32 + 40;
    assert!(each + slots <= 2048, "{each} + {slots}");
}
