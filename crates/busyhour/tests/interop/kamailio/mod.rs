//! Kamailio, as a proxy and as a registrar.

mod proxy;
mod registrar;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::peers::{Process, Transport, free_port, peer, wait_until_bound};

/// What every Kamailio of the tests is told first: a little server on loopback that asks no DNS.
const BASICS: &str = "\
debug=0
log_stderror=yes
children=2
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
";

/// Starts Kamailio with what stands behind the [`BASICS`] and the port, and so many MiB of shared memory; returns it with
/// its port.
pub(crate) fn start(folder: &Path, memory_mib: u32, settings: &str) -> (Process, u16) {
    for _ in 0..5 {
        let port = free_port();
        fs::create_dir_all(folder).expect("make Kamailio's folder");
        let file = folder.join("kamailio.cfg");
        let text = format!("#!KAMAILIO\n{BASICS}listen=udp:127.0.0.1:{port}\n{settings}");
        fs::write(&file, text).expect("write Kamailio's settings");
        let mut command = Command::new(peer("kamailio"));
        // In the foreground, logging to standard error.
        command.args(["-DD", "-E", "-m", &memory_mib.to_string(), "-M", "8", "-f"]).arg(&file);
        command.arg("-P").arg(folder.join("pid")).arg("-Y").arg(folder);
        let mut process = Process::start("kamailio", folder, command);
        if wait_until_bound(&mut process, Transport::Udp, port) {
            return (process, port);
        }
        let log = process.logs();
        assert!(log.contains("in use"), "Kamailio did not start\n{log}");
    }
    panic!("five ports in a row were taken by others");
}
