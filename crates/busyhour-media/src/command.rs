//! What engines tell media threads, and what they hear back.

use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;

use crate::call::MediaCall;
use crate::capture::Capture;
use crate::ear::Ear;
use crate::ports::PortRef;
use crate::sound::Sound;
use crate::srtp::Policy;
use crate::time::Time;

/// A wish of a call.
#[derive(Debug)]
pub struct Command {
    /// The media thread that has the call, 0-based; the same for all commands of a call.
    pub thread: u16,
    /// Whose wish.
    pub call: MediaCall,
    /// What.
    pub what: What,
}

/// What a call wants.
#[derive(Debug)]
pub enum What {
    /// The call has media from now on. Comes before all else.
    Begin(Box<Begin>),
    /// Its port of a medium, instead of one it had. It was taken once for this command, and is given back once for it.
    Listen {
        /// Of which medium.
        medium: Medium,
        /// The port.
        port: PortRef,
    },
    /// Where the peer wants a medium sent, from SDP that was just answered or taken.
    Remote {
        /// Which medium.
        medium: Medium,
        /// The place; `None`: nowhere (port 0, `0.0.0.0`, no such medium), so sounds and patterns rest, and captures
        /// play to nobody. What the SDP says of directions does not stop us: SIPp sends on, too.
        to: Option<Box<Remote>>,
        /// When the SDP came or went: the start of "time to the first packet".
        answered: Time,
    },
    /// Keys of a medium from now on, in both directions; `None`: plain RTP that way. Keys that are in force already go
    /// on; with keys of the wrong length nothing is sent.
    Secure {
        /// Which medium.
        medium: Medium,
        /// Ours.
        send: Option<Box<Policy>>,
        /// The peer's.
        receive: Option<Box<Policy>>,
    },
    /// Play something. A capture replaces the capture that plays in the medium, a sound or pattern the sound or pattern;
    /// one of each plays at a time. The first packet leaves within 20 ms, in the call's place in the packet interval.
    Play {
        /// On which medium.
        medium: Medium,
        /// What.
        source: Source,
    },
    /// `pause…`: what streams in these media rests, and its time stands still.
    Pause(Media),
    /// `resume…`.
    Resume(Media),
    /// Stop the sound or pattern that streams in this medium. A pattern is judged then.
    StopStream(Medium),
    /// `<rtp_echo>`, `exec rtp_echo=`: send back what arrives, keeping its RTP header and payload; with
    /// keys, decrypted and encrypted again. `false`: no more.
    Echo {
        /// Which medium.
        medium: Medium,
        /// On or off.
        on: bool,
    },
    /// `rtp_stream="wait"`: say [`Happening::StreamsEnded`] as soon as nothing streams any more, at once if so already.
    /// The number of the wait comes back with it: of several, only the last is answered.
    TellStreamsEnd(u32),
    /// The call has ended, well or not. Its streams end with BYE; a few milliseconds later, its ports having been read at
    /// its end, it is judged and its ports are given back. Commands after this one do nothing.
    End,
}

/// Which streams `pause` and `resume` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// All.
    All,
    /// One.
    Only(Medium),
}

/// The beginning of a call's media.
#[derive(Debug)]
pub struct Begin {
    /// Its Call-ID, for reports.
    pub call_id: Box<[u8]>,
    /// Its number: spreads streams over the packet interval and gives them their SSRCs. 0 for calls without one.
    pub number: u64,
    /// Where what is heard is kept; the engine reads it.
    pub ear: Arc<Ear>,
}

/// The peer's end of a medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Where RTP goes.
    pub rtp: SocketAddr,
    /// Where RTCP goes (`a=rtcp`, else the next port; the same if multiplexed).
    pub rtcp: SocketAddr,
    /// Payload types that both sides know, and what they mean.
    pub formats: Vec<Format>,
    /// Whether the peer's SDP lets it send to us (`sendrecv`, `sendonly`): if not, silence is no one-way audio.
    pub sends: bool,
}

/// A payload type of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// 0 to 127.
    pub payload_type: u8,
    /// As in rtpmap, such as `PCMU`; compared without case.
    pub encoding: String,
    /// RTP clock, Hz.
    pub clock_hz: u32,
}

/// Something to play.
#[derive(Debug, Clone)]
pub enum Source {
    /// A capture, or events made as one (`play_pcap_…`, `play_dyn_pcap_audio`, `play_dtmf`).
    Capture {
        /// The packets.
        capture: Arc<Capture>,
        /// Whether it goes on the call's own RTP stream of the medium (`dynamic-pcap.md`, and our DTMF) or keeps SSRC,
        /// sequence numbers and timestamps of the file.
        renumbered: bool,
    },
    /// A sound, packet by packet (`rtp_stream=file`).
    Sound {
        /// The encoded bytes.
        sound: Arc<Sound>,
        /// How its packets are made.
        form: PacketForm,
        /// How often; `None`: without end.
        loops: Option<u32>,
    },
    /// A pattern that the peer is to send back (`rtp_stream="apattern,…"`; "rtpcheck").
    Pattern {
        /// 1 to 6: all bytes are `0xAA`, `0xBB` … `0xFF`.
        id: u8,
        /// How its packets are made.
        form: PacketForm,
    },
}

/// Something that an engine, or a person, is to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whose.
    pub call: MediaCall,
    /// What.
    pub happening: Happening,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// Answers [`What::TellStreamsEnd`].
    StreamsEnded(u32),
    /// Something is wrong with the media of a call; at most a few for each call. For the warnings.
    Warning(String),
    /// The check of a pattern has failed (counted in the snapshot too; exit status 253).
    CheckFailed(String),
}
