//! Options of media: ports, echo, checks and what is heard.

use std::num::NonZeroU16;

use super::super::row::{Category, Row, Takes};
use super::super::words::fill;
use super::{no_effect, works};
use Category::Media;
use Takes::{Float, Integer, Nothing, Text};

/// The rows. Their conversions keep the bounds, which fit into the target type.
pub(super) static ROWS: &[Row] = &[
    works(
        &["mi"],
        Text("ADDRESS", |o, v| fill(&mut o.media.ip, v)),
        Media,
        "Address of media: what [media_ip] stands for, and where media ports are. Default: the local address.",
    ),
    works(
        &["mp", "min_rtp_port"],
        Integer("PORT", (0, 65_535), |o, v| o.media.port_min = Some(v as u16)),
        Media,
        "First media port. [media_port] is this one, or the next free pair above it; [auto_media_port] and ports that \
         calls have for themselves begin there too. Default 6000.",
    ),
    works(
        &["max_rtp_port"],
        Integer("PORT", (1, 65_535), |o, v| o.media.port_max = Some(v as u16)),
        Media,
        "Last media port. Default 65535.",
    ),
    works(
        &["rtp_echo"],
        Nothing(|o| o.media.echo = true),
        Media,
        "Send back whatever arrives on [media_port] and on the port two above it, whoever's it is.",
    ),
    works(
        &["rtp_payload"],
        Integer("TYPE", (0, 127), |o, v| o.media.default_payload = Some(v as u8)),
        Media,
        "Payload type of rtp_stream actions that name none, one whose number says what it is: 0 PCMU, 3 GSM, 4 G723, 8 PCMA, \
         9 G722, 11 L16, 13 CN, 15 G728 or 18 G729. Default 8.",
    ),
    works(
        &["rtp_buffsize"],
        Integer("BYTES", (0, 1 << 30), |o, v| o.media.buffer_bytes = Some(v as u32)),
        Media,
        "Send and receive buffer of each media socket. Default 65536.",
    ),
    works(
        &["audiotolerance"],
        Float("SHARE", 0.0, |o, v| o.media.audio_tolerance = Some(v)),
        Media,
        "Share of packets of a pattern, 0 to 1, that may come back otherwise or not at all: from this share on the check \
         has failed, and the exit status is 253. Default 1: only if not one packet comes back right.",
    ),
    works(
        &["videotolerance"],
        Float("SHARE", 0.0, |o, v| o.media.video_tolerance = Some(v)),
        Media,
        "The same for video.",
    ),
    works(
        &["random_base_ssrc"],
        Nothing(|o| o.media.random_base_ssrc = true),
        Media,
        "Draw the SSRC of the first stream, from which all others count on. Default: 0xca110000.",
    ),
    works(
        &["no_rtcp"],
        Nothing(|o| o.media.no_rtcp = true),
        Media,
        "Send no RTCP, and open no RTCP ports: what a peer sends there is refused. Otherwise each stream has sender and receiver reports, and BYE at its end; SIPp sends none.",
    ),
    works(
        &["hear"],
        Nothing(|o| o.media.hear = true),
        Media,
        "Listen to what arrives on the media ports of every call, and score it, even if the scenario has no media action.",
    ),
    works(
        &["no_hearing"],
        Nothing(|o| o.media.no_hearing = true),
        Media,
        "Only count the packets that arrive: no loss, jitter, digits or score. Otherwise every stream is judged.",
    ),
    works(
        &["media_threads"],
        Integer("N", (1, 1024), |o, v| o.media.threads = u16::try_from(v).ok().and_then(NonZeroU16::new)),
        Media,
        "Threads that play and listen. Default: as many as run calls (-workers).",
    ),
    no_effect(
        &["mb"],
        Integer("BYTES", (i32::MIN as i64, i32::MAX as i64), |_, _| ()),
        "-rtp_echo sends back what it receives, however long it is.",
    ),
    no_effect(
        &["rtp_threadtasks"],
        Integer("N", (i32::MIN as i64, i32::MAX as i64), |_, _| ()),
        "Streams are spread over a fixed number of threads, -media_threads.",
    ),
    no_effect(
        &["rtpcheck_debug"],
        Nothing(|_| ()),
        "Which pattern failed in which call is a warning (-trace_err); what was heard is in the final report.",
    ),
    no_effect(
        &["srtpcheck_debug"],
        Nothing(|_| ()),
        "Packets that SRTP refused are counted in the final report, by reason.",
    ),
];
