//! SRTP of one line: what it sends and what it receives.

use crate::srtp::{Policy, Protector, Refused, Unprotector};

/// Contexts of both directions. Packet indices and replay lists go on both when an SDP repeats the keys that are in force
/// and when it changes them (RFC 3711 §3.3.1).
#[derive(Debug, Default)]
pub(crate) struct Keys {
    send: Option<(Policy, Protector)>,
    receive: Option<(Policy, Unprotector)>,
}

impl Keys {
    /// Takes the policies that are in force from now on.
    ///
    /// # Errors
    /// A key that does not fit its suite: nothing may be sent.
    pub(crate) fn update(&mut self, send: Option<Policy>, receive: Option<Policy>) -> Result<(), Refused> {
        renew(&mut self.send, send, Protector::new, Protector::rekey)?;
        renew(&mut self.receive, receive, Unprotector::new, Unprotector::rekey)
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

/// Takes the policy of one direction.
fn renew<C>(
    current: &mut Option<(Policy, C)>,
    policy: Option<Policy>,
    new: fn(&Policy) -> Result<C, Refused>,
    rekey: fn(&mut C, &Policy) -> Result<(), Refused>,
) -> Result<(), Refused> {
    match (&mut *current, policy) {
        (_, None) => *current = None,
        (Some((old, _)), Some(policy)) if *old == policy => {}
        (Some((old, context)), Some(policy)) => {
            rekey(context, &policy)?;
            *old = policy;
        }
        (None, Some(policy)) => {
            let context = new(&policy)?;
            *current = Some((policy, context));
        }
    }
    Ok(())
}
