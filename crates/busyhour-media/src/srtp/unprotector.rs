//! What arrives.

use std::fmt;

use super::Refused;
use super::packet::{RtpShape, rtcp_ssrc};
use super::policy::Policy;
use super::session::Session;
use super::streams::{Streams, Window, estimate};

/// Takes the protection off what arrives.
///
/// Up to [`super::STREAMS_MAX`] SSRCs have a rollover counter and replay lists of their own; only a packet
/// whose tag is right makes one known.
pub struct Unprotector {
    session: Session,
    streams: Streams<Received>,
}

/// What has come from one SSRC.
#[derive(Debug, Default)]
struct Received {
    rtp: Window,
    rtcp: Window,
    /// Keys have changed, and no RTP has come under the new ones.
    rekeyed: bool,
}

impl Unprotector {
    /// Derives the session keys.
    ///
    /// # Errors
    /// The key has the wrong length for its suite, or the identifier is too long.
    pub fn new(policy: &Policy) -> Result<Unprotector, Refused> {
        Ok(Unprotector { session: Session::new(policy)?, streams: Streams::default() })
    }

    /// Takes new keys. The rollover counters and the replay lists go on (RFC 3711 §3.3.1), unless the first packet
    /// under the new keys shows that its sender counts from 0 again.
    ///
    /// # Errors
    /// As [`Unprotector::new`]; the old keys stay.
    pub fn rekey(&mut self, policy: &Policy) -> Result<(), Refused> {
        self.session = Session::new(policy)?;
        self.streams.all_mut().for_each(|received| received.rekeyed = true);
        Ok(())
    }

    /// SSRCs that were forgotten because more than [`super::STREAMS_MAX`] were heard.
    pub fn forgotten(&self) -> u64 {
        self.streams.pushed_out()
    }

    /// Checks and decrypts an RTP packet in place; returns how many bytes of it are left.
    ///
    /// Of an SSRC that is new, a sequence number in the lower half is tried as it is, then as the first after
    /// a rollover: the packets before it may be lost or late.
    ///
    /// # Errors
    /// [`Refused`]; the packet may have been changed.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let shape = RtpShape::of(packet)?;
        let received = self.streams.get(shape.ssrc).map(|received| (received.rtp, received.rekeyed));
        let (mut window, rekeyed) = received.unwrap_or_default();
        let (index, len) = match window.newest() {
            Some(newest) if rekeyed => {
                // Under new keys nothing has come yet that could come again.
                let (index, begun) = (estimate(newest, shape.sequence), u64::from(shape.sequence));
                match self.session.open_rtp(packet, shape, index) {
                    Err(Refused::Authentication) if index != begun => {
                        let len = self.session.open_rtp(packet, shape, begun)?;
                        window = Window::default();
                        (begun, len)
                    }
                    opened => {
                        let len = opened?;
                        if window.check(index).is_err() {
                            window = Window::default();
                        }
                        (index, len)
                    }
                }
            }
            Some(newest) => {
                let index = estimate(newest, shape.sequence);
                window.check(index)?;
                (index, self.session.open_rtp(packet, shape, index)?)
            }
            None => {
                let index = u64::from(shape.sequence);
                match self.session.open_rtp(packet, shape, index) {
                    Err(Refused::Authentication) if index < 0x8000 => {
                        let index = index | 0x1_0000;
                        (index, self.session.open_rtp(packet, shape, index)?)
                    }
                    opened => (index, opened?),
                }
            }
        };
        window.note(index);
        let received = self.streams.get_or_insert(shape.ssrc);
        (received.rtp, received.rekeyed) = (window, false);
        Ok(len)
    }

    /// Checks and decrypts a compound RTCP packet in place; returns how many bytes of it are left.
    ///
    /// A packet that says that it is not encrypted is taken too, if its tag is right.
    ///
    /// # Errors
    /// As [`Unprotector::unprotect`].
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let ssrc = rtcp_ssrc(packet)?;
        let index = self.session.rtcp_index(packet)?.into();
        if let Some(received) = self.streams.get(ssrc) {
            received.rtcp.check(index)?;
        }
        let len = self.session.open_rtcp(packet, ssrc)?;
        self.streams.get_or_insert(ssrc).rtcp.note(index);
        Ok(len)
    }
}

/// Keys do not belong in logs.
impl fmt::Debug for Unprotector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Unprotector").field("streams", &self.streams).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Unprotector {
    pub(super) fn of(session: Session) -> Unprotector {
        Unprotector { session, streams: Streams::default() }
    }
}
