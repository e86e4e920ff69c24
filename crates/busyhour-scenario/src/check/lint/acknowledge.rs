//! The CSeq of requests, and what ties ACK and CANCEL to their INVITE: its CSeq number, and for a CANCEL or the ACK of a
//! refusal its branch (RFC 3261 §9.1, §13.2.2.4, §17.1.1.3).

use std::collections::BTreeSet;
use std::ops::Range;

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::graph;
use crate::check::lint::message::Message;
use crate::check::lint::scene::Scene;
use crate::program::{DialogSlot, Expect, Send, SendStart, StepKind};

/// More INVITEs than so many, of which each may be the last one, are not looked at.
const FACTS_MAX: usize = 64;

/// Reports wrong methods, numbers and branches in requests of a scenario.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for (index, step) in scene.steps.iter().enumerate() {
        if let (Some(message), Some(method)) = (&step.message, method_of(scene, index)) {
            cseq_method(message, method, findings);
        }
    }
    let dialogs: BTreeSet<DialogSlot> = scene
        .steps
        .iter()
        .enumerate()
        .filter(|(index, _)| matches!(method_of(scene, *index), Some("ACK" | "CANCEL")))
        .map(|(_, step)| step.step.dialog)
        .collect();
    for dialog in dialogs {
        tied_requests(scene, dialog, findings);
    }
}

/// An INVITE that may be the last one of its dialog, and what came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    invite: usize,
    /// Another request, not an ACK or CANCEL, was sent in between.
    other_sent: bool,
    answer: Answer,
}

/// The INVITEs that may be the last ones; some are missing if there are more than [`FACTS_MAX`].
#[derive(Debug, Clone, Default)]
struct Facts(BTreeSet<Fact>);

impl graph::Fact for Facts {
    fn join(&mut self, more: &Facts) -> bool {
        let length = self.0.len();
        if length <= FACTS_MAX {
            self.0.extend(&more.0);
        }
        self.0.len() > length
    }

    fn weight(&self) -> usize {
        self.0.len()
    }
}

/// The last final response to an INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    None,
    Success,
    Refusal,
    /// It cannot be told, or not to which request it is one.
    Unknown,
}

fn tied_requests(scene: &Scene<'_>, dialog: DialogSlot, findings: &mut Findings) {
    let Some(graph) = &scene.graph else { return };
    let known = graph.flow(Facts::default(), |index, before| Facts(after(scene, dialog, index, &before.0)));
    let Some(known) = known else { return };
    for (index, step) in scene.steps.iter().enumerate() {
        let Some(method @ ("ACK" | "CANCEL")) = method_of(scene, index) else { continue };
        let (Some(message), Some(Facts(facts))) = (&step.message, &known[index]) else { continue };
        let named = matches!(&step.step.kind, StepKind::Send(send) if send.ack_transaction.is_some());
        // Several INVITEs may be open at a time where transactions have names.
        if step.step.dialog != dialog || facts.is_empty() || facts.len() > FACTS_MAX || named {
            continue;
        }
        // A CANCEL may be for another request that was sent since.
        let is_for_invite = |fact: &Fact| method == "ACK" || !fact.other_sent;
        if facts.iter().all(|fact| is_for_invite(fact) && number_is_wrong(scene, fact, message)) {
            report_number(scene, facts, method, message, findings);
        }
        let same_branch =
            |fact: &Fact| is_for_invite(fact) && (method == "CANCEL" || fact.answer == Answer::Refusal);
        if facts.iter().all(|fact| same_branch(fact) && branch_is_wrong(scene, fact, index, message)) {
            report_branch(scene, facts, index, method, message, findings);
        }
    }
}

/// What is known behind a step that was executed or took a message.
fn after(scene: &Scene<'_>, dialog: DialogSlot, index: usize, before: &BTreeSet<Fact>) -> BTreeSet<Fact> {
    let Some(step) = scene.steps.get(index).map(|step| step.step).filter(|step| step.dialog == dialog) else {
        return before.clone();
    };
    match &step.kind {
        StepKind::Send(Send { start: SendStart::Request(method), .. }) => match method.as_str() {
            "INVITE" => BTreeSet::from([Fact { invite: index, other_sent: false, answer: Answer::None }]),
            "ACK" | "CANCEL" => before.clone(),
            _ => before.iter().map(|fact| Fact { other_sent: true, ..*fact }).collect(),
        },
        StepKind::Recv(recv) => {
            let answer = match recv.expect {
                Expect::Response(..200) => return before.clone(),
                Expect::Response(200..300) => Answer::Success,
                Expect::Response(_) => Answer::Refusal,
                Expect::ResponseMatching(_) => Answer::Unknown,
                _ => return before.clone(),
            };
            let answered = |fact: &Fact| match (recv.response_transaction, fact.other_sent) {
                (Some(_), _) | (None, true) => Answer::Unknown,
                (None, false) => answer,
            };
            before.iter().map(|fact| Fact { answer: answered(fact), ..*fact }).collect()
        }
        _ => before.clone(),
    }
}

fn method_of<'a>(scene: &Scene<'a>, index: usize) -> Option<&'a str> {
    match &scene.steps.get(index)?.step.kind {
        StepKind::Send(Send { start: SendStart::Request(method), .. }) => Some(method),
        _ => None,
    }
}

/// Where the number and the method of a CSeq header stand.
fn cseq(message: &Message) -> Option<(Range<usize>, Range<usize>)> {
    let value = message.header("CSeq", "CSeq")?;
    let text = message.get(value.clone());
    let (number, method) = text.rsplit_once([' ', '\t'])?;
    let number = number.trim_end();
    Some((value.start..value.start + number.len(), value.end - method.len()..value.end))
}

