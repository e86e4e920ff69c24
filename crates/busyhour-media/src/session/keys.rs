//! SRTP of one line: what it sends and what it receives.

use crate::srtp::{Policy, Protector, Refused, Unprotector};

/// Contexts of both directions. They go on when an SDP repeats the keys they have: packet indices and the replay list
/// must not begin anew (RFC 4568 §7.1.4).
#[derive(Debug, Default)]
pub(crate) struct Keys {
    send: Option<(Policy, Protector)>,
    receive: Option<(Policy, Unprotector)>,
}

impl Keys {
    /// Takes the policies that are in force from now on.
    ///
    /// # Errors
    /// A key that does not fit its suite. Nothing can be sent or understood with it, so what was there before stays.
    pub(crate) fn update(&mut self, send: Option<Policy>, receive: Option<Policy>) -> Result<(), Refused> {
        match send {
            None => self.send = None,
            Some(policy) if self.send.as_ref().is_some_and(|(old, _)| *old == policy) => {}
            Some(policy) => {
                let protector = Protector::new(&policy)?;
                self.send = Some((policy, protector));
            }
        }
        match receive {
            None => self.receive = None,
            Some(policy) if self.receive.as_ref().is_some_and(|(old, _)| *old == policy) => {}
            Some(policy) => {
                let unprotector = Unprotector::new(&policy)?;
                self.receive = Some((policy, unprotector));
            }
        }
        Ok(())
    }

    /// Protects what we send, if it is to be.
    pub(crate) fn protector(&mut self) -> Option<&mut Protector> {
        self.send.as_mut().map(|(_, protector)| protector)
    }

    /// Takes the protection off what arrives, if it has any.
    pub(crate) fn unprotector(&mut self) -> Option<&mut Unprotector> {
        self.receive.as_mut().map(|(_, unprotector)| unprotector)
    }
}
