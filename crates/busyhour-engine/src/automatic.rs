//! Messages that the engine sends by itself (spec-engine §8).

use busyhour_scenario::program::{DefaultMessage, SendStart};
use busyhour_scenario::template::{Keyword, Piece, Template};

/// The automatic messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// ACK of a failure response: same branch as the INVITE (RFC 3261 §17.1.1.3).
    Ack,
    /// ACK of a 2xx: a transaction of its own (RFC 3261 §13.2.2.4).
    AckOk,
    Bye,
    Cancel,
    /// CANCEL where the last message taken was the peer's request, which tells nothing of our INVITE.
    CancelOwn,
    /// 200 to whatever was received last.
    Ok,
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Ack, Kind::AckOk, Kind::Bye, Kind::Cancel, Kind::CancelOwn, Kind::Ok];

    /// Which `<DefaultMessage>` replaces it, its own text, and its start line.
    pub(crate) fn description(self) -> (DefaultMessage, Template, SendStart) {
        let request = |method: &str| SendStart::Request(method.to_owned());
        match self {
            Kind::Ack => (
                DefaultMessage::Ack,
                ack(Keyword::Last { name: "Via".into(), value_only: false }),
                request("ACK"),
            ),
            Kind::AckOk => (DefaultMessage::Ack, ack_ok(), request("ACK")),
            Kind::Bye => (DefaultMessage::Bye, bye(), request("BYE")),
            Kind::Cancel => (DefaultMessage::Cancel, cancel(), request("CANCEL")),
            Kind::CancelOwn => (DefaultMessage::Cancel, cancel_own(), request("CANCEL")),
            Kind::Ok => (DefaultMessage::Ok, ok(), SendStart::Response(200)),
        }
    }
}

/// Text in which `{}` stands for the next keyword. Line ends are LF and become CRLF.
fn template<const N: usize>(text: &str, keywords: [Keyword; N]) -> Template {
    let mut keywords = keywords.into_iter();
    let mut pieces = Vec::new();
    for (at, literal) in text.split("{}").enumerate() {
        if at > 0 {
            pieces.extend(keywords.next().map(Piece::Keyword));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.replace('\n', "\r\n").into_bytes()));
        }
    }
    Template { pieces }
}

fn last(name: &str) -> Keyword {
    Keyword::Last { name: name.to_owned(), value_only: false }
}

fn ack(via: Keyword) -> Template {
    template(
        "ACK {} SIP/2.0\n{}\n{}\n{}\nCall-ID: {}\nCSeq: {} ACK\nContact: <sip:sipp@{}:{};transport={}>\n\
         Max-Forwards: 70\nSubject: Performance Test\nContent-Length: 0\n\n",
        [
            Keyword::LastRequestUri,
            via,
            last("From"),
            last("To"),
            Keyword::CallId,
            Keyword::LastCSeqNumber(0),
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Transport,
        ],
    )
}

fn ack_ok() -> Template {
    template(
        "ACK {} SIP/2.0\nVia: SIP/2.0/{} {}:{};branch={}\n{}\n{}\nCall-ID: {}\nCSeq: {} ACK\n\
         Contact: <sip:sipp@{}:{};transport={}>\nMax-Forwards: 70\nSubject: Performance Test\nContent-Length: 0\n\n",
        [
            Keyword::NextUrl,
            Keyword::Transport,
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Branch(0),
            last("From"),
            last("To"),
            Keyword::CallId,
            Keyword::LastCSeqNumber(0),
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Transport,
        ],
    )
}

/// From and To are rendered for our side towards the peer (spec-3.8 B §8).
fn bye() -> Template {
    template(
        "BYE {} SIP/2.0\nVia: SIP/2.0/{} {}:{};branch={}\n{}\n{}\n{}\nCall-ID: {}\nCSeq: {} BYE\nMax-Forwards: 70\n\
         Contact: <sip:sipp@{}:{};transport={}>\nContent-Length: 0\n\n",
        [
            Keyword::NextUrl,
            Keyword::Transport,
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Branch(1),
            Keyword::Routes,
            last("From"),
            last("To"),
            Keyword::CallId,
            Keyword::CSeq(0),
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Transport,
        ],
    )
}

fn cancel() -> Template {
    template(
        "CANCEL {} SIP/2.0\n{}\n{}\n{}\nCall-ID: {}\nCSeq: {} CANCEL\nMax-Forwards: 70\n\
         Contact: <sip:sipp@{}:{};transport={}>\nContent-Length: 0\n\n",
        [
            Keyword::LastRequestUri,
            last("Via"),
            last("From"),
            last("To"),
            Keyword::CallId,
            Keyword::LastCSeqNumber(0),
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Transport,
        ],
    )
}

/// Rendered with the step of the INVITE for `[branch]`, and for our side towards the peer.
fn cancel_own() -> Template {
    template(
        "CANCEL {} SIP/2.0\nVia: SIP/2.0/{} {}:{};branch={}\n{}\n{}\nCall-ID: {}\nCSeq: {} CANCEL\nMax-Forwards: 70\n\
         Contact: <sip:sipp@{}:{};transport={}>\nContent-Length: 0\n\n",
        [
            Keyword::LastRequestUri,
            Keyword::Transport,
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Branch(0),
            last("From"),
            last("To"),
            Keyword::CallId,
            Keyword::LastCSeqNumber(0),
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Transport,
        ],
    )
}

fn ok() -> Template {
    template(
        "SIP/2.0 200 OK\n{}\n{}\n{}\n{}\n{}\nContact: <sip:{}:{};transport={}>\nContent-Length: 0\n\n",
        [
            last("Via"),
            last("From"),
            last("To"),
            last("Call-ID"),
            last("CSeq"),
            Keyword::LocalIp,
            Keyword::LocalPort(0),
            Keyword::Transport,
        ],
    )
}
