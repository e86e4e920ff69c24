//! Expressions that need no general matcher: a row of characters, sets and their repetitions, in groups or not, of which
//! every repetition knows where it ends. Most expressions of scenarios are such, and the C library takes ten times as
//! long for them. Whatever is not surely of this kind is left to the C library; a property test compares the two.

use super::Groups;

/// Most single-character items of an expression.
const ITEMS_MAX: usize = 64;
/// Most optional groups: each doubles the ways to try.
const OPTIONAL_MAX: usize = 3;

/// The bytes that an item takes.
type Set = [u64; 4];

/// An expression of this kind.
#[derive(Debug)]
pub(super) struct Simple {
    parts: Vec<Part>,
    /// It begins with `^`.
    anchored: bool,
    /// Bytes that a match can begin with; `None`: it may be empty.
    first: Option<Set>,
}

/// Items that come together.
#[derive(Debug)]
struct Part {
    items: Vec<Item>,
    /// Number of the group that they are, 1 and up; 0: none.
    group: usize,
    /// `(…)?`.
    optional: bool,
}

/// One character, so many times.
#[derive(Debug, Clone)]
struct Item {
    set: Set,
    min: usize,
    max: usize,
}

impl Simple {
    /// Reads an expression; `None` if it is not surely of this kind.
    pub(super) fn new(source: &str) -> Option<Simple> {
        let (anchored, rest) = match source.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, source),
        };
        let parts = read(rest.as_bytes())?;
        let optional = parts.iter().filter(|part| part.optional).count();
        let items = parts.iter().map(|part| part.items.len()).sum::<usize>();
        if items == 0 || items > ITEMS_MAX || optional > OPTIONAL_MAX || !ends_are_known(&parts) {
            return None;
        }
        let (first, nullable) = first_of(&[], &parts);
        Some(Simple { parts, anchored, first: (!nullable).then_some(first) })
    }

    /// The leftmost-longest match and its groups. The text is ASCII without NUL.
    pub(super) fn captures(&self, text: &[u8], groups: &mut Groups) -> bool {
        *groups = Groups::default();
        let mut start = 0;
        loop {
            if let Some(first) = self.first.as_ref().filter(|_| !self.anchored) {
                match text[start..].iter().position(|&byte| has(first, byte)) {
                    Some(skipped) => start += skipped,
                    None => break,
                }
            }
            if let Some(end) = run(&self.parts, text, start, groups) {
                groups[0] = Some(start..end);
                return true;
            }
            start += 1;
            if self.anchored || start > text.len() {
                break;
            }
        }
        *groups = Groups::default();
        false
    }
}

/// Matches all parts from `at` on; of two ways the one that reaches farther, else the one with the earlier group. Without
/// a match, what is in `groups` means nothing.
fn run(parts: &[Part], text: &[u8], mut at: usize, groups: &mut Groups) -> Option<usize> {
    for (position, part) in parts.iter().enumerate() {
        if part.optional {
            return run_optional(part, &parts[position + 1..], text, at, groups);
        }
        let end = take(&part.items, text, at)?;
        if part.group > 0 {
            groups[part.group] = Some(at..end);
        }
        at = end;
    }
    Some(at)
}

fn run_optional(part: &Part, rest: &[Part], text: &[u8], at: usize, groups: &mut Groups) -> Option<usize> {
    let mut found = groups.clone();
    let with = take(&part.items, text, at).and_then(|end| {
        found[part.group] = Some(at..end);
        run(rest, text, end, &mut found)
    });
    let mut without_it = groups.clone();
    let without = run(rest, text, at, &mut without_it);
    if without > with {
        *groups = without_it;
        return without;
    }
    if with.is_some() {
        *groups = found;
    }
    with
}

/// Takes as much as each item can: what follows could not go on inside (see [`ends_are_known`]).
fn take(items: &[Item], text: &[u8], mut at: usize) -> Option<usize> {
    for item in items {
        let most = text.len().min(at.saturating_add(item.max));
        let taken = text[at..most].iter().take_while(|&&byte| has(&item.set, byte)).count();
        if taken < item.min {
            return None;
        }
        at += taken;
    }
    Some(at)
}

/// Whether every repetition must stop before what can follow it, so that taking all it can is the only way to the longest
/// match.
fn ends_are_known(parts: &[Part]) -> bool {
    parts.iter().enumerate().all(|(at, part)| {
        part.items.iter().enumerate().all(|(position, item)| {
            let (follows, _) = first_of(&part.items[position + 1..], &parts[at + 1..]);
            item.min == item.max || follows.iter().zip(&item.set).all(|(a, b)| a & b == 0)
        })
    })
}

