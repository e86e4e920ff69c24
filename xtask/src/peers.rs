//! `cargo xtask peers`: the real programs that the interop tests and the benchmark talk to.
//!
//! From the machine's own Debian: SIPp 3.6, Kamailio, rtpengine, baresip, tshark. From Debian sid, in a folder: SIPp 3.8 and Asterisk 22.
//! The programs of the folder run outside it through its own dynamic loader, so that only the set-up needs root.

mod mirror;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::{output, run_logged, step};
use crate::workspace::{self, Outcome, because};

/// Changes whenever the recipe below does, so that old folders are built anew.
const RECIPE: &str = "1: minbase sid, sip-tester, asterisk\n";

/// A Debian package of the machine, and the program that tells that it is installed.
const HOST_PACKAGES: [(&str, &str); 6] = [
    ("sip-tester", "/usr/bin/sipp"),
    ("kamailio", "/usr/sbin/kamailio"),
    ("rtpengine-daemon", "/usr/bin/rtpengine"),
    ("baresip-core", "/usr/bin/baresip"),
    ("tshark", "/usr/bin/tshark"),
    ("debootstrap", "/usr/sbin/debootstrap"),
];

/// Installs what is missing and prints the versions. Two runs at a time wait for each other.
pub(crate) fn set_up() -> Outcome {
    let folder = workspace::peers();
    because(folder.display(), fs::create_dir_all(folder.join("bin")))?;
    let lock_path = folder.join(".lock");
    let lock = because(lock_path.display(), File::create(&lock_path))?;
    if lock.try_lock().is_err() {
        println!("another `cargo xtask peers` is at work; waiting for it");
        because(lock_path.display(), lock.lock())?;
    }
    let log = folder.join("setup.log");
    host_packages(&log)?;
    sid(&folder, &log)?;
    wrappers(&folder)?;
    versions(&folder)
}

/// Installs the machine's own packages if one is missing.
fn host_packages(log: &Path) -> Outcome {
    let missing: Vec<&str> = HOST_PACKAGES
        .iter()
        .filter(|(_, program)| !Path::new(program).exists())
        .map(|(package, _)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    require_installer(&format!("the Debian packages {packages} are not installed"))?;
    step(&format!("apt-get install {packages}"), || {
        run_logged(apt().args(["update", "-q"]), log)?;
        run_logged(apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(&missing), log)
    })
}

/// Fails with the exact reason if this user on this machine cannot install packages.
fn require_installer(what: &str) -> Outcome {
    let hint = "install them by hand (Debian 12), or run `cargo xtask peers` as root on such a machine";
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("{what}, and this machine has no apt-get to install them with; {hint}"));
    }
    let user = output(Command::new("id").arg("-u"))?;
    if user.trim() != "0" {
        return Err(format!("{what}, and only root can install them (this is user {}); {hint}", user.trim()));
    }
    Ok(())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Builds the folder with Debian sid unless it is there already. It is built beside its place and then moved, so that a
/// run that was interrupted leaves nothing that looks complete.
fn sid(folder: &Path, log: &Path) -> Outcome {
    let (tree, stamp) = (folder.join("sid"), folder.join("sid.stamp"));
    if tree.is_dir() && fs::read_to_string(&stamp).is_ok_and(|text| text == RECIPE) {
        return Ok(());
    }
    require_installer("target/peers/sid (SIPp 3.8 and Asterisk 22) has to be made with debootstrap")?;
    let new = folder.join("sid.new");
    for old in [&tree, &new] {
        if old.exists() {
            because(old.display(), fs::remove_dir_all(old))?;
        }
    }
    let mirror = mirror::configured();
    step("debootstrap sid (about 40 s)", || {
        let mut command = Command::new("debootstrap");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("--variant=minbase");
        if mirror.as_deref().is_some_and(|address| address.starts_with("https:")) {
            command.arg("--include=ca-certificates");
        }
        run_logged(command.arg("sid").arg(&new).args(&mirror), log)
    })?;
    step("sip-tester and asterisk in sid (about 40 s)", || {
        let settings = "Acquire::Check-Valid-Until \"false\";\nAcquire::Languages \"none\";\n\
                        DPkg::Options { \"--force-unsafe-io\"; };\n";
        write(&new.join("etc/apt/apt.conf.d/99busyhour-peers"), settings)?;
        // No service may start: the tests start what they need, with their own settings.
        script(&new.join("usr/sbin/policy-rc.d"), "exit 101\n")?;
        let script = "mount -t proc proc \"$1/proc\"\n\
                      chroot \"$1\" apt-get update -q\n\
                      chroot \"$1\" apt-get install -y -q --no-install-recommends sip-tester asterisk\n";
        // In a mount namespace of its own, so that /proc is unmounted whatever happens.
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-e", "-c", script, "sh"]).arg(&new);
        run_logged(command.env("DEBIAN_FRONTEND", "noninteractive"), log)
    })?;
    because(tree.display(), fs::rename(&new, &tree))?;
    write(&stamp, RECIPE)
}

