//! `verifyauth` (spec-engine §10).

use busyhour_scenario::program::Variable;
use busyhour_scenario::template::Template;
use busyhour_wire::{Message, digest};

use super::{Host, Input, Outcome};
use crate::variables::Value;

/// Sets a variable to whether the message's Authorization header fits; Proxy-Authorization is not looked at.
pub(super) fn verify(
    to: Variable,
    username: &Template,
    password: &Template,
    input: Input<'_>,
    host: &mut impl Host,
) -> Outcome {
    let (mut name, mut secret) = (Vec::new(), Vec::new());
    let made = host.render(username, &mut name).and_then(|()| host.render(password, &mut secret));
    // Nobody has a name or password that cannot be made, least of all one who gives an empty one.
    let fits =
        made.is_ok() && Message::parse(input.message).is_ok_and(|message| fits(&message, &name, &secret));
    host.update(to, |value| *value = Value::Bool(fits));
    made.map_or_else(Outcome::Failed, |()| Outcome::Done)
}

fn fits(message: &Message<'_>, username: &[u8], password: &[u8]) -> bool {
    let method = message.method().unwrap_or_default();
    let credentials = message.header(b"Authorization").next();
    credentials.is_some_and(|value| digest::verify(value, method, message.body(), username, password))
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;

    use super::super::fake::*;
    use super::*;

    /// The example of RFC 2617 §3.5.
    fn request(header: &str) -> Vec<u8> {
        format!(
            "GET sip:a@b SIP/2.0\r\nCall-ID: 1\r\n{header}: Digest username=\"Mufasa\", \
             realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
             qop=auth,\r\n nc=00000001, cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\"\r\n\r\n"
        )
        .into_bytes()
    }

    fn verified(message: Vec<u8>, password: &str) -> Value {
        let mut host = FakeHost { message, ..FakeHost::default() };
        host.put(B, Value::Text(password.into()));
        let action = Action::VerifyAuth { to: A, username: template("Muf", C), password: template("", B) };
        host.put(C, Value::Text(b"asa".into()));
        assert_eq!(host.run(&[action]), Outcome::Done);
        host.get(A)
    }

    #[test]
    fn authorization_is_verified() {
        assert_eq!(verified(request("AUTHORIZATION"), "Circle Of Life"), Value::Bool(true));
        assert_eq!(verified(request("Authorization"), "Circle of Life"), Value::Bool(false));
        assert_eq!(verified(request("Proxy-Authorization"), "Circle Of Life"), Value::Bool(false));
        assert_eq!(verified(Vec::new(), "Circle Of Life"), Value::Bool(false));
    }
}