/// The bytes that items and then parts can begin with, and whether they may be empty.
fn first_of(items: &[Item], parts: &[Part]) -> (Set, bool) {
    let mut first = Set::default();
    for item in items {
        unite(&mut first, &item.set);
        if item.min > 0 {
            return (first, false);
        }
    }
    for part in parts {
        let (of_part, nullable) = first_of(&part.items, &[]);
        unite(&mut first, &of_part);
        if !nullable && !part.optional {
            return (first, false);
        }
    }
    (first, true)
}

/// Reads the parts of an expression.
fn read(source: &[u8]) -> Option<Vec<Part>> {
    let mut parts = vec![Part { items: Vec::new(), group: 0, optional: false }];
    let (mut at, mut group, mut inside) = (0, 0, false);
    while let Some(&byte) = source.get(at) {
        at += 1;
        let set = match byte {
            b'(' if !inside => {
                group += 1;
                inside = true;
                parts.push(Part { items: Vec::new(), group, optional: false });
                continue;
            }
            b')' if inside => {
                inside = false;
                let last = parts.last_mut()?;
                // What an empty group, or one that is repeated, means is for the C library.
                if last.items.is_empty() || matches!(source.get(at), Some(b'*' | b'+' | b'{')) {
                    return None;
                }
                if source.get(at) == Some(&b'?') {
                    last.optional = true;
                    at += 1;
                    if matches!(source.get(at), Some(b'*' | b'+' | b'{' | b'?')) {
                        return None;
                    }
                }
                parts.push(Part { items: Vec::new(), group: 0, optional: false });
                continue;
            }
            b'[' => {
                let (set, end) = bracket(source, at)?;
                at = end;
                set
            }
            b'.' => [u64::MAX; 4],
            b'\\' => {
                let escaped = *source.get(at)?;
                at += 1;
                if !b".[]()*+?{}|^$\\/".contains(&escaped) {
                    return None;
                }
                only(escaped)
            }
            b'(' | b')' | b'*' | b'+' | b'?' | b'{' | b'}' | b'|' | b'^' | b'$' => return None,
            byte if byte.is_ascii() => only(byte),
            _ => return None,
        };
        let (min, max, end) = repetition(source, at)?;
        at = end;
        parts.last_mut()?.items.push(Item { set, min, max });
    }
    let groups = super::GROUPS;
    (!inside && group < groups).then(|| {
        parts.retain(|part| !part.items.is_empty());
        parts
    })
}

/// What stands behind an item: least, most, and the place behind it.
fn repetition(source: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let (min, max, end) = match source.get(at) {
        Some(b'*') => (0, usize::MAX, at + 1),
        Some(b'+') => (1, usize::MAX, at + 1),
        Some(b'?') => (0, 1, at + 1),
        Some(b'{') => {
            let length = source[at + 1..].iter().position(|&byte| byte == b'}')?;
            let inside = std::str::from_utf8(&source[at + 1..at + 1 + length]).ok()?;
            let number = |text: &str| {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse::<usize>().ok().filter(|&number| digits && number <= 255)
            };
            let (min, max) = match inside.split_once(',') {
                None => (number(inside)?, number(inside)?),
                Some((min, "")) => (number(min)?, usize::MAX),
                Some((min, max)) => (number(min)?, number(max)?),
            };
            (min, max, at + length + 2)
        }
        _ => (1, 1, at),
    };
    let again = matches!(source.get(end), Some(b'*' | b'+' | b'?' | b'{')) && end > at;
    (min <= max && max > 0 && !again).then_some((min, max, end))
}

