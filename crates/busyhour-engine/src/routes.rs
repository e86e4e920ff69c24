//! Route set and remote target (spec-engine §11).

use busyhour_wire::Message;

use crate::call::Call;
use crate::context::Context;

/// Route set and remote target of a dialog.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    pub(crate) set: Vec<Vec<u8>>,
    /// Empty: none is known.
    pub(crate) target: Vec<u8>,
}

/// Stores route set and target from a message, once a dialog.
pub(crate) fn record(context: &mut Context, call: &mut Call, message: &Message<'_>) {
    if call.extra.as_ref().is_some_and(|extra| !extra.routes.set.is_empty()) {
        return;
    }
    let Some(contact) = message.header(b"Contact").next() else {
        context.warn(|| {
            let mut text = b"rrs: the message has no Contact, nothing is stored, Call-Id '".to_vec();
            text.extend_from_slice(call.id.as_bytes());
            text.push(b'\'');
            text
        });
        return;
    };
    let mut routes: Vec<&[u8]> = message
        .header(b"Record-Route")
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|route| !route.is_empty())
        .collect();
    if message.status().is_some() {
        routes.reverse();
    }
    let strict = routes.iter().take_while(|route| !is_loose(route)).count();
    let mut set: Vec<Vec<u8>> = routes[strict..].iter().map(|route| route.to_vec()).collect();
    let target = match strict.checked_sub(1) {
        // The last strict router becomes the target, and the contact the last route (RFC 3261 §12.2.1.1).
        Some(last) => {
            set.push(contact.to_vec());
            uri(routes[last])
        }
        None => uri(contact),
    };
    call.extra().routes = Routes { set, target: target.to_vec() };
}

fn is_loose(route: &[u8]) -> bool {
    memchr::memmem::find(route, b";lr").is_some()
}

/// The text inside `<…>`, else the whole value.
fn uri(value: &[u8]) -> &[u8] {
    busyhour_wire::uri_in_brackets(value).unwrap_or_else(|| value.trim_ascii())
}