/// Writes a small script for each program under `bin`, so that tests need not know where it lives.
fn wrappers(folder: &Path) -> Outcome {
    let tree = folder.join("sid");
    let (loader, libraries) = loader()?;
    let in_sid = |program: &str| -> Outcome<String> {
        let [loader, libraries, program] = [loader, libraries, program].map(|path| tree.join(path));
        for part in [&loader, &program] {
            if !part.exists() {
                return Err(format!(
                    "{} is missing; remove {} and run `cargo xtask peers` again",
                    part.display(),
                    folder.join("sid.stamp").display()
                ));
            }
        }
        let quoted = |path: PathBuf| format!("'{}'", path.display());
        Ok(format!(
            "exec {} --library-path {} {} \"$@\"\n",
            quoted(loader),
            quoted(libraries),
            quoted(program)
        ))
    };
    let bin = folder.join("bin");
    script(&bin.join("sipp-3.8"), &in_sid("usr/bin/sipp")?)?;
    script(&bin.join("asterisk"), &in_sid("usr/sbin/asterisk")?)?;
    script(&bin.join("sipp-3.6"), "exec /usr/bin/sipp \"$@\"\n")?;
    script(&bin.join("kamailio"), "exec /usr/sbin/kamailio \"$@\"\n")?;
    script(&bin.join("rtpengine"), "exec /usr/bin/rtpengine \"$@\"\n")?;
    script(&bin.join("baresip"), "exec /usr/bin/baresip \"$@\"\n")?;
    script(&bin.join("tshark"), "exec /usr/bin/tshark \"$@\"\n")
}

/// The dynamic loader and the library folder of Debian on this kind of processor, relative to the root.
fn loader() -> Outcome<(&'static str, &'static str)> {
    match std::env::consts::ARCH {
        "x86_64" => Ok(("usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu")),
        "aarch64" => Ok(("usr/lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu")),
        other => Err(format!("the peers are known for x86_64 and aarch64 only, and this is {other}")),
    }
}

/// Starts every peer once and prints what it calls itself.
fn versions(folder: &Path) -> Outcome {
    for (name, flag, word) in [
        ("sipp-3.8", "-v", "SIPp v3.8"),
        ("sipp-3.6", "-v", "SIPp v3.6"),
        ("kamailio", "-v", "version: kamailio"),
        ("asterisk", "-V", "Asterisk 22"),
        ("rtpengine", "--version", "Version: 10."),
        ("baresip", "-h", "baresip v1."),
        ("tshark", "-v", "TShark"),
    ] {
        let program = folder.join("bin").join(name);
        let mut command = Command::new(&program);
        let output = because(program.display(), command.arg(flag).output())?;
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no version");
        println!("{name}: {line}");
        if !text.contains(word) {
            return Err(format!("{name} should say `{word}` when asked for its version, but said: {line}"));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Outcome {
    because(path.display(), fs::write(path, text))
}

/// Writes an executable shell script. Only if it differs: a script that is running may not be replaced under its reader.
fn script(path: &Path, body: &str) -> Outcome {
    let text = format!("#!/bin/sh\n{body}");
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    write(path, &text)?;
    because(path.display(), fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
}
