//! Media actions of a step (spec-scenario §7.2, spec-3.8 A5 and F, dynamic-pcap.md), and what a scenario needs for them.

use std::ops::Range;

use busyhour_media::library::Digits;
use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;

use super::Variable;
use super::action::Operand;
use crate::template::Template;

/// A media action. What holds keywords is read when it runs, by [`crate::media_arguments`].
#[derive(Debug, Clone, PartialEq)]
pub enum MediaAction {
    /// `play_pcap_audio|image|video|text`, `play_dyn_pcap_audio`.
    PlayCapture {
        /// On which medium.
        medium: Medium,
        /// Name of the file; a literal one was loaded at the start.
        file: Template,
        /// `play_dyn_pcap_audio`: as part of the call's own stream.
        renumbered: bool,
    },
    /// `play_dtmf`.
    PlayDigits(Argument<Digits>),
    /// `rtp_stream`.
    Stream(Argument<Stream>),
    /// `rtp_stream="wait"`: the call's next step waits until nothing streams.
    Wait {
        /// `timeout`, ms; 0: for ever.
        timeout_ms: u64,
    },
    /// `exec rtp_echo`: echo of one call.
    Echo {
        /// Which medium.
        medium: Medium,
        /// What about it.
        change: EchoChange,
    },
    /// `<rtp_echo>`: echo of the whole process (`-rtp_echo`) and of all calls, on unless 0.
    EchoAll(Operand),
    /// `<rtp_stats>`.
    Statistics {
        /// Which medium.
        medium: Medium,
        /// Gets the number of packets received.
        packets: Variable,
        /// Gets the payload type of the first, −1 without one.
        payload_type: Option<Variable>,
        /// Gets the payload of the first, in hexadecimal.
        payload: Option<Variable>,
    },
    /// `<rtp_dtmf>`.
    HeardDigits {
        /// Gets the digits heard so far.
        to: Variable,
        /// Payload type of their events.
        payload_type: u8,
    },
    /// `<rtp_quality>`: a figure of what is heard, for tests in the scenario.
    Quality {
        /// Gets it; unset where it is not known.
        to: Variable,
        /// Which medium.
        medium: Medium,
        /// Which figure.
        figure: Figure,
    },
    /// `exec rtp_assert`: the call fails unless all of it holds.
    Assert {
        /// What must hold.
        claims: Vec<Claim>,
    },
}

/// An argument list: known when the scenario is read, or only when it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument<T> {
    /// No keywords in it.
    Known(T),
    /// A text to be filled in and read.
    Text(Template),
}

/// What `rtp_stream=` says.
#[derive(Debug, Clone, PartialEq)]
pub enum Stream {
    /// A file.
    File {
        /// Its name; WAV, or encoded bytes.
        name: String,
        /// How often; `None`: without end. 0 plays nothing.
        loops: Option<u32>,
        /// On audio, or on video (H264 and the like).
        medium: Medium,
        /// How its packets are made; `None`: by `-rtp_payload`.
        form: Option<PacketForm>,
    },
    /// `apattern`, `vpattern`.
    Pattern {
        /// Audio or video.
        medium: Medium,
        /// 1 to 6.
        id: u8,
        /// How its packets are made; `None`: by `-rtp_payload`.
        form: Option<PacketForm>,
    },
    /// `pause…`; `None`: all media.
    Pause(Option<Medium>),
    /// `resume…`.
    Resume(Option<Medium>),
}

/// What `exec rtp_echo=` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EchoChange {
    /// `start…`.
    Start,
    /// `update…`: new keys.
    Update,
    /// `stop…`.
    Stop,
}

/// A claim of `rtp_assert` about one medium.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// As written, for the reason of a failure.
    pub text: String,
    /// Of which medium: `audio` unless it begins with `video.` or `text.`.
    pub medium: Medium,
    /// What is claimed.
    pub kind: ClaimKind,
}

/// Forms of a [`Claim`].
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimKind {
    /// `both_ways`: we sent and heard.
    BothWays,
    /// `silent`: nothing was heard.
    Silent,
    /// A figure and a number, such as `loss < 1%`, `mos > 3.8`, `jitter <= 20ms`.
    Compare {
        /// The figure.
        figure: Figure,
        /// How.
        compare: super::Compare,
        /// In the figure's unit; per cent as a ratio.
        with: f64,
    },
    /// `digits == 1234`, `digits != ""`; keywords are allowed.
    Digits {
        /// `==`, else `!=`.
        equal: bool,
        /// What is expected.
        with: Template,
    },
}

/// A figure of [`busyhour_media::Heard`] that scenarios can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// `packets`.
    Packets,
    /// `sent`.
    Sent,
    /// `lost`.
    Lost,
    /// `loss`, ratio.
    Loss,
    /// `duplicates`.
    Duplicates,
    /// `reordered`.
    Reordered,
    /// `jitter`, ms.
    Jitter,
    /// `jitter_max`, ms.
    JitterMax,
    /// `gap`, ms.
    Gap,
    /// `silent_for`, ms.
    SilentFor,
    /// `first_packet`, ms.
    FirstPacket,
    /// `ssrc_changes`.
    SsrcChanges,
    /// `wrong_payload_type`.
    WrongPayloadType,
    /// `from_elsewhere`.
    FromElsewhere,
    /// `level`, dBm0.
    Level,
    /// `dead_air`, ratio.
    DeadAir,
    /// `burst_ratio`.
    BurstRatio,
    /// `r_factor`.
    RFactor,
    /// `mos`.
    Mos,
    /// `mos_cq`.
    MosConversational,
    /// `rtt`, ms.
    Rtt,
    /// `far_loss`, ratio.
    FarLoss,
    /// `far_jitter`, ms.
    FarJitter,
}

/// What a scenario needs of the media side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediaUse {
    /// Some action plays, echoes, listens or asserts: calls have media.
    pub any: bool,
    /// Media whose port is `[media_port]`, or that are used though no keyword gives their port: all calls share it.
    pub shared_port: [bool; Medium::COUNT],
    /// Media whose port is `[auto_media_port]`.
    pub auto_port: [bool; Medium::COUNT],
    /// Media whose port is `[rtpstream_…_port]`: every call has one of its own.
    pub own_port: [bool; Medium::COUNT],
    /// Media that some action plays on or listens to.
    pub used: [bool; Medium::COUNT],
    /// A crypto keyword or an `a=crypto` occurs: media may be SRTP.
    pub crypto: bool,
    /// Some `rtp_stats` wants the payload of the first packet.
    pub wants_first_payload: bool,
    /// Files with literal names, to be loaded before the run.
    pub files: Vec<MediaFile>,
}

/// A media file that a scenario names.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaFile {
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub span: Range<usize>,
    /// On which medium it is played.
    pub medium: Medium,
    /// As a sound of this form; `None`: as a capture.
    pub sound: Option<Option<PacketForm>>,
}
