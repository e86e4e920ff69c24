//! Options: addresses and sockets.

use super::super::row::{Category, Row, Takes};
use super::super::words::{fill, transport};
use super::works;

/// The rows. Their conversions keep the bounds, which fit into the target type.
pub(super) static ROWS: &[Row] = {
    use Category::*;
    use Takes::{Integer, Nothing, Text};
    &[
        works(
            &["t"],
            Text("MODE", transport),
            Network,
            "u1: UDP, one port for all calls (default). un: UDP, a socket for each call. t1: TCP, one connection. \
             tn: TCP, a connection for each call.",
        ),
        works(
            &["i"],
            Text("ADDRESS", |o, v| fill(&mut o.local_ip, v)),
            Network,
            "Local address: bound, and written into messages. Default: the one that the route to the target has.",
        ),
        works(
            &["p"],
            Integer("PORT", (0, 65_535), |o, v| o.port = Some(v as u16)),
            Network,
            "Local port. Default: the first free one from 5060 to 5119, else any.",
        ),
        works(
            &["bind_local"],
            Nothing(|o| o.bind_local = true),
            Network,
            "Bind to the detected local address too, not to all addresses.",
        ),
        works(
            &["rsa"],
            Text("HOST[:PORT]", |o, v| fill(&mut o.send_to, v)),
            Network,
            "Send everything to this address instead of the target, which stays in the messages.",
        ),
        works(
            &["max_socket"],
            Integer("N", (1, 4_000_000), |o, v| o.sockets_max = Some(v as u32)),
            Network,
            "Most call sockets open at a time with -t un and tn; further calls share them. Default 50000.",
        ),
        works(
            &["buff_size"],
            Integer("BYTES", (0, 1 << 30), |o, v| o.buffer_bytes = Some(v as u32)),
            Network,
            "Send and receive buffer of each socket. Default: as much as the system grants.",
        ),
        works(
            &["skip_rlimit"],
            Nothing(|o| o.skip_descriptor_limit = true),
            Network,
            "Leave the limit of open files as it is. Otherwise it is raised as far as allowed.",
        ),
    ]
};
