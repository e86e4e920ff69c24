//! Scenarios in tests: short ones, with the place of each expected finding marked by `§`.

use busyhour_scenario::program::{Action, Program, Recv, Scope, Send, StepKind, Variable};
use busyhour_scenario::source::Source;
use busyhour_scenario::template::{Keyword, Piece, Template};
use busyhour_scenario::{Loaded, Options, load};

/// Loads the text of a file called `test.xml`.
pub(crate) fn load_text(text: &str, options: &Options) -> Loaded {
    load(&Source::from_bytes("folder/test.xml", text.as_bytes()), options)
}

/// Puts steps into a scenario.
pub(crate) fn scenario(steps: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<scenario name=\"test\">\n{steps}\n</scenario>\n")
}

/// A send of a request with this text in its last header.
pub(crate) fn send(text: &str) -> String {
    format!("<send><![CDATA[\n  OPTIONS sip:a SIP/2.0\n  CSeq: 1 OPTIONS\n  Test: {text}\n]]></send>")
}

/// Codes and places (line, column) of the findings, by place.
pub(crate) fn findings(text: &str, options: &Options) -> Vec<(String, (usize, usize))> {
    let source = Source::from_bytes("folder/test.xml", text.as_bytes());
    let loaded = load(&source, options);
    let any_error = loaded.diagnostics.iter().any(|finding| finding.code.starts_with('E'));
    assert_eq!(loaded.program.is_none(), any_error, "{text}");
    let mut found = Vec::new();
    for finding in &loaded.diagnostics {
        assert!(source.text.get(finding.span.clone()).is_some(), "{finding:?} is outside of {text}");
        assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
        found.push((finding.code.to_owned(), source.place(finding.span.start)));
    }
    found
}

/// Asserts that a text whose places are marked by `§` gives exactly these codes at these places.
pub(crate) fn assert_findings(marked: &str, codes: &[&str], options: &Options) {
    let mut text = String::new();
    let mut places = Vec::new();
    for (i, part) in marked.split('§').enumerate() {
        if i > 0 {
            let line = text.matches('\n').count() + 1;
            let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            places.push((line, column));
        }
        text.push_str(part);
    }
    let expected: Vec<_> = codes.iter().map(|code| (*code).to_owned()).zip(places.iter().copied()).collect();
    assert_eq!(codes.len(), places.len(), "one § for each code: {marked}");
    assert_eq!(findings(&text, options), expected, "{text}");
}

/// The program of these steps, which must load without a finding.
pub(crate) fn program(steps: &str) -> Program {
    program_with(steps, &Options::default())
}

/// The program of these steps with options, which must load without a finding.
pub(crate) fn program_with(steps: &str, options: &Options) -> Program {
    let loaded = load_text(&scenario(steps), options);
    assert_eq!(loaded.diagnostics, [], "{steps}");
    loaded.program.unwrap()
}

/// The send at an index.
pub(crate) fn send_of(program: &Program, index: usize) -> &Send {
    match &program.steps[index].kind {
        StepKind::Send(send) => send,
        other => panic!("{other:?}"),
    }
}

/// The recv at an index.
pub(crate) fn recv_of(program: &Program, index: usize) -> &Recv {
    match &program.steps[index].kind {
        StepKind::Recv(recv) => recv,
        other => panic!("{other:?}"),
    }
}

/// A variable of the call.
pub(crate) fn call(slot: u16) -> Variable {
    Variable { scope: Scope::Call, slot }
}

/// The pieces behind `Test: ` in a message made by [`send`], without the blank line.
pub(crate) fn pieces(text: &str, options: &Options) -> Vec<Piece> {
    let steps = format!(
        "{}<nop><action><assign assign_to='n' value='1'/><trim assign_to='n'/></action></nop>",
        send(text)
    );
    let program = program_with(&steps, options);
    let mut pieces = send_of(&program, 0).template.pieces.clone();
    if let Piece::Literal(first) = &mut pieces[0] {
        let skip = first.windows(6).position(|window| window == b"Test: ").unwrap() + 6;
        first.drain(..skip);
    }
    if let Some(Piece::Literal(last)) = pieces.last_mut() {
        last.truncate(last.len() - 4);
    }
    pieces.retain(|piece| *piece != Piece::Literal(Vec::new()));
    pieces
}

/// The keyword that a text is.
pub(crate) fn keyword(text: &str) -> Keyword {
    match pieces(text, &Options::default()).as_slice() {
        [Piece::Keyword(keyword)] => keyword.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

/// A nop with these actions behind a send; its variables `a` and `b` are used elsewhere too.
pub(crate) fn steps(actions: &str) -> String {
    format!(
        "{}<nop><action><trim assign_to='a'/><trim assign_to='b'/></action></nop>\n<nop><action>{actions}</action></nop>\n\
         <Reference variables='a,b'/>",
        send("1")
    )
}

/// The actions of the nop of [`steps`].
pub(crate) fn actions(actions: &str) -> Vec<Action> {
    program(&steps(actions)).steps.pop().unwrap().actions
}

/// Asserts the codes of actions whose places are marked by `§`.
pub(crate) fn assert_actions(actions: &str, codes: &[&str]) {
    assert_findings(&scenario(&steps(actions)), codes, &Options::default());
}

/// What a text without keywords is compiled to.
pub(crate) fn literal(text: &str) -> Template {
    Template { pieces: vec![Piece::Literal(text.as_bytes().to_vec())] }
}

/// What a text that is one keyword is compiled to.
pub(crate) fn of(keyword: Keyword) -> Template {
    Template { pieces: vec![Piece::Keyword(keyword)] }
}
