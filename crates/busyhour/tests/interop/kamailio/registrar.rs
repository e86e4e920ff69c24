//! A hundred thousand users register with digest at Kamailio, and once more when they have expired.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::start;
use crate::peers::{Agent, Counts, Process, Tool, scenario};

const USERS: u64 = 100_000;
/// Registrations a second, two requests each, on a machine that can do so many.
const RATE: &str = "6000";
/// Registrations under way. More than the registrar's socket holds would be repeated, which makes a slow registrar slower
/// until they give up.
const OPEN: &str = "300";
/// How long a registration lasts, s.
const EXPIRES: &str = "5";

#[test]
fn a_hundred_thousand_users_register_and_again_after_expiry() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let registrar = Registrar::start(&folder.path().join("kamailio"));
    let users = folder.path().join("users.csv");
    let rows = (1..=USERS).fold("SEQUENTIAL\n".to_owned(), |mut rows, user| {
        // Writing to a String cannot fail.
        let _ = writeln!(
            rows,
            "user{user:06};[authentication username=user{user:06} password=secret-user{user:06}]"
        );
        rows
    });
    fs::write(&users, rows).expect("write the users");
    for round in 1..=2 {
        register_all(&folder.path().join(format!("round-{round}")), &users, &registrar);
        // A repeated request may be accepted twice.
        assert!(registrar.statistic("registrar.accepted_regs") >= USERS * round);
        let deadline = Instant::now() + Duration::from_secs(60);
        while registrar.statistic("usrloc.location_contacts") > 0 {
            assert!(Instant::now() < deadline, "registrations do not expire");
            sleep(Duration::from_millis(200));
        }
        assert!(registrar.statistic("usrloc.location_expires") >= USERS * round);
    }
    assert_eq!(registrar.statistic("registrar.rejected_regs"), 0);
}

fn register_all(folder: &Path, users: &Path, registrar: &Registrar) {
    let (file, users) = (scenario("register.xml"), users.display().to_string());
    let calls = USERS.to_string();
    let arguments = [
        "-sf",
        &file,
        "-inf",
        &users,
        "-key",
        "domain",
        "registrar.test",
        "-key",
        "expires",
        EXPIRES,
        "-m",
        &calls,
        "-r",
        RATE,
        "-l",
        OPEN,
    ];
    let mut client = Agent::client(folder, Tool::Busyhour, registrar.port, &arguments);
    let registered = client.finish(Duration::from_secs(120));
    let logs = format!("{}{}", client.process.logs(), registrar.process.logs());
    assert_eq!(registered, Counts::all_well(USERS), "{logs}");
}

/// Kamailio as a registrar that asks everybody for a password.
struct Registrar {
    process: Process,
    port: u16,
    control: PathBuf,
}

impl Registrar {
    fn start(folder: &Path) -> Registrar {
        let control = folder.join("control");
        let (process, port) = start(folder, 256, &settings(&control));
        Registrar { process, port, control }
    }

    /// One of Kamailio's counters.
    fn statistic(&self, name: &str) -> u64 {
        let mut command = Command::new("kamcmd");
        command.arg("-s").arg(format!("unix:{}", self.control.display())).args(["stats.fetch", name]);
        let output = command.output().expect("run kamcmd, which Debian's kamailio brings");
        let text = String::from_utf8_lossy(&output.stdout);
        let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| {
            panic!("no {name} in {text}{}", String::from_utf8_lossy(&output.stderr));
        })
    }
}

/// A registrar that asks everybody for a password.
fn settings(control: &Path) -> String {
    let control = control.display();
    format!(
        r#"loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "ctl.so"
loadmodule "kex.so"
modparam("usrloc", "hash_size", 14)
modparam("usrloc", "timer_interval", 1)
modparam("registrar", "min_expires", 1)
modparam("ctl", "binrpc", "unix:{control}")

request_route {{
    if (!is_method("REGISTER")) {{
        sl_send_reply("405", "Only REGISTER");
        exit;
    }}
    if (!pv_www_authenticate("registrar.test", "secret-$fU", "0")) {{
        www_challenge("registrar.test", "1");
        exit;
    }}
    save("location");
}}
"#
    )
}
