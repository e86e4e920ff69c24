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
        let (id, text, method) = match self {
            Kind::Ack => (DefaultMessage::Ack, ACK, "ACK"),
            Kind::AckOk => (DefaultMessage::Ack, ACK_OK, "ACK"),
            Kind::Bye => (DefaultMessage::Bye, BYE, "BYE"),
            Kind::Cancel => (DefaultMessage::Cancel, CANCEL, "CANCEL"),
            Kind::CancelOwn => (DefaultMessage::Cancel, CANCEL_OWN, "CANCEL"),
            Kind::Ok => return (DefaultMessage::Ok, template(OK), SendStart::Response(200)),
        };
        (id, template(text), SendStart::Request(method.to_owned()))
    }
}

const ACK: &str = "\
ACK [last_Request_URI] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: [last_cseq_number] ACK
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Subject: Performance Test
Content-Length: 0

";

const ACK_OK: &str = "\
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: [last_cseq_number] ACK
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Subject: Performance Test
Content-Length: 0

";

/// From and To are rendered for our side towards the peer (spec-3.8 B §8). The counter of `[cseq]` is not raised for it, as a
/// `<DefaultMessage>` of SIPp's expects.
const BYE: &str = "\
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: [cseq+1] BYE
Max-Forwards: 70
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

";

const CANCEL: &str = "\
CANCEL [last_Request_URI] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: [last_cseq_number] CANCEL
Max-Forwards: 70
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

";

/// Rendered with the step of the INVITE for `[branch]`, and for our side towards the peer.
const CANCEL_OWN: &str = "\
CANCEL [last_Request_URI] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: [last_cseq_number] CANCEL
Max-Forwards: 70
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

";

const OK: &str = "\
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

";

/// Reads one of the texts above: literals, and the few keywords that they use. Line ends become CRLF.
fn template(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, (name, behind))) =
        rest.split_once('[').and_then(|(literal, tail)| Some((literal, tail.split_once(']')?)))
    {
        push_literal(&mut pieces, literal);
        pieces.push(Piece::Keyword(keyword(name)));
        rest = behind;
    }
    push_literal(&mut pieces, rest);
    Template { pieces }
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.replace('\n', "\r\n").into_bytes()));
    }
}

fn keyword(name: &str) -> Keyword {
    match name {
        "branch" => Keyword::Branch(0),
        "call_id" => Keyword::CallId,
        "cseq+1" => Keyword::CSeq(1),
        "last_cseq_number" => Keyword::LastCSeqNumber(0),
        "last_Request_URI" => Keyword::LastRequestUri,
        "local_ip" => Keyword::LocalIp,
        "local_port" => Keyword::LocalPort(0),
        "next_url" => Keyword::NextUrl,
        "routes" => Keyword::Routes,
        "transport" => Keyword::Transport,
        header => Keyword::Last {
            name: header.trim_start_matches("last_").trim_end_matches(':').to_owned(),
            value_only: false,
        },
    }
}
