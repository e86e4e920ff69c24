//! What the peer knows of its dialogs, and the messages it makes from that.

/// A message that arrived, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    text: String,
}

impl Received {
    /// A message with these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Received {
        Received { text: String::from_utf8_lossy(bytes).into_owned() }
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The method of a request, the status code of a response.
    pub(crate) fn kind(&self) -> &str {
        let words = self.text.strip_prefix("SIP/2.0 ").unwrap_or(&self.text);
        words.split([' ', '\r']).next().unwrap_or_default()
    }

    /// Whether it is a request.
    pub(crate) fn is_request(&self) -> bool {
        !self.text.starts_with("SIP/2.0 ")
    }

    /// The Request-URI.
    pub(crate) fn uri(&self) -> &str {
        self.text.split(' ').nth(1).unwrap_or_default()
    }

    /// Text after the first blank line.
    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// The first header of that name, without blanks around it; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers(name).first().copied().unwrap_or_default()
    }

    /// All headers of that name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let headers = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        headers
            .filter(|(found, _)| found.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }
}

/// One dialog, from the peer's side.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    local: String,
    remote: String,
    target: String,
    cseq: u32,
    invite_cseq: u32,
    branch: String,
}

impl Dialog {
    /// A dialog that the peer opens with the program on `port`.
    pub(crate) fn opened(name: &str, number: usize, peer: u16, port: u16) -> Dialog {
        Dialog {
            call_id: format!("{name}-{number}@peer"),
            local: format!("Peer <sip:peer@127.0.0.1:{peer}>;tag=from-{name}-{number}"),
            remote: format!("<sip:service@127.0.0.1:{port}>"),
            target: format!("sip:service@127.0.0.1:{port}"),
            cseq: 0,
            invite_cseq: 0,
            branch: String::new(),
        }
    }

    /// The dialog that a received request opens.
    pub(crate) fn accepted(request: &Received) -> Dialog {
        let mut dialog = Dialog {
            call_id: request.header("Call-ID").to_owned(),
            local: with_tag(request.header("To")),
            remote: request.header("From").to_owned(),
            target: inside_brackets(request.header("From")).to_owned(),
            cseq: 100,
            invite_cseq: 0,
            branch: String::new(),
        };
        dialog.learn(request);
        dialog
    }

    /// Takes the remote target and tag from a message.
    pub(crate) fn learn(&mut self, message: &Received) {
        let contact = message.header("Contact");
        if !contact.is_empty() {
            self.target = inside_brackets(contact).to_owned();
        }
        if !message.is_request() && message.header("To").contains(";tag=") && !self.remote.contains(";tag=") {
            self.remote = message.header("To").to_owned();
        }
    }

    /// The start line and usual headers of a request, without Content-Length.
    pub(crate) fn request(&mut self, method: &str, via: &str, number: u32, peer: u16) -> Vec<String> {
        match method {
            "ACK" => self.branch = format!("z9hG4bK-peer-{number}"),
            "CANCEL" => {}
            _ => {
                self.cseq += 1;
                self.branch = format!("z9hG4bK-peer-{number}");
            }
        }
        if method == "INVITE" {
            self.invite_cseq = self.cseq;
        }
        let cseq = if method == "ACK" { self.invite_cseq } else { self.cseq };
        vec![
            format!("{method} {} SIP/2.0", self.target),
            format!("Via: SIP/2.0/{via} 127.0.0.1:{peer};branch={}", self.branch),
            format!("From: {}", self.local),
            format!("To: {}", self.remote),
            format!("Call-ID: {}", self.call_id),
            format!("CSeq: {cseq} {method}"),
            format!("Contact: <sip:peer@127.0.0.1:{peer}>"),
            "Max-Forwards: 70".to_owned(),
        ]
    }
}

/// The start line and usual headers of a response, without Content-Length.
pub(crate) fn response(status: &str, request: &Received, peer: u16) -> Vec<String> {
    let to = request.header("To");
    let to = if status.starts_with("100") { to.to_owned() } else { with_tag(to) };
    let mut lines = vec![format!("SIP/2.0 {status}")];
    lines.extend(request.headers("Via").iter().map(|via| format!("Via: {via}")));
    lines.push(format!("From: {}", request.header("From")));
    lines.push(format!("To: {to}"));
    lines.push(format!("Call-ID: {}", request.header("Call-ID")));
    lines.push(format!("CSeq: {}", request.header("CSeq")));
    lines.push(format!("Contact: <sip:peer@127.0.0.1:{peer}>"));
    lines
}

/// Puts own headers and a body into a message, and says how long the body is.
pub(crate) fn complete(mut lines: Vec<String>, own: &[String]) -> String {
    let (headers, body) = match own.iter().position(String::is_empty) {
        Some(blank) => (&own[..blank], own[blank + 1..].iter().map(|line| format!("{line}\r\n")).collect()),
        None => (own, String::new()),
    };
    let usual = lines.len();
    let mut replaced: Vec<String> = Vec::new();
    for header in headers {
        if let Some(name) = header.strip_prefix('-') {
            lines.retain(|line| !has_name(line, name));
            continue;
        }
        let name = header.split(':').next().unwrap_or_default().to_owned();
        let place =
            lines.iter().take(usual).position(|line| !header.starts_with(' ') && has_name(line, &name));
        match place {
            Some(place) if !replaced.contains(&name) => {
                lines[place].clone_from(header);
                replaced.push(name);
            }
            _ => lines.push(header.clone()),
        }
    }
    if !lines.iter().any(|line| has_name(line, "Content-Length") || has_name(line, "l")) {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

fn has_name(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name))
}

fn with_tag(to: &str) -> String {
    if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag=peer") }
}

fn inside_brackets(address: &str) -> &str {
    let inside = address.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(address, |(uri, _)| uri)
}
