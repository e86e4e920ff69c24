//! Ports, each test on a loopback address of its own so that no other has them.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::*;

/// An address for a test of this process.
fn address(test: u8) -> IpAddr {
    let pid = std::process::id();
    Ipv4Addr::new(127, 64 + (pid >> 8) as u8 % 64, pid as u8, test).into()
}

fn options(test: u8, port_max: u16) -> MediaOptions {
    MediaOptions { ip: address(test), port_min: 21_001, port_max, ..MediaOptions::default() }
}

fn ports(test: u8, port_max: u16) -> MediaPorts {
    MediaPorts::new(options(test, port_max))
}

#[test]
fn ports_are_even_and_follow_each_other_and_are_all_given_out() {
    let ports = ports(1, 21_010);
    let taken: Vec<_> = (0..5).map(|_| ports.take().unwrap()).collect();
    assert_eq!(
        taken.iter().map(|port| port.port).collect::<Vec<_>>(),
        [21_002, 21_004, 21_006, 21_008, 21_010]
    );
    assert_eq!(taken.iter().map(|port| port.id).collect::<HashSet<_>>().len(), 5);
    assert_eq!((ports.in_use(), ports.sockets()), (5, 10));
    let text = ports.take().unwrap_err().text;
    for word in ["21001", "21010", "of 5 even ports", "this run's calls have 5", "-l"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    ports.give_back(taken[3].id);
    ports.give_back(taken[1].id);
    // Too early, but there are no others; the one that rests the longest comes first.
    assert_eq!(ports.take().unwrap(), taken[3]);
    assert_eq!(ports.take().unwrap(), taken[1]);
    assert!(ports.take().is_err());
}

#[test]
fn trying_takes_nothing() {
    let ports = ports(15, 21_010);
    ports.try_one().unwrap();
    assert_eq!((ports.in_use(), ports.sockets()), (0, 0));
    assert_eq!(ports.take().unwrap().port, 21_002);
    let elsewhere = MediaPorts::new(MediaOptions { ip: [192, 0, 2, 1].into(), ..options(15, 21_010) });
    let text = elsewhere.try_one().unwrap_err().text;
    assert!(text.contains("192.0.2.1") && text.contains("mend -mi"), "{text}");
}

#[test]
fn a_port_rests_while_there_are_others() {
    let ports = ports(2, 21_010);
    let first = ports.take().unwrap();
    ports.give_back(first.id);
    assert_eq!(ports.take().unwrap().port, 21_004);
    let mut table = PortTable::new(ports.options());
    let now = Instant::now();
    let options = options(3, 21_010);
    let first = table.take(&options, now).unwrap();
    table.give_back(first.id, now);
    assert_eq!(table.take(&options, now + Duration::from_secs(3)).unwrap(), first);
}

#[test]
fn what_others_have_is_skipped() {
    let ports = ports(4, 21_010);
    let others: Vec<_> =
        [21_002, 21_005, 21_008].map(|port| UdpSocket::bind((address(4), port)).unwrap()).into();
    assert_eq!(ports.take().unwrap().port, 21_006, "21004 has no RTCP port");
    assert_eq!(ports.take().unwrap().port, 21_010);
    let text = ports.take().unwrap_err().text;
    assert!(text.contains("this run's calls have 2, other programs the rest"), "{text}");
    drop(others);
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(ports.take().unwrap().port, 21_002);
}

#[test]
fn without_rtcp_a_pair_is_one_socket() {
    let ports = MediaPorts::new(MediaOptions { rtcp: false, ..options(5, 21_010) });
    let _other = UdpSocket::bind((address(5), 21_003)).unwrap();
    assert_eq!(ports.take().unwrap().port, 21_002);
    assert_eq!(ports.sockets(), 1);
}

#[test]
fn a_shared_port_is_counted_and_then_free_for_others() {
    let ports = ports(6, 21_010);
    let one = ports.take_at(21_003).unwrap();
    let two = ports.take_at(21_003).unwrap();
    assert_eq!((one, ports.users(one.id)), (two, 2));
    let text = ports.take_at(21_004).unwrap_err().text;
    assert!(text.contains("RTCP of the port before"), "{text}");
    assert_eq!(ports.take().unwrap().port, 21_006, "21002 would have RTCP on 21003");
    ports.give_back(one.id);
    assert_eq!((ports.users(one.id), ports.in_use()), (1, 2));
    ports.give_back(one.id);
    ports.give_back(one.id);
    assert_eq!((ports.users(one.id), ports.in_use()), (0, 1));
    assert!(ports.pair(one.id).is_none(), "nobody has it");
    assert_eq!(ports.take_at(21_003).unwrap(), one);
    let own = ports.take().unwrap();
    let text = ports.take_at(own.port).unwrap_err().text;
    assert!(text.contains("another call's own") && text.contains("-min_rtp_port 21001"), "{text}");
    assert!(ports.take_at(0).is_err());
}

#[test]
fn a_shared_port_goes_without_rtcp_if_it_must() {
    let ports = ports(7, 21_010);
    let _other = UdpSocket::bind((address(7), 21_003)).unwrap();
    let port = ports.take_at(21_002).unwrap();
    assert!(ports.pair(port.id).unwrap().rtcp_port().is_none());
    assert_eq!(ports.take_at(65_535).unwrap().port, 65_535);
    let _third = UdpSocket::bind((address(7), 21_006)).unwrap();
    let text = ports.take_at(21_006).unwrap_err().text;
    assert!(text.contains("21006") && text.contains("another program has it"), "{text}");
}

#[test]
fn shared_ports_move_up_as_one() {
    let ports = ports(8, 21_100);
    let _other = UdpSocket::bind((address(8), 21_004)).unwrap();
    let shared = ports.open_shared(21_002, &[0, 2]).unwrap();
    assert_eq!(shared.base, 21_006);
    assert_eq!(shared.pairs.iter().map(|pair| pair.port).collect::<Vec<_>>(), [21_006, 21_008]);
    assert_eq!(ports.sockets(), 4, "what was tried in vain is closed");
    let second = MediaPorts::new(options(8, 21_100)).open_shared(21_002, &[0, 2]).unwrap();
    assert_eq!(second.base, 21_010, "another run on this host");
    let call = ports.take_at(21_006).unwrap();
    assert_eq!(call.id, shared.pairs[0].id);
    ports.give_back(call.id);
    assert_eq!(ports.users(call.id), 1, "held for the whole run");
    let next: Vec<_> = (0..2).map(|_| ports.take().unwrap().port).collect();
    assert_eq!(next, [21_002, 21_010], "21004 is another program's");
}

#[test]
fn shared_ports_are_not_searched_for_ever() {
    let ports = ports(9, 21_004);
    let _others: Vec<_> = [21_002, 21_005].map(|port| UdpSocket::bind((address(9), port)).unwrap()).into();
    let text = ports.open_shared(21_002, &[0]).unwrap_err().text;
    assert!(text.contains("21002 to 21004") && text.contains("-mp"), "{text}");
    assert!(ports.open_shared(65_535, &[0, 2]).is_err());
}

#[test]
fn an_address_of_nobody_is_said_at_once() {
    // A documentation address (RFC 5737).
    let ports = MediaPorts::new(MediaOptions { ip: [192, 0, 2, 1].into(), ..options(10, 30_000) });
    for text in [ports.take().unwrap_err().text, ports.open_shared(21_002, &[0, 2]).unwrap_err().text] {
        assert!(text.contains("192.0.2.1") && text.contains("-mi"), "{text}");
    }
}

#[test]
fn no_range_gives_no_port() {
    for (port_min, port_max) in [(9000, 8000), (9001, 9001), (65_535, 65_535)] {
        let ports = MediaPorts::new(MediaOptions { port_min, port_max, ..options(11, 0) });
        let text = ports.take().unwrap_err().text;
        assert!(text.contains(&port_min.to_string()) && text.contains("wider"), "{text}");
    }
    assert_eq!(MediaPorts::new(MediaOptions { port_min: 0, ..options(11, 9) }).options().first_even(), 2);
}

#[test]
fn what_came_for_the_last_call_is_not_heard_by_the_next() {
    let ports = ports(12, 21_002);
    let client = UdpSocket::bind((address(12), 0)).unwrap();
    let port = ports.take().unwrap();
    ports.give_back(port.id);
    for _ in 0..50 {
        client.send_to(b"late", (address(12), port.port)).unwrap();
    }
    assert_eq!(ports.take().unwrap(), port);
    let pair = ports.pair(port.id).unwrap();
    let nothing = sys::throw_away(pair.inlet(false).unwrap()).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn surplus_pairs_are_closed() {
    let ports = ports(13, 30_000);
    let taken: Vec<_> = (0..1500).map(|_| ports.take().unwrap()).collect();
    assert_eq!(ports.sockets(), 3000);
    taken.iter().for_each(|port| ports.give_back(port.id));
    assert_eq!((ports.in_use(), ports.sockets()), (0, 2 * 1024));
}
