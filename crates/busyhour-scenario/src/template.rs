//! Message and action texts as pieces: literal bytes and keywords.

use busyhour_media::srtp::Suite;
use busyhour_wire::sdp::Medium;

use crate::program::{FileId, Variable};

/// A text with keywords, ready to be rendered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// In order. Neighbouring literals are joined.
    pub pieces: Vec<Piece>,
}

/// Part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Bytes that go out as they are.
    Literal(Vec<u8>),
    /// A keyword.
    Keyword(Keyword),
}

/// The keywords of spec-scenario §5 and spec-3.8 A3. An `i32` is the `+N`/`-N` offset, 0 without.
#[derive(Debug, Clone, PartialEq)]
pub enum Keyword {
    /// `remote_ip`, in brackets if IPv6.
    RemoteIp,
    /// `remote_host`, as typed.
    RemoteHost,
    /// `remote_port`.
    RemotePort(i32),
    /// `local_ip`, in brackets if IPv6.
    LocalIp,
    /// `local_ip_type`: 4 or 6.
    LocalIpType,
    /// `local_port`.
    LocalPort(i32),
    /// `server_ip`: the socket's address as bound, no brackets.
    ServerIp,
    /// `transport`.
    Transport,
    /// `media_ip`, no brackets.
    MediaIp,
    /// `media_ip_type`: 4 or 6.
    MediaIpType,
    /// `media_port`: the port that all calls share for the medium that its line names, `audio` if none.
    MediaPort(i32, Option<Medium>),
    /// `auto_media_port`: one of 2500 ports by the call's number.
    AutoMediaPort(i32, Option<Medium>),
    /// `rtpstream_audio_port`, `rtpstream_video_port`: the call's own port.
    RtpStreamPort(i32, Medium),
    /// A crypto keyword.
    Crypto(CryptoKeyword),
    /// `call_id`.
    CallId,
    /// `call_number`.
    CallNumber,
    /// `cseq`.
    CSeq(i32),
    /// `last_cseq_number`.
    LastCSeqNumber(i32),
    /// `branch`: `z9hG4bK-<pid>-<call>-<step + offset>`.
    Branch(i32),
    /// `msg_index`.
    MsgIndex,
    /// `pid`.
    Pid,
    /// `service`.
    Service,
    /// `len`: body length plus offset, right-aligned in 5 columns.
    Len(i32),
    /// `peer_tag_param`.
    PeerTagParam,
    /// `last_<Header>`; `value_only` for `.value`. Name as written, without colon or `.value`.
    Last {
        /// The header, as written.
        name: String,
        /// Without the name.
        value_only: bool,
    },
    /// `last_message`.
    LastMessage,
    /// `last_Request_URI`.
    LastRequestUri,
    /// `next_url`.
    NextUrl,
    /// `routes`.
    Routes,
    /// `$name`.
    Variable(Variable),
    /// `fill variable= text=`.
    Fill {
        /// How often.
        variable: Variable,
        /// What is repeated.
        text: String,
    },
    /// `timestamp`.
    Timestamp,
    /// `date`.
    Date,
    /// `clock_tick`: ms since start.
    ClockTick,
    /// `dynamic_id`.
    DynamicId,
    /// `users`.
    Users,
    /// `userid`.
    UserId,
    /// `sipp_version`, e.g. `3.8.0`.
    SippVersion,
    /// `fieldN file= line=`: a value of an injection file.
    Field {
        /// The file.
        file: FileId,
        /// N, 0-based.
        column: u32,
        /// `line=`; `None`: the line drawn for the call.
        line: Option<Box<Template>>,
    },
    /// `file name=`: the content of a file, read at each use.
    File(Box<Template>),
    /// `authentication`: a whole `Authorization` or `Proxy-Authorization` header.
    Authentication(Box<Credentials>),
    /// `tdmmap`: the call's TDM circuit.
    TdmMap,
}

/// The crypto keywords of SDP (spec-media §8, spec-3.8 A3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CryptoKeyword {
    /// Of which medium.
    pub medium: Medium,
    /// The first or the second crypto line of the medium: 1 or 2.
    pub line: u8,
    /// What of it.
    pub part: CryptoPart,
}

/// Parts of a crypto line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CryptoPart {
    /// `cryptotag…`.
    Tag,
    /// `cryptosuite…`.
    Suite(Suite),
    /// `cryptokeyparams…`: a new key in base64, or with a negative offset the present one again.
    KeyParams {
        /// The present one.
        again: bool,
    },
    /// `ue…`: `UNENCRYPTED_SRTP`.
    Unencrypted,
}

/// Parameters of `[authentication]`. What is not given comes from the command line (spec-engine §10).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Credentials {
    /// `username=`; else `-au`, else `-s`.
    pub username: Option<Template>,
    /// `password=`; else `-ap`.
    pub password: Option<Template>,
    /// `aka_K=`, 16 bytes; else the first 16 characters of the password.
    pub aka_k: Option<Template>,
    /// `aka_OP=`, 16 bytes.
    pub aka_op: Option<Template>,
    /// `aka_OPc=`, 16 bytes, instead of `aka_OP`. Ours; SIPp has no such parameter.
    pub aka_opc: Option<Template>,
    /// `aka_AMF=`, 2 bytes. 3.8.0 takes the AMF of the challenge and ignores this.
    pub aka_amf: Option<Template>,
}
