//! Scenarios of one call with media, in the part of SIPp's language that both programs know.

/// One side of a call: what its session description says, and what it does while the call lasts.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// Transport and formats of `m=audio PORT …`.
    pub(super) media: String,
    /// The port in it.
    pub(super) port: String,
    /// Further lines of the description.
    pub(super) attributes: Vec<String>,
    /// Steps after the ACK.
    pub(super) steps: String,
    /// Steps of a callee between BYE and its answer.
    pub(super) last: String,
}

impl Default for Side {
    fn default() -> Side {
        Side {
            media: "RTP/AVP 0 8 9 101".to_owned(),
            port: "[rtpstream_audio_port]".to_owned(),
            attributes: vec!["a=rtpmap:101 telephone-event/8000".to_owned()],
            steps: String::new(),
            last: String::new(),
        }
    }
}

impl Side {
    /// A side that does this.
    pub(super) fn that(steps: &[&str]) -> Side {
        Side { steps: steps.concat(), ..Side::default() }
    }

    /// Does this before it answers the BYE.
    pub(super) fn at_the_end(mut self, steps: &[&str]) -> Side {
        self.last = steps.concat();
        self
    }

    /// The scenario of the side that calls: it does its steps and hangs up.
    pub(super) fn caller(&self) -> String {
        let request = |method: &str, number: u8, to: &str, body: &str| {
            format!(
                "{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n\
                 Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
                 From: caller <sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n\
                 To: callee <sip:[service]@[remote_ip]:[remote_port]>{to}\n\
                 Call-ID: [call_id]\n\
                 CSeq: {number} {method}\n\
                 Contact: <sip:caller@[local_ip]:[local_port]>\n\
                 Max-Forwards: 70\n{body}"
            )
        };
        let (ack, bye) =
            (request("ACK", 1, "[peer_tag_param]", NO_BODY), request("BYE", 2, "[peer_tag_param]", NO_BODY));
        format!(
            "<scenario name=\"caller\">\n<send retrans=\"500\"><![CDATA[\n{}\n]]></send>\n\
             <recv response=\"100\" optional=\"true\"/>\n<recv response=\"180\" optional=\"true\"/>\n\
             <recv response=\"200\"/>\n<send><![CDATA[\n{ack}\n]]></send>\n{}\
             <send retrans=\"500\"><![CDATA[\n{bye}\n]]></send>\n<recv response=\"200\"/>\n</scenario>\n",
            request("INVITE", 1, "", &self.body()),
            self.steps,
        )
    }

    /// The scenario of the side that answers: it does its steps until the caller hangs up.
    pub(super) fn callee(&self) -> String {
        let response = |to: &str, body: &str| {
            format!(
                "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]{to}\n[last_Call-ID:]\n[last_CSeq:]\n\
                 Contact: <sip:callee@[local_ip]:[local_port]>\n{body}"
            )
        };
        format!(
            "<scenario name=\"callee\">\n<recv request=\"INVITE\"/>\n\
             <send retrans=\"500\"><![CDATA[\n{}\n]]></send>\n<recv request=\"ACK\"/>\n{}\
             <recv request=\"BYE\"/>\n{}<send><![CDATA[\n{}\n]]></send>\n</scenario>\n",
            response(";tag=[pid]a[call_number]", &self.body()),
            self.steps,
            self.last,
            response("", NO_BODY),
        )
    }

    fn body(&self) -> String {
        let attributes: String = self.attributes.iter().map(|line| format!("{line}\n")).collect();
        format!(
            "Content-Type: application/sdp\nContent-Length: [len]\n\n\
             v=0\no=- 1 1 IN IP[media_ip_type] [media_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n\
             m=audio {} {}\n{attributes}",
            self.port, self.media,
        )
    }
}

const NO_BODY: &str = "Content-Length: 0\n\n";

/// A step with one action.
pub(super) fn action(action: &str) -> String {
    format!("<nop><action>{action}</action></nop>\n")
}

/// `exec` with one attribute.
pub(super) fn exec(attribute: &str, value: &str) -> String {
    action(&format!("<exec {attribute}=\"{value}\"/>"))
}

/// A pause.
pub(super) fn pause(ms: u32) -> String {
    format!("<pause milliseconds=\"{ms}\"/>\n")
}

/// Waits until what streams has ended, 20 s at most.
pub(super) fn wait() -> String {
    action("<exec rtp_stream=\"wait\" timeout=\"20000\"/>")
}

/// A check of what was heard; only busyhour has it.
pub(super) fn claim(claims: &str) -> String {
    exec("rtp_assert", &claims.replace('<', "&lt;").replace('>', "&gt;"))
}

/// Writes the number of packets and the payload type heard into the log of actions.
pub(super) fn log_statistics() -> String {
    action("<rtp_stats assign_to=\"packets,type\"/><log message=\"heard [$packets] of [$type]\"/>")
}

/// Writes the digits heard into the log of actions.
pub(super) fn log_digits(payload_type: u8) -> String {
    action(&format!(
        "<rtp_dtmf assign_to=\"digits\" payload_type=\"{payload_type}\"/><log message=\"digits [$digits]\"/>"
    ))
}
