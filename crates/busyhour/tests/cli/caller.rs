//! A caller with media, and its run against `busyhour sipp -sn uas`.

use std::fs;
use std::path::Path;

use crate::program::{Outcome, free_port, sipp_in, start_sipp_in, wait_for_port};

/// The port of a session description that makes the call open one of its own.
pub(crate) const OWN_PORT: &str = "[rtpstream_audio_port]";

/// A call of a second's length whose session description names this port, and which acts so once it is answered.
pub(crate) fn caller(port: &str, actions: &str) -> String {
    let request = |method: &str, cseq: u8, to: &str, body: &str| {
        format!(
            "{method} sip:x@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:a@[local_ip]>;tag=[pid]-[call_number]
To: <sip:x@[remote_ip]>{to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:a@[local_ip]:[local_port]>
{body}"
        )
    };
    let sdp = format!(
        "Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [media_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio {port} RTP/AVP 0 8
"
    );
    let empty = "Content-Length: 0\n\n";
    format!(
        "<scenario name=\"caller\">
<send retrans=\"500\"><![CDATA[
{}
]]></send>
<recv response=\"180\" optional=\"true\"/>
<recv response=\"200\"/>
<send><![CDATA[
{}
]]></send>
<nop><action>{actions}</action></nop>
<pause milliseconds=\"1000\"/>
<send retrans=\"500\"><![CDATA[
{}
]]></send>
<recv response=\"200\"/>
</scenario>
",
        request("INVITE", 1, "", &sdp),
        request("ACK", 1, "[peer_tag_param]", empty),
        request("BYE", 2, "[peer_tag_param]", empty),
    )
}

/// A folder with the scenario `x.xml`.
pub(crate) fn folder_with(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.xml"), scenario).unwrap();
    folder
}

/// Runs `x.xml` against a server with these options each; what both leave behind.
pub(crate) fn against_uas(
    folder: &Path,
    caller_options: &str,
    uas_options: &str,
    calls: u32,
) -> (Outcome, Outcome) {
    let port = free_port();
    let line = format!("-sn uas -i 127.0.0.1 -p {port} -m {calls} -timeout 30 {uas_options}");
    let server = start_sipp_in(folder, &line);
    wait_for_port(port);
    let line =
        format!("-sf x.xml 127.0.0.1:{port} -i 127.0.0.1 -m {calls} -r 20 -timeout 20 {caller_options}");
    let client = sipp_in(folder, &line);
    (client, server.wait())
}
