//! A received message.

/// A view of one received SIP message (RFC 3261 §7).
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    start: Start<'a>,
    call_id: &'a [u8],
    cseq_number: Option<u32>,
    cseq_method: &'a [u8],
    top_branch: Option<&'a [u8]>,
    to: Option<&'a [u8]>,
    to_tag: Option<&'a [u8]>,
    body_start: usize,
}

/// The start line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request: method and Request-URI.
    Request { method: &'a [u8], uri: &'a [u8] },
    /// A response with its status code; 0 if that is not a number of three digits.
    Response { code: u16 },
}

/// Why bytes are not a SIP message that belongs to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// Exactly CRLFCRLF or four NULs: a keep-alive, to be ignored silently.
    KeepAlive,
    /// `SIP/2.0` occurs nowhere.
    NotSip,
    /// No Call-ID header.
    NoCallId,
    /// A request line without a blank, an empty method, or one of 64 characters and more.
    BadStartLine,
}

impl<'a> Message<'a> {
    /// Reads a message in one pass.
    ///
    /// # Errors
    /// When the bytes cannot belong to a call; see [`ParseError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, ParseError> {
        let _ = bytes;
        unimplemented!()
    }

    /// The start line.
    pub fn start(&self) -> Start<'a> {
        self.start
    }

    /// Status code of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { code } => Some(code),
            Start::Request { .. } => None,
        }
    }

    /// Method of a request.
    pub fn method(&self) -> Option<&'a [u8]> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// All bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Value of Call-ID, from the first character that is not blank up to the line end (trailing blanks included:
    /// spec-engine §3.1).
    pub fn call_id(&self) -> &'a [u8] {
        self.call_id
    }

    /// Number of CSeq.
    pub fn cseq_number(&self) -> Option<u32> {
        self.cseq_number
    }

    /// Method of CSeq; empty if absent.
    pub fn cseq_method(&self) -> &'a [u8] {
        self.cseq_method
    }

    /// The branch parameter of the first Via value.
    pub fn top_branch(&self) -> Option<&'a [u8]> {
        self.top_branch
    }

    /// Value of To.
    pub fn to(&self) -> Option<&'a [u8]> {
        self.to
    }

    /// Tag of To.
    pub fn to_tag(&self) -> Option<&'a [u8]> {
        self.to_tag
    }

    /// All lines up to and without the blank line.
    pub fn head(&self) -> &'a [u8] {
        &self.bytes[..self.body_start]
    }

    /// Everything after the first CRLFCRLF; empty if there is none.
    pub fn body(&self) -> &'a [u8] {
        &self.bytes[self.body_start..]
    }

    /// Values of all headers of this name (any case; the compact form is found by the long name), in order, trimmed of
    /// blanks at both ends, a folded value as it stands. A comma list in one header is one item.
    pub fn header<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let _ = name;
        std::iter::empty()
    }
}

/// Finds the value of Call-ID without reading the rest: for a worker that only asks whose message it is.
pub fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    let _ = bytes;
    unimplemented!()
}
