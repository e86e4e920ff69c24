//! What codecs do to speech (ITU-T G.113 (11/2007), Appendices I and IV: provisional planning values).
//!
//! Of these, the values of G.711 (Bpl 25.1 with concealment, 4.3 without), of G.729A + VAD, the Ie of GSM EFR and of
//! G.722 were found again in what others quote of the Recommendation, also of its edition of 09/2024; those of iLBC were
//! not. Nothing is said there of AMR, Opus or EVS in narrowband, nor of loss of G.722.

/// A codec with published values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// PCMU and PCMA, losses concealed (G.711 Appendix I), as every receiver of today does.
    G711,
    /// G.726 at 16 kbit/s.
    G726At16,
    /// G.726 at 24 kbit/s.
    G726At24,
    /// G.726 at 32 kbit/s, and G.721.
    G726At32,
    /// G.726 at 40 kbit/s.
    G726At40,
    /// G.728 at 16 kbit/s.
    G728,
    /// G.729 and its annexes A and B.
    G729,
    /// G.723.1 at 6.3 kbit/s.
    G7231,
    /// iLBC at 15.2 kbit/s (20 ms) or 13.3 kbit/s (30 ms).
    Ilbc,
    /// GSM full rate.
    Gsm,
    /// GSM enhanced full rate.
    GsmEfr,
    /// GSM half rate.
    GsmHr,
    /// G.722 at 64 kbit/s.
    G722,
}

/// A codec's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Impairment {
    /// They are on the scale of G.107.1.
    pub(super) wideband: bool,
    /// Equipment impairment factor without loss.
    pub(super) ie: f64,
    /// Packet-loss robustness factor; `None`: not published.
    pub(super) bpl: Option<f64>,
}

impl Codec {
    /// The codec of an encoding name of SDP (RFC 3551, RFC 3952), whatever its case; `None` if nothing is
    /// published of it.
    pub fn of(encoding: &str, clock_hz: u32) -> Option<Codec> {
        if clock_hz != 8_000 {
            // All of the table have this clock, G.722 too (RFC 3551 §4.5.2).
            return None;
        }
        NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(encoding)).map(|(_, codec)| *codec)
    }

    pub(super) fn impairment(self) -> Impairment {
        // Ie: G.113 table I.1 (waveform and speech codecs without loss) and, with Bpl, table I.4 (10 ms
        // packets for G.711, 20 ms for G.729A + VAD and GSM EFR, 30 ms for G.723.1 + VAD; random loss).
        // Ie,WB: table IV.1.
        let (wideband, ie, bpl) = match self {
            Codec::G711 => (false, 0.0, Some(25.1)),
            Codec::G726At16 => (false, 50.0, None),
            Codec::G726At24 => (false, 25.0, None),
            Codec::G726At32 => (false, 7.0, None),
            Codec::G726At40 => (false, 2.0, None),
            Codec::G728 => (false, 7.0, None),
            Codec::G729 => (false, 11.0, Some(19.0)),
            Codec::G7231 => (false, 15.0, Some(16.1)),
            Codec::Ilbc => (false, 11.0, Some(32.0)),
            Codec::Gsm => (false, 20.0, None),
            Codec::GsmEfr => (false, 5.0, Some(10.0)),
            Codec::GsmHr => (false, 23.0, None),
            Codec::G722 => (true, 13.0, None),
        };
        Impairment { wideband, ie, bpl }
    }
}

const NAMES: [(&str, Codec); 14] = [
    ("PCMU", Codec::G711),
    ("PCMA", Codec::G711),
    ("G726-16", Codec::G726At16),
    ("G726-24", Codec::G726At24),
    ("G726-32", Codec::G726At32),
    ("G726-40", Codec::G726At40),
    ("G728", Codec::G728),
    ("G729", Codec::G729),
    ("G723", Codec::G7231),
    ("iLBC", Codec::Ilbc),
    ("GSM", Codec::Gsm),
    ("GSM-EFR", Codec::GsmEfr),
    ("GSM-HR-08", Codec::GsmHr),
    ("G722", Codec::G722),
];
