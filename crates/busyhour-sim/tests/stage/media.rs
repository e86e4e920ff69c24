//! Session descriptions, and runs with media.

use std::sync::Arc;

use busyhour_engine::Settings;
use busyhour_engine::settings::MediaSettings;
use busyhour_sim::SimPorts;

/// A `<send>` with a body.
pub(crate) fn send_sdp(start: &str, headers: &str, sdp: &[&str], actions: &str) -> String {
    format!(
        "<send><![CDATA[\n{start}\n{headers}\nContact: <sip:us@[local_ip]:[local_port]>\n\
         Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\no=- 1 1 IN IP4 [local_ip]\ns=-\n\
         c=IN IP[media_ip_type] [media_ip]\nt=0 0\n{}\n]]>{actions}</send>",
        sdp.join("\n")
    )
}

pub(crate) fn invite(sdp: &[&str]) -> String {
    request_with("INVITE", sdp, "")
}

pub(crate) fn request_with(method: &str, sdp: &[&str], actions: &str) -> String {
    let headers = format!(
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
         From: <sip:a@[local_ip]>;tag=A[call_number]\nTo: <sip:b@[remote_ip]>[peer_tag_param]\n\
         Call-ID: [call_id]\nCSeq: [cseq] {method}"
    );
    send_sdp(&format!("{method} sip:b@[remote_ip]:[remote_port] SIP/2.0"), &headers, sdp, actions)
}

pub(crate) fn answer(sdp: &[&str]) -> String {
    let headers = "[last_Via:]\n[last_From:]\n[last_To:];tag=S\n[last_Call-ID:]\n[last_CSeq:]";
    send_sdp("SIP/2.0 200 OK", headers, sdp, "")
}

/// The same message with a session description.
pub(crate) fn with_sdp(message: &str, sdp: &str) -> String {
    let body = format!("v=0\r\no=- 1 1 IN IP4 10.0.1.1\r\ns=-\r\n{}", sdp.replace('\n', "\r\n"));
    let length = format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n", body.len());
    message.replace("Content-Length: 0\r\n\r\n", &length) + &body
}

pub(crate) fn with_media(settings: &mut Settings) -> Arc<SimPorts> {
    let ports = Arc::new(SimPorts::default());
    settings.media =
        Some(MediaSettings { ports: Arc::<SimPorts>::clone(&ports), ..MediaSettings::default() });
    settings.media_ip = [10, 0, 0, 1].into();
    ports
}
