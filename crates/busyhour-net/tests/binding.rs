//! Opening the main sockets.

use std::net::{TcpListener, UdpSocket};

use busyhour_engine::Protocol;
use busyhour_net::{BindOptions, bind};

fn options(protocol: Protocol, workers: usize, port: Option<u16>) -> BindOptions {
    BindOptions { ip: [127, 0, 0, 1].into(), port, protocol, workers, ..BindOptions::default() }
}

#[test]
fn a_taken_port_is_said_so() {
    for workers in [1, 2] {
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let error = bind(&options(Protocol::Udp, workers, Some(port))).unwrap_err();
        assert!(error.address_in_use());
        let text = error.to_string();
        assert!(text.contains(&port.to_string()) && text.contains("-p"), "{text}");

        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        assert!(bind(&options(Protocol::Tcp, workers, Some(port))).unwrap_err().address_in_use());
    }
}

#[test]
fn an_address_of_nobody_names_no_port_that_nobody_asked_for() {
    // A documentation address (RFC 5737).
    let error =
        bind(&BindOptions { ip: [192, 0, 2, 1].into(), ..options(Protocol::Udp, 1, None) }).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("any port on 192.0.2.1") && text.contains("-i"), "{text}");
}

#[test]
fn two_runs_do_not_share_a_port_by_accident() {
    for protocol in [Protocol::Udp, Protocol::Tcp] {
        for (first, second) in [(1, 1), (2, 2), (1, 3), (3, 1)] {
            let bound = bind(&options(protocol, first, Some(0))).unwrap();
            let port = bound.local_addr().port();
            let error = bind(&options(protocol, second, Some(port))).unwrap_err();
            assert!(error.address_in_use(), "{error}");
            drop(bound);
            bind(&options(protocol, second, Some(port))).unwrap();
        }
    }
}

#[test]
fn without_a_port_the_next_free_one_is_taken() {
    let first = bind(&options(Protocol::Udp, 2, None)).unwrap();
    let second = bind(&options(Protocol::Udp, 2, None)).unwrap();
    assert_ne!(first.local_addr().port(), second.local_addr().port());
    assert!(first.local_addr().port() >= 5060);
}

#[test]
fn a_foreign_address_is_explained() {
    let wrong = BindOptions { ip: [192, 0, 2, 1].into(), ..options(Protocol::Udp, 1, Some(0)) };
    let error = bind(&wrong).unwrap_err();
    assert!(!error.address_in_use());
    assert!(error.to_string().contains("192.0.2.1") && error.to_string().contains("-i"), "{error}");
}

#[test]
fn buffers_are_as_large_as_asked() {
    let small = BindOptions { buffer_bytes: Some(65_536), ..options(Protocol::Udp, 2, Some(0)) };
    assert_eq!(bind(&small).unwrap().receive_buffer_bytes(), 65_536);
    let most = bind(&options(Protocol::Udp, 1, Some(0))).unwrap().receive_buffer_bytes();
    assert!(most > 65_536);
}
