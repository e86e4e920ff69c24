//! A client that calls a server, each on its own cores.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::contestant::Contestant;
use super::run::{Result, Run};
use crate::workspace::{Outcome, because, build_output};

/// Who calls whom, and how.
pub(super) struct Pair<'a> {
    /// The caller and its cores.
    pub(super) client: (&'a Contestant, &'a [usize]),
    /// The answerer and its cores.
    pub(super) server: (&'a Contestant, &'a [usize]),
    /// The server's scenario, in words of the command line.
    pub(super) server_words: Vec<String>,
    /// `-t`.
    pub(super) mode: &'static str,
    /// Calls per second.
    pub(super) rate: u64,
    /// Calls in all.
    pub(super) calls: u64,
    /// The client's scenario, in words of the command line.
    pub(super) scenario: Vec<String>,
    /// What else the client is told.
    pub(super) more: Vec<String>,
}

/// A pair at work.
pub(super) struct Running {
    /// The caller.
    pub(super) client: Run,
    /// The answerer.
    pub(super) server: Run,
    /// When the caller was started.
    pub(super) since: Instant,
}

/// How a pair ended.
pub(super) struct Ended {
    /// The caller's end.
    pub(super) client: Result,
    /// The answerer's, which was interrupted when the caller had ended.
    pub(super) server: Result,
    /// From the caller's start to its end.
    pub(super) elapsed: Duration,
    /// What the caller printed.
    pub(super) output: String,
}

impl Pair<'_> {
    /// Starts the server, waits until it listens, starts the client.
    pub(super) fn start(&self) -> Outcome<Running> {
        let folder = folder()?;
        let words = |list: &[&str]| -> Vec<String> { list.iter().map(|word| (*word).to_owned()).collect() };
        let mut tries = 0;
        let (server, port) = loop {
            let port = free_port()?.to_string();
            let mut server_words = words(&["-t", self.mode, "-p", &port]);
            server_words.extend_from_slice(&self.server_words);
            let server = Run::start(self.server.0, self.server.1, &folder, "server", &server_words)?;
            // It is up when it has written the first row of its statistics.
            let deadline = Instant::now() + Duration::from_secs(5);
            while server.is_running() && server.column("CurrentCall").is_err() && Instant::now() < deadline {
                sleep(Duration::from_millis(10));
            }
            tries += 1;
            if server.is_running() {
                break (server, port);
            }
            if tries == 3 {
                return Err(format!(
                    "{} does not start as a server\n{}",
                    self.server.0.name,
                    server.last_words()
                ));
            }
        };
        let (rate, calls) = (self.rate.to_string(), self.calls.to_string());
        let target = format!("127.0.0.1:{port}");
        let mut client_words = words(&[&target, "-t", self.mode, "-r", &rate, "-m", &calls]);
        client_words.extend_from_slice(&self.scenario);
        client_words.extend_from_slice(&self.more);
        let since = Instant::now();
        let client = Run::start(self.client.0, self.client.1, &folder, "client", &client_words)?;
        Ok(Running { client, server, since })
    }

    /// Runs the pair to the client's end, at most `limit`.
    pub(super) fn play(&self, limit: Duration) -> Outcome<Ended> {
        let mut running = self.start()?;
        let client = running.client.finish(limit)?;
        let elapsed = running.since.elapsed();
        let server = running.server.interrupt()?;
        Ok(Ended { client, server, elapsed, output: running.client.output() })
    }
}

/// The embedded scenario `uac`.
pub(super) fn uac() -> Vec<String> {
    vec!["-sn".to_owned(), "uac".to_owned()]
}

/// The embedded scenario `uas`.
pub(super) fn uas() -> Vec<String> {
    vec!["-sn".to_owned(), "uas".to_owned()]
}

/// The folder for the agents' files, empty or not.
pub(super) fn folder() -> Outcome<PathBuf> {
    let folder = build_output().join("bench");
    because(folder.display(), fs::create_dir_all(&folder))?;
    because(folder.display(), folder.canonicalize())
}

/// A port that is free for UDP and TCP at this moment.
pub(super) fn free_port() -> Outcome<u16> {
    for _ in 0..100 {
        let udp = because("a UDP port", UdpSocket::bind("127.0.0.1:0"))?;
        let port = because("a UDP port", udp.local_addr())?.port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no port is free for both UDP and TCP".to_owned())
}

/// The middle of the values; the mean of the two middle ones if their number is even.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => values[middle],
        (_, middle) => f64::midpoint(values[middle - 1], values[middle]),
    }
}
