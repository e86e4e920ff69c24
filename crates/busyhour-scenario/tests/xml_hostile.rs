//! Texts made to hurt the reader: time and memory stay linear, findings stay few.

use std::time::{Duration, Instant};

use busyhour_scenario::diagnostic::render;
use busyhour_scenario::source::Source;
use busyhour_scenario::xml::parse;

/// Length of a hostile text in bytes.
const LENGTH: usize = 1024 * 1024;

/// Length of its variants inside an element or a value, where quadratic time would show as well.
const VARIANT_LENGTH: usize = 128 * 1024;

/// Generous even for a debug build on a loaded machine; quadratic time would be minutes.
const TIME_MAX: Duration = Duration::from_secs(20);

const PIECES: [&str; 52] = [
    "<",
    "&",
    ">",
    "\"",
    "'",
    "/",
    "=",
    "\\",
    "\\\"",
    "<a ",
    "<a>",
    "</",
    "</a",
    "</a>",
    "<a/>",
    "<!--",
    "--",
    "<!",
    "<!-",
    "<![CDATA[",
    "]]>",
    "<?",
    "<?x ",
    "<?xml ",
    "<!DOCTYPE ",
    "<!DOCTYPE [",
    "<!DOCTYPE '",
    "<a b=\"",
    "<a b='",
    "<a b=\"'",
    "<a b='\" c=\"'",
    "<a b=\"\n<a b='",
    "<a b=\\\"",
    "<a b",
    "<a b=",
    "<a b=c",
    "a=\"",
    "a='\" b=\"'",
    "&#",
    "&a",
    "&#1;",
    "< ",
    "<  /",
    "\n",
    "\t",
    "ü",
    "<ü",
    "\u{FEFF}",
    "\0",
    "\u{1b}[2J",
    "/ ",
    "<!DOCTYPE a \"<a>",
];

#[test]
fn repeated_pieces_cost_linear_time() {
    for piece in PIECES {
        for (before, after) in
            [("", ""), ("<s>", "</s>"), ("<s ", "/>"), ("<s a=\"", "\"/>"), ("<s a=\"", "\"x/>")]
        {
            let length = if before.is_empty() { LENGTH } else { VARIANT_LENGTH };
            let text = format!("{before}{}{after}", piece.repeat(length / piece.len()));
            check(&text, &format!("{before}{piece:?}…{after}"));
        }
    }
}

#[test]
fn many_attributes_cost_linear_time() {
    let text: String = (0..LENGTH / 12).map(|index| format!(" a{index}=\"{index}\"")).collect();
    check(&format!("<s{text}/>"), "attributes");
    check(&format!("<s{text} x/>"), "attributes of a broken tag");
}

fn check(text: &str, what: &str) {
    let start = Instant::now();
    let (_, diagnostics) = parse(text);
    if start.elapsed().as_millis() > 150 {
        eprintln!("SLOW {what} {:?}", start.elapsed());
    }
    let st2 = Instant::now();
    assert!(start.elapsed() < TIME_MAX, "{what}: {:?}", start.elapsed());
    assert!(diagnostics.len() <= 202, "{what}: {}", diagnostics.len());
    for diagnostic in &diagnostics {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{what}: {diagnostic:?}");
        assert!(diagnostic.message.len() < 500 && diagnostic.help.len() < 500, "{what}: {diagnostic:?}");
    }
    let few = &diagnostics[..diagnostics.len().min(3)];
    let shown = render(&Source::from_bytes("hostile", text.as_bytes()), few, false);
    if st2.elapsed().as_millis() > 150 {
        eprintln!("SLOWR {what} {:?}", st2.elapsed());
    }
    assert!(shown.len() < 10_000, "{what}: {}", shown.len());
}
