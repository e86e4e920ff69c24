//! What we send.

use std::fmt;

use super::Refused;
use super::packet::{RtpShape, rtcp_ssrc};
use super::policy::Policy;
use super::session::Session;
use super::streams::{Streams, estimate};

/// Protects what we send with one policy: RTP streams of any SSRC, and RTCP.
///
/// Up to [`super::STREAMS_MAX`] SSRCs have a rollover counter of their own. It follows the sequence numbers
/// as a receiver's does (RFC 3711 §3.3.1): they may repeat and go back, but should not jump by half their
/// range.
pub struct Protector {
    session: Session,
    streams: Streams<Sent>,
}

/// What has been sent from one SSRC.
#[derive(Debug, Default)]
struct Sent {
    /// The highest index of RTP.
    newest: Option<u64>,
    /// The next index of RTCP.
    rtcp: u32,
}

impl Protector {
    /// Derives the session keys (RFC 3711 §4.3).
    ///
    /// # Errors
    /// The key has the wrong length for its suite, or the identifier is too long.
    pub fn new(policy: &Policy) -> Result<Protector, Refused> {
        Ok(Protector { session: Session::new(policy)?, streams: Streams::default() })
    }

    /// Takes new keys. The rollover counters and the indices of RTCP go on, as RFC 3711 §3.3.1 and §3.4
    /// demand.
    ///
    /// # Errors
    /// As [`Protector::new`]; the old keys stay.
    pub fn rekey(&mut self, policy: &Policy) -> Result<(), Refused> {
        self.session = Session::new(policy)?;
        Ok(())
    }

    /// Bytes by which an RTP packet grows.
    pub fn overhead(&self) -> usize {
        self.session.rtp_overhead()
    }

    /// Bytes by which an RTCP packet grows.
    pub fn rtcp_overhead(&self) -> usize {
        self.session.rtcp_overhead()
    }

    /// SSRCs that were forgotten because more than [`super::STREAMS_MAX`] were sent from.
    pub fn forgotten(&self) -> u64 {
        self.streams.pushed_out()
    }

    /// Encrypts the RTP packet that ends `buffer` and begins at `start`, and appends its tag.
    ///
    /// # Errors
    /// [`Refused::Malformed`]: it is no RTP packet; nothing is changed.
    pub fn protect(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), Refused> {
        let shape = RtpShape::of(buffer.get(start..).ok_or(Refused::Malformed)?)?;
        buffer.resize(buffer.len() + self.overhead(), 0);
        self.seal(&mut buffer[start..], shape);
        Ok(())
    }

    /// Encrypts the compound RTCP packet that ends `buffer` and begins at `start`, and appends its index and
    /// its tag.
    ///
    /// After 2³¹ packets of one SSRC the index begins anew, and a receiver refuses them as repeated.
    ///
    /// # Errors
    /// As [`Protector::protect`].
    pub fn protect_rtcp(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), Refused> {
        let ssrc = rtcp_ssrc(buffer.get(start..).ok_or(Refused::Malformed)?)?;
        let sent = self.streams.get_or_insert(ssrc);
        let index = sent.rtcp;
        sent.rtcp = (index + 1) & 0x7fff_ffff;
        buffer.resize(buffer.len() + self.rtcp_overhead(), 0);
        self.session.seal_rtcp(&mut buffer[start..], ssrc, index);
        Ok(())
    }

    fn seal(&mut self, packet: &mut [u8], shape: RtpShape) {
        let sent = self.streams.get_or_insert(shape.ssrc);
        let index = match sent.newest {
            Some(newest) => estimate(newest, shape.sequence),
            None => shape.sequence.into(),
        };
        sent.newest = sent.newest.max(Some(index));
        self.session.seal_rtp(packet, shape, index);
    }
}

/// Keys do not belong in logs.
impl fmt::Debug for Protector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Protector").field("streams", &self.streams).finish_non_exhaustive()
    }
}

/// Ways into the middle of a stream, for vectors that are from there.
#[cfg(test)]
impl Protector {
    pub(super) fn of(session: Session) -> Protector {
        Protector { session, streams: Streams::default() }
    }

    pub(super) fn set_rtcp_index(&mut self, ssrc: u32, index: u32) {
        self.streams.get_or_insert(ssrc).rtcp = index;
    }
}
