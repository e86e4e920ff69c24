//! `[len]` and Content-Length that do not fit the body.

use std::ops::Range;

use crate::check::findings::Findings;
use crate::check::lint::blank_line::{lone_keyword, may_be_empty};
use crate::check::lint::codes;
use crate::check::lint::message::{KeywordText, Message, keywords};
use crate::check::lint::scene::{Scene, StepScene, actions_of};
use crate::syntax::located::Located;
use crate::syntax::names;

/// Reports `[len]` where it does not become the length of a body, and literal lengths that are wrong.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.steps {
        if let Some(message) = &step.message {
            len_twice(message, findings);
            overwriting_len(message, findings);
            literal_length(message, findings);
        }
    }
    let actions = scene.steps.iter().flat_map(StepScene::actions);
    for action in actions.chain(scene.init.iter().flat_map(|step| actions_of(step))) {
        let texts = names::texts_of_action(&action.name).iter();
        for attribute in texts.filter_map(|name| action.attribute(name)) {
            let text = Located::from_attribute(&scene.source.text, attribute);
            if let Some(len) = keywords(&text).into_iter().find(|keyword| is_len(&keyword.text)) {
                findings.add(
                    codes::LEN_WRONG,
                    text.span(len.range),
                    "[len] has no body to count in an action's text: it becomes 0, and SIPp cuts the text off behind it",
                    "not the length of anything",
                    "remove it",
                );
            }
        }
    }
}

fn len_twice(message: &Message, findings: &mut Findings) {
    let mut all: Vec<_> = message.keywords().into_iter().filter(|keyword| is_len(&keyword.text)).collect();
    all.pop();
    for len in all {
        findings.add(
            codes::LEN_WRONG,
            message.span(len.range),
            "only the last [len] of a message is filled in; this one stays blank",
            "becomes five blanks",
            "write [len] once, in Content-Length",
        );
    }
}

/// Where there is no body, SIPp before 3.8 writes a blank line and a NUL behind the length, whatever stands there.
fn overwriting_len(message: &Message, findings: &mut Findings) {
    let keywords = message.keywords();
    let Some(len) = keywords.iter().rfind(|keyword| is_len(&keyword.text)) else { return };
    let headers = message.get(0..message.body().start);
    let brings_body = |keyword: &KeywordText| may_bring_body(&keyword.text, &headers[keyword.range.end..]);
    if !message.body().is_empty() || has_line_ends(headers) || keywords.iter().any(brings_body) {
        return;
    }
    let mut lines = headers[len.range.end..].split("\r\n").filter(|line| !line.is_empty());
    // Content-Length is the last header in effect where these are empty.
    let Some(line) = lines.find(|line| !lone_keyword(line).is_some_and(may_be_empty)) else { return };
    let name = line.split(':').next().unwrap_or_default().trim();
    findings.add(
        codes::LEN_OVERWRITES,
        message.span(len.range.clone()),
        format!(
            "the body is empty: SIPp before 3.8 writes a blank line and a NUL over the start of '{name}'"
        ),
        "not at the end of the last header",
        "make this header the last one, or write 0 in place of [len]",
    );
}

/// True for a keyword that may bring the end of the headers and a body along: its value is not known, and nothing follows
/// it on its line.
fn may_bring_body(keyword: &str, behind: &str) -> bool {
    if !behind.starts_with("\r\n") {
        return false;
    }
    match keyword.split([' ', '+', '-']).next().unwrap_or_default() {
        "last_message" | "file" | "fill" => true,
        name if name.starts_with("last_") => false,
        name => name.starts_with("field") || !names::KEYWORDS.contains(&name),
    }
}

/// True if escapes may be line ends, which the lines of a text do not show.
fn has_line_ends(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("\\x0a") || text.contains("\\xa")
}

fn literal_length(message: &Message, findings: &mut Findings) {
    let Some(value) = message.header("Content-Length", "l") else { return };
    let text = message.get(value.clone());
    let Ok(declared) = text.parse::<usize>() else { return };
    let body = message.body();
    let (exact, least) = lengths(message, &body);
    let wrong = match exact {
        Some(length) => declared != length,
        None => declared < least,
    };
    if !wrong {
        return;
    }
    let has = match exact {
        Some(length) => format!("the body has {length} bytes"),
        None => format!("the body has at least {least} bytes"),
    };
    findings.add(
        codes::CONTENT_LENGTH,
        message.span(value),
        format!("Content-Length is {declared}, but {has}"),
        "not the body's length",
        "write Content-Length: [len]",
    );
}

/// The length of a part of the text if it has no keywords, and the number of bytes that are there in any case: white space
/// may go with an empty keyword, and an escape is one byte.
fn lengths(message: &Message, range: &Range<usize>) -> (Option<usize>, usize) {
    let text = message.get(range.clone());
    let mut length = 0;
    let mut visible = 0;
    let mut at = range.start;
    let mut has_keywords = false;
    for keyword in message.keywords().into_iter().filter(|keyword| keyword.range.start >= range.start) {
        has_keywords = true;
        visible +=
            message.get(at..keyword.range.start).bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
        at = keyword.range.end;
    }
    let mut rest = text.as_bytes();
    visible += message.get(at..range.end).bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    // Counted as they are written, escapes are longer than the bytes they become.
    let mut escaped = 0;
    while let Some((first, others)) = rest.split_first() {
        let digits = others.strip_prefix(b"x").filter(|_| *first == b'\\');
        let digits = digits
            .map_or(0, |digits| digits.iter().take(2).take_while(|digit| digit.is_ascii_hexdigit()).count());
        let taken = if digits == 0 { 1 } else { digits + 2 };
        escaped += taken - 1;
        length += 1;
        rest = &rest[taken..];
    }
    ((!has_keywords).then_some(length), visible.saturating_sub(escaped))
}

fn is_len(keyword: &str) -> bool {
    keyword.strip_prefix("len").is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-']))
}