fn cseq_method(message: &Message, method: &str, findings: &mut Findings) {
    let Some((_, place)) = cseq(message) else { return };
    let found = message.get(place.clone());
    if found == method || found.contains(['[', ']']) {
        return;
    }
    findings.add(
        codes::CSEQ_METHOD,
        message.span(place),
        format!("the CSeq of this {method} names the method '{found}'"),
        "not the method of the start line",
        format!("write {method}"),
    );
}

/// The number of a CSeq header.
#[derive(Debug, PartialEq, Eq)]
enum Number {
    Literal(u32),
    /// `[cseq]`, with its offset.
    Counter(i64),
}

fn number(message: &Message) -> Option<(Number, Range<usize>)> {
    let (place, _) = cseq(message)?;
    let text = message.get(place.clone());
    if let Ok(literal) = text.parse() {
        return Some((Number::Literal(literal), place));
    }
    let offset = text.strip_prefix("[cseq")?.strip_suffix(']')?;
    Some((Number::Counter(offset_of(offset)?), place))
}

fn offset_of(offset: &str) -> Option<i64> {
    match offset {
        "" => Some(0),
        offset => offset.strip_prefix('+').unwrap_or(offset).parse().ok(),
    }
}

fn number_is_wrong(scene: &Scene<'_>, fact: &Fact, message: &Message) -> bool {
    let invite = scene.steps[fact.invite].message.as_ref().and_then(number);
    match (invite, number(message)) {
        (Some((Number::Literal(invite), _)), Some((Number::Literal(own), _))) => invite != own,
        // The counter only rises: by one with each other request, and by requests that are received.
        (Some((Number::Counter(invite), _)), Some((Number::Counter(own), _))) => {
            own > invite || (fact.other_sent && own == invite)
        }
        _ => false,
    }
}

fn report_number(
    scene: &Scene<'_>,
    facts: &BTreeSet<Fact>,
    method: &str,
    message: &Message,
    findings: &mut Findings,
) {
    let Some((own, place)) = number(message) else { return };
    let invite =
        facts.iter().next().and_then(|fact| scene.steps[fact.invite].message.as_ref().and_then(number));
    let help = match (invite, own) {
        (Some((Number::Literal(invite), _)), _) => format!("write CSeq: {invite} {method}"),
        (_, Number::Counter(own)) if facts.iter().all(|fact| fact.other_sent) && own == 0 => {
            format!(
                "the requests sent since have raised [cseq]: write [cseq-N] {method} with their number for N"
            )
        }
        _ => format!("write the number that the INVITE has, for example CSeq: [cseq] {method}"),
    };
    findings.add(
        codes::CSEQ_NUMBER,
        message.span(place),
        format!("the CSeq number of this {method} is not that of its INVITE"),
        "belongs to no INVITE",
        help,
    );
}

/// The branch of a top Via: literal text, with the step's index where `[branch]` gives it.
fn branch(message: &Message, index: usize) -> Option<(String, Range<usize>)> {
    /// Keywords that stay the same in a call.
    const CONSTANT: &[&str] = &["call_number", "pid", "call_id", "service", "local_ip", "users", "userid"];
    let via = message.header("Via", "v").filter(|_| !message.has_line("last_Via"))?;
    let text = message.get(via.clone());
    let at = text.to_ascii_lowercase().find(";branch=")? + ";branch=".len();
    let end = text[at..].find([';', ',', ' ']).map_or(text.len(), |length| at + length);
    let place = via.start + at..via.start + end;
    let mut branch = String::new();
    let mut rest = &text[at..end];
    while let Some(open) = rest.find('[') {
        let close = open + rest[open..].find(']')?;
        let keyword = &rest[open + 1..close];
        branch.push_str(&rest[..open]);
        if let Some(offset) = keyword.strip_prefix("branch") {
            let step = i64::try_from(index).ok()?.checked_add(offset_of(offset)?)?;
            branch.push_str(&format!("[branch {step}]"));
        } else if CONSTANT.contains(&keyword) {
            branch.push_str(&format!("[{keyword}]"));
        } else {
            return None;
        }
        rest = &rest[close + 1..];
    }
    branch.push_str(rest);
    Some((branch, place))
}

fn branch_is_wrong(scene: &Scene<'_>, fact: &Fact, index: usize, message: &Message) -> bool {
    let invite = scene.steps[fact.invite].message.as_ref().and_then(|invite| branch(invite, fact.invite));
    matches!((invite, branch(message, index)), (Some((invite, _)), Some((own, _))) if invite != own)
}

fn report_branch(
    scene: &Scene<'_>,
    facts: &BTreeSet<Fact>,
    index: usize,
    method: &str,
    message: &Message,
    findings: &mut Findings,
) {
    let Some((_, place)) = branch(message, index) else { return };
    let invite = facts.iter().next().map_or(0, |fact| fact.invite);
    let text = scene.steps[invite]
        .message
        .as_ref()
        .and_then(|text| Some(text.get(branch(text, invite)?.1).to_owned()));
    let help = match text.as_deref() {
        Some("[branch]") if facts.len() == 1 && index > invite => {
            format!(
                "write branch=[branch-{}], which is the branch of the INVITE {} steps before",
                index - invite,
                index - invite
            )
        }
        _ => "write the branch that the INVITE has".to_owned(),
    };
    let what = match method {
        "CANCEL" => "a CANCEL",
        _ => "the ACK for a refusal",
    };
    findings.add(
        codes::BRANCH,
        message.span(place),
        format!("{what} belongs to the INVITE's transaction, but its branch is another one"),
        "not the INVITE's branch",
        help,
    );
}
