//! Media that the scripted peer sends.

use std::net::UdpSocket;
use std::thread::sleep;
use std::time::Duration;

/// The peer's RTP stream: one for all that it sends.
pub(crate) struct Stream {
    socket: UdpSocket,
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    /// A stream from a port of the kernel's choice.
    pub(crate) fn new() -> Stream {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind the peer's media port");
        Stream { socket, sequence: 7, timestamp: 1600 }
    }

    /// Sends sound to `port`: packets of 20 ms, faster than they sound.
    pub(crate) fn send_sound(&mut self, port: u16, count: u8, payload_type: u8) {
        for number in 1..=count {
            self.send(port, payload_type, false, &[number; 160]);
            self.timestamp += 160;
        }
    }

    /// Sends an event of 60 ms for each digit, with its end three times (RFC 4733 §2.5.1).
    pub(crate) fn send_digits(&mut self, port: u16, digits: &str, payload_type: u8) {
        for digit in digits.chars() {
            let event = "0123456789*#ABCD".find(digit).expect("a digit") as u8;
            for (at, duration) in [160_u16, 320, 480, 480, 480].into_iter().enumerate() {
                let [high, low] = duration.to_be_bytes();
                let end = if at >= 2 { 0x80 } else { 0 };
                self.send(port, payload_type, at == 0, &[event, end | 10, high, low]);
            }
            self.timestamp += 960;
        }
    }

    fn send(&mut self, port: u16, payload_type: u8, marker: bool, payload: &[u8]) {
        let mut packet = vec![0x80, u8::from(marker) << 7 | payload_type];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(0x0da7_a5e7_u32.to_be_bytes());
        packet.extend(payload);
        self.sequence += 1;
        // A port that nobody has is the program's trouble, and shows in what it counts.
        let _ = self.socket.send_to(&packet, ("127.0.0.1", port));
        sleep(Duration::from_millis(10));
    }
}
