//! Where media sockets are.

use std::net::IpAddr;

/// Which local ports media have.
#[derive(Debug, Clone)]
pub struct MediaOptions {
    /// Local address of media (`-mi`); the unspecified one of a family for all interfaces.
    pub ip: IpAddr,
    /// First RTP port (`-min_rtp_port`, `-mp`). RTP of calls' own ports is on even ones (RFC 3550 §11).
    pub port_min: u16,
    /// Last RTP port (`-max_rtp_port`). RTCP is on the port after RTP's, even after this one's.
    pub port_max: u16,
    /// Send and receive buffer of a call's own sockets (`-rtp_buffsize`), bytes. Ports that several calls share have
    /// at least 8 MiB and 2 MiB, or as much as the system allows.
    pub buffer_bytes: usize,
    /// Open an RTCP port beside each RTP port (not with `-no_rtcp`). Without, what is RTCP leaves from the RTP port.
    pub rtcp: bool,
}

impl Default for MediaOptions {
    /// Any address of IPv4 with SIPp's ports and buffers.
    fn default() -> MediaOptions {
        MediaOptions {
            ip: IpAddr::from([0, 0, 0, 0]),
            port_min: 6000,
            port_max: u16::MAX,
            buffer_bytes: 65_536,
            rtcp: true,
        }
    }
}

impl MediaOptions {
    /// First port that RTP of calls may have.
    pub(super) fn first_even(&self) -> u32 {
        u32::from(self.port_min.max(1)).next_multiple_of(2)
    }

    /// How many RTP ports there are for calls' own use.
    pub(super) fn pairs(&self) -> u32 {
        (u32::from(self.port_max) + 2).saturating_sub(self.first_even()) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_ports_of_a_range_are_counted() {
        let pairs =
            |port_min, port_max| MediaOptions { port_min, port_max, ..MediaOptions::default() }.pairs();
        assert_eq!(pairs(6000, 6000), 1);
        assert_eq!(pairs(6000, 6001), 1);
        assert_eq!(pairs(6001, 6001), 0);
        assert_eq!(pairs(6001, 6004), 2);
        assert_eq!(pairs(6000, 65_535), 29_768);
        assert_eq!(pairs(0, 65_535), 32_767);
        assert_eq!(pairs(65_535, 65_535), 0);
        assert_eq!(pairs(9000, 8000), 0);
    }
}
