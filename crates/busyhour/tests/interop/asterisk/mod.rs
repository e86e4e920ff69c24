//! A real PBX, Asterisk with PJSIP.

mod answered;
mod media;
mod registered;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::peers::{Process, SOON, Transport, free_port, peer, wait_until_bound};

/// How long Asterisk may take to load its modules.
const LOADED: Duration = Duration::from_secs(60);

/// What a test wants of Asterisk, beside what every call needs.
struct Setup<'a> {
    /// Further modules.
    modules: &'a [&'a str],
    /// `pjsip.conf` behind the transport, which is called `udp`.
    pjsip: &'a str,
    /// `extensions.conf`.
    extensions: &'a str,
}

/// A running Asterisk with settings and state of its own.
struct Pbx {
    process: Process,
    folder: PathBuf,
    port: u16,
}

impl Pbx {
    fn start(folder: &Path, setup: &Setup<'_>) -> Pbx {
        for _ in 0..5 {
            let port = free_port();
            write_settings(folder, port, setup);
            let mut command = Command::new(peer("asterisk"));
            command.args(["-f", "-C"]).arg(folder.join("asterisk.conf"));
            let mut process = Process::start("asterisk", folder, command);
            if wait_until_bound(&mut process, Transport::Udp, port) {
                let pbx = Pbx { process, folder: folder.to_owned(), port };
                pbx.wait_until_ready();
                return pbx;
            }
        }
        panic!("Asterisk did not start in five tries");
    }

    /// Waits until all modules are loaded: its port is bound, and its console answers, long before, and modules that are
    /// read from a cold disk take their time.
    fn wait_until_ready(&self) {
        let deadline = Instant::now() + LOADED;
        loop {
            let answer = self.ask("core waitfullybooted");
            if answer.contains("has fully booted") {
                return;
            }
            assert!(Instant::now() < deadline, "Asterisk is not ready: {answer}\n{}", self.process.logs());
            sleep(Duration::from_millis(100));
        }
    }

    /// Waits until no channel is left, and so many calls were processed. The last hang-ups may still be at work inside.
    fn wait_until_idle(&self, calls: u64) {
        let deadline = Instant::now() + SOON;
        loop {
            let answer = self.ask("core show channels count");
            if answer.contains("0 active channels") && answer.contains("0 active calls") {
                let processed = format!("{calls} calls processed");
                assert!(answer.contains(&processed), "expected `{processed}`, found: {answer}");
                return;
            }
            assert!(Instant::now() < deadline, "channels are left: {answer}\n{}", self.process.logs());
            sleep(Duration::from_millis(100));
        }
    }

    /// What a command of Asterisk's console prints.
    fn ask(&self, question: &str) -> String {
        let mut command = Command::new(peer("asterisk"));
        command.arg("-C").arg(self.folder.join("asterisk.conf")).args(["-rx", question]);
        let output = command.output().expect("start Asterisk's console");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Only what a call needs is loaded; everything that is written stays in the test's folder.
fn write_settings(folder: &Path, port: u16, setup: &Setup<'_>) {
    let debian = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/sid");
    let debian = debian.canonicalize().expect("target/peers/sid: run `cargo xtask peers` first");
    let debian = debian.display();
    let own = folder.display();
    let architecture = std::env::consts::ARCH;
    let modules = [
        "res_pjproject",
        "res_sorcery_astdb",
        "res_sorcery_config",
        "res_sorcery_memory",
        "res_pjsip",
        "res_pjsip_session",
        "res_pjsip_pubsub",
        "res_pjsip_sdp_rtp",
        "res_rtp_asterisk",
        "chan_pjsip",
        "pbx_config",
        "codec_ulaw",
    ];
    let modules: String =
        modules.iter().chain(setup.modules).map(|name| format!("load={name}.so\n")).collect();
    let files = [
        (
            "asterisk.conf",
            format!(
                "[directories]\nastetcdir => {own}\nastmoddir => {debian}/usr/lib/{architecture}-linux-gnu/asterisk/modules\n\
                 astvarlibdir => {debian}/usr/share/asterisk\nastdatadir => {debian}/usr/share/asterisk\n\
                 astdbdir => {own}/state\nastkeydir => {own}/state\nastspooldir => {own}/state\n\
                 astrundir => {own}/state\nastlogdir => {own}\n"
            ),
        ),
        ("modules.conf", format!("[modules]\nautoload=no\n{modules}")),
        (
            "pjsip.conf",
            format!("[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{port}\n\n{}", setup.pjsip),
        ),
        ("extensions.conf", setup.extensions.to_owned()),
        ("logger.conf", "[logfiles]\nmessages.log => warning,error\n".to_owned()),
        ("rtp.conf", "[general]\nrtpstart=20000\nrtpend=30000\n".to_owned()),
    ];
    fs::create_dir_all(folder.join("state")).expect("make Asterisk's folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("write Asterisk's settings");
    }
}
