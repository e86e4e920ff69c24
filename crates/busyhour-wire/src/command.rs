//! Commands of a third-party call control between two processes (spec-engine §12.3): headers without a start line, and
//! one byte that ends each on its stream.

/// Ends a command on its stream. (ASCII ESC.)
pub const COMMAND_END: u8 = 0x1b;

/// Longest command, without its end mark.
pub const COMMAND_BYTES_MAX: usize = 65_536;

/// Value of the first header `Call-ID` or `i` of a command, in any case; nothing if it is absent or empty. Blanks
/// behind the value belong to it, as SIPp has it.
pub fn command_call_id(command: &[u8]) -> Option<&[u8]> {
    command.split(|&byte| byte == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = line[..colon].trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"call-id") && !name.eq_ignore_ascii_case(b"i") {
            return None;
        }
        let value = line[colon + 1..].trim_ascii_start();
        Some(value.strip_suffix(b"\r").unwrap_or(value)).filter(|id| !id.is_empty())
    })
}

/// Cuts a stream of bytes into commands. Memory: at most [`COMMAND_BYTES_MAX`] and what is pushed at a time.
#[derive(Debug, Default)]
pub struct CommandFramer {
    /// The beginning of a command whose end has not come.
    begun: Vec<u8>,
    /// It was too long: the rest up to its end is passed over.
    passes_over: bool,
}

impl CommandFramer {
    /// Takes bytes as they come, and gives each command that they complete to `take`: up to its first NUL, without its
    /// end mark, and never empty. Returns how many commands were dropped because they were longer than
    /// [`COMMAND_BYTES_MAX`].
    pub fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) -> u64 {
        let mut dropped = 0;
        while let Some(end) = memchr::memchr(COMMAND_END, bytes) {
            dropped += u64::from(self.add(&bytes[..end]));
            if !self.passes_over {
                let text = match memchr::memchr(0, &self.begun) {
                    Some(nul) => &self.begun[..nul],
                    None => &self.begun,
                };
                if !text.is_empty() {
                    take(text);
                }
            }
            self.passes_over = false;
            self.begun.clear();
            bytes = &bytes[end + 1..];
        }
        dropped + u64::from(self.add(bytes))
    }

    /// Adds a part of a command. True if that makes it too long.
    fn add(&mut self, part: &[u8]) -> bool {
        if self.passes_over {
            return false;
        }
        if self.begun.len() + part.len() > COMMAND_BYTES_MAX {
            self.passes_over = true;
            self.begun = Vec::new();
            return true;
        }
        self.begun.extend_from_slice(part);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(parts: &[&[u8]]) -> (Vec<String>, u64) {
        let mut framer = CommandFramer::default();
        let mut commands = Vec::new();
        let mut dropped = 0;
        for part in parts {
            dropped +=
                framer.push(part, |command| commands.push(String::from_utf8_lossy(command).into_owned()));
        }
        (commands, dropped)
    }

    #[test]
    fn commands_end_with_one_byte_wherever_the_segments_end() {
        let stream = b"i: 1\r\n\x1bi: 2\r\nbody\x1b\x1bi: 3\x00rest\x1bi: 4";
        let whole = framed(&[stream]);
        assert_eq!(whole, (["i: 1\r\n", "i: 2\r\nbody", "i: 3"].map(str::to_owned).to_vec(), 0));
        for size in 1..stream.len() {
            let parts: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(framed(&parts), whole, "{size} bytes at a time");
        }
    }

    #[test]
    fn a_command_that_is_too_long_is_dropped_and_the_next_is_read() {
        let longest = vec![b'a'; COMMAND_BYTES_MAX];
        let (commands, dropped) = framed(&[&longest, b"\x1bi: 2\x1b"]);
        assert_eq!((commands.len(), commands[0].len(), dropped), (2, COMMAND_BYTES_MAX, 0));
        let (commands, dropped) = framed(&[&longest, b"b", b"more", b"\x1bi: 2\x1b"]);
        assert_eq!((commands, dropped), (vec!["i: 2".to_owned()], 1));
    }

    #[test]
    fn a_call_id_is_found_without_a_start_line_in_any_form() {
        let found =
            |text: &str| command_call_id(text.as_bytes()).map(|id| String::from_utf8_lossy(id).into_owned());
        for text in [
            "Call-ID: a@b\r\nContent-Type: x\r\n\r\n",
            "call-id:a@b",
            "CALL-ID :  a@b\n",
            "From: m\r\ni: a@b\r\n",
            "From: m\r\nI\t:a@b\r\nCall-ID: second\r\n",
            "INVITE sip:x SIP/2.0\r\nCall-ID: a@b\r\n\r\n",
        ] {
            assert_eq!(found(text).as_deref(), Some("a@b"), "{text:?}");
        }
        assert_eq!(found("i: a \r\n").as_deref(), Some("a "));
        for text in ["", "\r\n", "Call-ID\r\n", "Call-ID:\r\n", "X-Call-ID: a\r\n", "ii: a", "\u{0}"] {
            assert_eq!(found(text), None, "{text:?}");
        }
    }
}
