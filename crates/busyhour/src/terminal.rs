//! What we print, and whether it may hold colours.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};

/// Prints on stdout. Whoever reads it may stop early (`sipp -h | head`), and a lost terminal ends no run.
pub(crate) fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// True if the stream is a terminal and its user has not asked for text only: `NO_COLOR` set to anything but nothing
/// (no-color.org).
pub(crate) fn takes_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && !refuses_colour(std::env::var_os("NO_COLOR").as_deref())
}

fn refuses_colour(no_color: Option<&OsStr>) -> bool {
    no_color.is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_refuses_but_an_empty_one() {
        let refuses = |value: &str| refuses_colour(Some(OsStr::new(value)));
        assert!(refuses("1") && refuses("0"));
        assert!(!refuses("") && !refuses_colour(None));
    }
}