/// Reads a set whose content starts at `at`; also gives the place behind it.
fn bracket(source: &[u8], mut at: usize) -> Option<(Set, usize)> {
    type Member = fn(&u8) -> bool;
    const CLASSES: [(&str, Member); 9] = [
        ("[:alnum:]", u8::is_ascii_alphanumeric),
        ("[:alpha:]", u8::is_ascii_alphabetic),
        ("[:digit:]", u8::is_ascii_digit),
        ("[:upper:]", u8::is_ascii_uppercase),
        ("[:lower:]", u8::is_ascii_lowercase),
        ("[:xdigit:]", u8::is_ascii_hexdigit),
        ("[:punct:]", u8::is_ascii_punctuation),
        ("[:blank:]", |byte| matches!(byte, b' ' | b'\t')),
        ("[:space:]", |byte| byte.is_ascii_whitespace() || *byte == 0x0b),
    ];
    let negated = source.get(at) == Some(&b'^');
    at += usize::from(negated);
    let mut set = Set::default();
    let start = at;
    loop {
        let low = *source.get(at)?;
        if low == b']' && at > start {
            break;
        }
        if low == b'[' && matches!(source.get(at + 1), Some(b':' | b'.' | b'=')) {
            let (name, member) =
                CLASSES.iter().find(|(name, _)| source[at..].starts_with(name.as_bytes()))?;
            (0..128u8).filter(member).for_each(|byte| unite(&mut set, &only(byte)));
            at += name.len();
            if source.get(at) == Some(&b'-') && source.get(at + 1) != Some(&b']') {
                return None;
            }
            continue;
        }
        let is_range =
            source.get(at + 1) == Some(&b'-') && source.get(at + 2).is_some_and(|&byte| byte != b']');
        let high = if is_range { source[at + 2] } else { low };
        if !low.is_ascii() || !high.is_ascii() || high < low || (is_range && (high == b'[' || low == b'-')) {
            return None;
        }
        (low..=high).for_each(|byte| unite(&mut set, &only(byte)));
        at += if is_range { 3 } else { 1 };
        // `a-c-e` is nobody's business.
        if is_range && source.get(at) == Some(&b'-') && source.get(at + 1) != Some(&b']') {
            return None;
        }
    }
    if negated {
        set = set.map(|bits| !bits);
    }
    Some((set, at + 1))
}

fn only(byte: u8) -> Set {
    let mut set = Set::default();
    set[usize::from(byte >> 6)] = 1 << (byte & 63);
    set
}

fn has(set: &Set, byte: u8) -> bool {
    set[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
}

fn unite(set: &mut Set, other: &Set) {
    set.iter_mut().zip(other).for_each(|(bits, more)| *bits |= more);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Pattern, Regex};
    use super::*;

    #[test]
    fn knows_what_is_of_its_kind() {
        for source in [
            r"[0-9]{1,3}\.[0-9]{1,3}:[0-9]+",
            "sip:([^@>]*@)?([^;>]+)",
            "tag=([[:alnum:]-]+)",
            ".*",
            "^[0-9.]+",
            "m=audio ([0-9]+) RTP/AVP",
        ] {
            assert!(Simple::new(source).is_some(), "{source}");
        }
        for source in
            ["a|b", "a*ab", "(a)*", "(a(b))", "a$", r"\d+", "a**", "[[.a.]]", ".*x", "()", "é+", "a{0}"]
        {
            assert!(Simple::new(source).is_none(), "{source}");
        }
    }

    /// Expressions of the kind, and others that look like it.
    fn expression() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "a",
            "b",
            ":",
            "@",
            r"\.",
            ".",
            "[ab]",
            "[^ab]",
            "[^@>]",
            "[a-c]",
            "[[:alnum:]]",
            "[]a]",
            "[^]a]",
            "[a-]",
        ]);
        let repeated = prop::sample::select(vec!["", "", "", "*", "+", "?", "{1,2}", "{2}", "{1,}"]);
        let row = prop::collection::vec((atom, repeated), 0..4).prop_map(|items| {
            items.into_iter().map(|(atom, times)| format!("{atom}{times}")).collect::<String>()
        });
        let part = prop_oneof![
            row.clone(),
            row.clone().prop_map(|row| format!("({row})")),
            row.prop_map(|row| format!("({row})?")),
        ];
        let start = prop::sample::select(vec!["", "", "^"]);
        (start, prop::collection::vec(part, 1..4))
            .prop_map(|(start, parts)| format!("{start}{}", parts.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn finds_what_the_c_library_finds(source in expression(), text in "[abc:@.>\\] \n]{0,12}") {
            if let (Some(simple), Ok(pattern)) = (Simple::new(&source), Pattern::new(&source)) {
                let (mut own, mut theirs) = (Groups::default(), Groups::default());
                let mut library = Regex::new(&pattern).unwrap();
                library.simple = None;
                let matched = simple.captures(text.as_bytes(), &mut own);
                prop_assert_eq!(matched, library.captures(text.as_bytes(), &mut theirs), "{} in {:?}", &source, &text);
                prop_assert_eq!(own, theirs, "{} in {:?}", source, text);
            }
        }
    }
}
