//! Addresses: what the user typed, what the resolver makes of it, and which local address leads there.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Port of SIP where none is typed.
pub(crate) const SIP_PORT: u16 = 5060;

/// A host as typed, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// Name or address, without brackets.
    pub(crate) name: String,
    /// Port, if one was typed.
    pub(crate) port: Option<u16>,
}

impl Host {
    /// Takes `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address apart. The error is for a person.
    pub(crate) fn parse(text: &str) -> Result<Host, String> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let Some((name, after)) = rest.split_once(']') else {
                return Err(format!("\"{text}\" has no ] after its IPv6 address. Write it like [::1]:5060."));
            };
            match (after, after.strip_prefix(':')) {
                ("", _) => (name, None),
                (_, Some(port)) => (name, Some(port)),
                _ => {
                    return Err(format!(
                        "\"{text}\": a port stands behind the ] after a colon, like [::1]:5060."
                    ));
                }
            }
        } else {
            match text.split_once(':') {
                Some((_, after)) if after.contains(':') => (text, None),
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            }
        };
        if name.is_empty() {
            return Err(format!(
                "\"{text}\" names no host. Write it like 192.0.2.1:5060 or pbx.example.com."
            ));
        }
        let port = port
            .map(|port| {
                port.parse::<u16>()
                    .ok()
                    .filter(|number| *number != 0)
                    .ok_or_else(|| format!("\"{port}\" in \"{text}\" is not a port (1 to 65535)."))
            })
            .transpose()?;
        Ok(Host { name: name.to_owned(), port })
    }

    /// Asks the resolver, and takes the first address, of the family of `like` if there is one. The error is for a
    /// person.
    pub(crate) fn resolve(&self, default_port: u16, like: Option<IpAddr>) -> Result<SocketAddr, String> {
        let port = self.port.unwrap_or(default_port);
        let addresses = (self.name.as_str(), port).to_socket_addrs().map_err(|error| {
            format!("Unknown remote host '{}': {error}. Check the name, or give an address.", self.name)
        })?;
        let addresses: Vec<SocketAddr> = addresses.collect();
        let preferred =
            addresses.iter().find(|address| like.is_none_or(|like| like.is_ipv4() == address.is_ipv4()));
        preferred.or(addresses.first()).copied().ok_or_else(|| {
            format!("Unknown remote host '{}': the resolver knows no address of it.", self.name)
        })
    }
}

/// The local address that a packet to `remote` would carry; asks the kernel, sends nothing.
pub(crate) fn local_address_towards(remote: SocketAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = unspecified(remote.ip());
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}

/// The address of this machine when there is no target to ask for: that of its default route, or else loopback.
pub(crate) fn default_local_address() -> IpAddr {
    // A documentation address (RFC 5737): connecting a datagram socket sends nothing.
    let anywhere = SocketAddr::from(([192, 0, 2, 1], SIP_PORT));
    local_address_towards(anywhere).unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

/// "All addresses" of the same family.
pub(crate) fn unspecified(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { IpAddr::from([0, 0, 0, 0]) } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<(String, Option<u16>)> {
        Host::parse(text).ok().map(|host| (host.name, host.port))
    }

    #[test]
    fn forms_of_hosts() {
        assert_eq!(host("pbx"), Some(("pbx".into(), None)));
        assert_eq!(host("pbx:5070"), Some(("pbx".into(), Some(5070))));
        assert_eq!(host("::1"), Some(("::1".into(), None)));
        assert_eq!(host("[::1]"), Some(("::1".into(), None)));
        assert_eq!(host("[::1]:5070"), Some(("::1".into(), Some(5070))));
        for bad in ["", ":5060", "pbx:", "pbx:x", "pbx:0", "pbx:70000", "[::1", "[::1]5060", "[]:1"] {
            assert_eq!(host(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn addresses_resolve_to_themselves() {
        let resolved = Host::parse("127.0.0.1").and_then(|host| host.resolve(SIP_PORT, None));
        assert_eq!(resolved, Ok(SocketAddr::from(([127, 0, 0, 1], 5060))));
        let resolved = Host::parse("[::1]:7").and_then(|host| host.resolve(SIP_PORT, None));
        assert_eq!(resolved.map(|address| address.port()), Ok(7));
    }

    #[test]
    fn loopback_is_reached_from_loopback() {
        let local = local_address_towards(SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(local.ok(), Some(IpAddr::from([127, 0, 0, 1])));
    }
}
