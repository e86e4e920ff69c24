//! Keywords with a fixed name, and the offsets behind them (spec-scenario §4.2, §5).

use crate::template::Keyword;

/// The keyword of that name.
pub(super) fn fixed(name: &str, offset: i32) -> Option<Keyword> {
    Some(match name {
        "remote_ip" => Keyword::RemoteIp,
        "remote_host" => Keyword::RemoteHost,
        "remote_port" => Keyword::RemotePort(offset),
        "local_ip" => Keyword::LocalIp,
        "local_ip_type" => Keyword::LocalIpType,
        "local_port" => Keyword::LocalPort(offset),
        "server_ip" => Keyword::ServerIp,
        "transport" => Keyword::Transport,
        "media_ip" => Keyword::MediaIp,
        "media_ip_type" => Keyword::MediaIpType,
        "media_port" => Keyword::MediaPort(offset, None),
        "auto_media_port" => Keyword::AutoMediaPort(offset, None),
        "call_id" => Keyword::CallId,
        "call_number" => Keyword::CallNumber,
        "cseq" => Keyword::CSeq(offset),
        "last_cseq_number" => Keyword::LastCSeqNumber(offset),
        "branch" => Keyword::Branch(offset),
        "msg_index" => Keyword::MsgIndex,
        "pid" => Keyword::Pid,
        "service" => Keyword::Service,
        "len" => Keyword::Len(offset),
        "peer_tag_param" => Keyword::PeerTagParam,
        "last_message" => Keyword::LastMessage,
        "last_Request_URI" => Keyword::LastRequestUri,
        "next_url" => Keyword::NextUrl,
        "routes" => Keyword::Routes,
        "timestamp" => Keyword::Timestamp,
        "date" => Keyword::Date,
        "clock_tick" => Keyword::ClockTick,
        "dynamic_id" => Keyword::DynamicId,
        "users" => Keyword::Users,
        "userid" => Keyword::UserId,
        "sipp_version" => Keyword::SippVersion,
        _ => return None,
    })
}

/// True for a keyword of RTP or SRTP, without its offset: they load, and a message that holds one is not sent yet.
pub(super) fn is_media(name: &str) -> bool {
    const SUITES: &[&str] = &["aescm128", "aescm192", "aescm256", "null"];
    if matches!(name, "rtpstream_audio_port" | "rtpstream_video_port") {
        return true;
    }
    // All others name a line of the offer and a medium: …1audio, …2video.
    let medium = name.strip_suffix("audio").or_else(|| name.strip_suffix("video"));
    let Some(name) = medium.and_then(|name| name.strip_suffix(['1', '2'])) else { return false };
    if matches!(name, "cryptotag" | "cryptokeyparams") {
        return true;
    }
    let Some(suite) = name.strip_suffix("sha180").or_else(|| name.strip_suffix("sha132")) else {
        return false;
    };
    match suite.strip_prefix("cryptosuite") {
        Some(suite) => SUITES.contains(&suite),
        None => suite == "ueaescm128",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_keywords_are_known_by_suite_line_and_medium() {
        for known in [
            "rtpstream_audio_port",
            "cryptotag1audio",
            "cryptokeyparams2video",
            "cryptosuiteaescm128sha1801audio",
            "cryptosuiteaescm256sha1322video",
            "cryptosuitenullsha1321audio",
            "ueaescm128sha1802audio",
        ] {
            assert!(is_media(known), "{known}");
        }
        for unknown in [
            "rtpstream_audio_portx",
            "cryptotag3audio",
            "cryptotag1text",
            "cryptosuiteaescm128sha180audio",
            "cryptosuiteaescm64sha1801audio",
            "ueaescm256sha1801audio",
            "ueaescm128sha180audio",
            "audio",
            "",
        ] {
            assert!(!is_media(unknown), "{unknown}");
        }
    }
}
