//! Whether a digest response is right, computed anew from what stands in it (RFC 7616 §3.4).

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use crate::dialog::Received;

/// Says whether the credentials of a request are those of a user with that password.
pub(crate) fn verdict(request: &Received, username: &str, password: &str) -> String {
    let header = ["Authorization", "Proxy-Authorization"].map(|name| request.header(name)).concat();
    let Some(credentials) = header.strip_prefix("Digest ") else { return "no credentials".to_owned() };
    let value = |name: &str| {
        let found = parameters(credentials).into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).unwrap_or_default()
    };
    let algorithm = value("algorithm").to_uppercase();
    let hash = |text: &str| match algorithm.trim_end_matches("-SESS") {
        "SHA-256" => hexadecimal(&Sha256::digest(text)),
        "SHA-512-256" => hexadecimal(&Sha512_256::digest(text)),
        _ => hexadecimal(&Md5::digest(text)),
    };
    let mut secret = hash(&format!("{username}:{}:{password}", value("realm")));
    if algorithm.ends_with("-SESS") {
        secret = hash(&format!("{secret}:{}:{}", value("nonce"), value("cnonce")));
    }
    let qop = value("qop");
    let mut what = format!("{}:{}", request.kind(), value("uri"));
    if qop == "auth-int" {
        what = format!("{what}:{}", hash(request.body()));
    }
    let what = hash(&what);
    let between = match qop.as_str() {
        "" => value("nonce"),
        qop => format!("{}:{}:{}:{qop}", value("nonce"), value("nc"), value("cnonce")),
    };
    let right =
        value("response") == hash(&format!("{secret}:{between}:{what}")) && value("username") == username;
    format!("credentials of {username}: {}", if right { "right" } else { "wrong" })
}

/// Parameters of a header, without the quotes of their values.
fn parameters(text: &str) -> Vec<(&str, String)> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some((name, value)) = rest.split_once('=') {
        let quoted = value.strip_prefix('"').and_then(|value| value.split_once('"'));
        let (value, after) = quoted.unwrap_or_else(|| value.split_once(',').unwrap_or((value, "")));
        parameters.push((name.trim(), value.to_owned()));
        rest = after.trim_start_matches([',', ' ']);
    }
    parameters
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
