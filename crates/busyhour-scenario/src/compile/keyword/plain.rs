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
