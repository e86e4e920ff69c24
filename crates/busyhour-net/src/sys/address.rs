//! Socket addresses as the kernel wants them.

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for an address of either family.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union RawAddress {
    family: libc::sa_family_t,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl RawAddress {
    /// Bytes there are for an address.
    pub(super) const LEN: libc::socklen_t = mem::size_of::<RawAddress>() as libc::socklen_t;

    /// No address.
    pub(super) fn empty() -> RawAddress {
        // SAFETY: all fields are plain integers and arrays of integers, for which zero bytes are valid.
        unsafe { mem::zeroed() }
    }

    /// Writes `address`; says how many bytes count.
    pub(super) fn set(&mut self, address: SocketAddr) -> libc::socklen_t {
        match address {
            SocketAddr::V4(v4) => {
                self.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: v4.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                    sin_zero: [0; 8],
                };
                mem::size_of::<libc::sockaddr_in>() as libc::socklen_t
            }
            SocketAddr::V6(v6) => {
                self.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: v6.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                    sin6_scope_id: v6.scope_id(),
                };
                mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t
            }
        }
    }

    /// Reads the address of which the kernel wrote `len` bytes.
    pub(super) fn get(&self, len: libc::socklen_t) -> Option<SocketAddr> {
        // SAFETY: the union was zeroed when made and only ever holds whole addresses or what the kernel wrote; every
        // field is made of integers, so any bytes are valid for each.
        unsafe {
            match i32::from(self.family) {
                libc::AF_INET if len as usize >= mem::size_of::<libc::sockaddr_in>() => {
                    let ip = Ipv4Addr::from(self.v4.sin_addr.s_addr.to_ne_bytes());
                    Some(SocketAddrV4::new(ip, u16::from_be(self.v4.sin_port)).into())
                }
                libc::AF_INET6 if len as usize >= mem::size_of::<libc::sockaddr_in6>() => {
                    let ip = Ipv6Addr::from(self.v6.sin6_addr.s6_addr);
                    let port = u16::from_be(self.v6.sin6_port);
                    Some(SocketAddrV6::new(ip, port, self.v6.sin6_flowinfo, self.v6.sin6_scope_id).into())
                }
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_round_trip() {
        for text in ["127.0.0.1:5060", "[::1]:65535", "[fe80::1%3]:7", "255.255.255.255:1"] {
            let address: SocketAddr = text.parse().unwrap();
            let mut raw = RawAddress::empty();
            let len = raw.set(address);
            assert_eq!(raw.get(len), Some(address));
            assert_eq!(raw.get(len - 1), None);
        }
        assert_eq!(RawAddress::empty().get(RawAddress::LEN), None);
    }
}
