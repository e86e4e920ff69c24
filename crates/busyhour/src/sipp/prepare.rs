//! From a plan to a run: scenario, addresses, limits, sockets, in SIPp's order (spec-cli §9).

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use busyhour_engine::settings::Settings;
use busyhour_media::Library;
use busyhour_net::BindOptions;
use busyhour_report::clock::Clock as Calendar;
use busyhour_scenario::program::{Role, StepKind};

use super::compat;
use super::control;
use super::files::Files;
use super::injection;
use super::options::ScenarioChoice;
use super::programs::Programs;
use super::settings::RunPlan;
use crate::background;
use crate::exit::{Fatal, ONLY_TOLD};
use crate::media::Room;
use crate::run::Opened;
use crate::signals::SignalQueue;
use crate::target::{self, Host, SIP_PORT};

/// Descriptors that are not call sockets: main sockets, poll, files, signals.
const OTHER_DESCRIPTORS: u64 = 64;

/// Runs the plan, and returns the exit status.
pub(super) fn run(mut plan: RunPlan) -> Result<u8, Fatal> {
    let bad_start = compat::bad_start(plan.compat);
    let bad = |fatal: Fatal| Fatal { status: bad_start, ..fatal };
    let injection_files = injection::load(&plan.injection).map_err(bad)?;
    if plan.calls_by_file {
        plan.engine.calls_max = Some(injection::calls_by_file(&injection_files).map_err(bad)?);
    }
    let library = Arc::new(Library::new(folder(&plan.scenario)));
    let programs = Programs::load(&plan, &library).map_err(bad)?;
    let run = programs.run(injection_files);
    let program = Arc::clone(&programs.main);
    let third_party = plan.third_party.plan(&program).map_err(bad)?;
    // One of commands only sends nothing.
    let sends = program.steps.iter().any(|step| matches!(step.kind, StepKind::Send(_)));
    if sends && program.sending == Role::Client && plan.target.is_none() {
        return Err(Fatal::new(
            "Missing remote host: this scenario sends the first message, so it needs a target. Name it on the \
             command line, like 192.0.2.1:5060.",
        ));
    }
    if plan.background && !background::is_here() {
        let child = background::start()
            .map_err(|error| Fatal::new(format!("-bg: the background process can't be started: {error}")))?;
        let _ = writeln!(io::stdout(), "Background mode - PID=[{child}]");
        return Ok(ONLY_TOLD);
    }
    thread::sleep(plan.sleep);
    let addresses = Addresses::find(&plan)?;
    // From here on a signal ends the run with its report; before, there is nothing to report.
    let signals =
        SignalQueue::open().map_err(|error| Fatal::new(format!("signals can't be received: {error}")))?;
    let workers = plan.workers.unwrap_or_else(busyhour_net::available_workers);
    let descriptors = fit_descriptors(&mut plan, workers);

    let engine = Settings {
        local_ip: addresses.local,
        media_ip: addresses.media,
        remote: addresses.remote,
        remote_host: plan.target.as_ref().map_or_else(String::new, |host| host.name.clone()),
        send_to: addresses.send_to,
        third_party: third_party.as_ref().map(|plan| plan.engine.clone()),
        ..plan.engine.clone()
    };
    let mut files = Files::open(&plan, &program.base_name)?;
    let mut opened = Opened::open(run, engine, &bind_options(&plan, &addresses, workers))?;
    if let Some(note) = opened.small_buffer() {
        let _ = writeln!(io::stderr(), "{note}");
    }
    let room = Room {
        workers,
        descriptors,
        others: other_descriptors(workers),
        call_sockets: if plan.engine.socket_per_call { u64::from(plan.sockets_max) } else { 0 },
    };
    opened.open_media(&plan.media, library, addresses.media, &room)?;
    if let Some(third_party) = &third_party {
        opened.add_twins(third_party.open(plan.engine.keep_call_id_prefix)?);
    }
    let running = opened.start(&plan.globals)?;
    let start_us = running.clock.wall_start_us();
    let calendar = Calendar::local(start_us, running.settings.rfc3339);
    files.begin(calendar, start_us);
    Ok(control::run(&plan, &programs, running, files, &signals, calendar))
}

/// The run's addresses.
struct Addresses {
    local: IpAddr,
    media: IpAddr,
    remote: Option<SocketAddr>,
    send_to: Option<SocketAddr>,
}

impl Addresses {
    fn find(plan: &RunPlan) -> Result<Addresses, Fatal> {
        let named = |host: &Option<Host>, option: &str| {
            let resolved = host.as_ref().map(|host| host.resolve(0, None)).transpose();
            let address = resolved.map_err(|problem| Fatal::new(format!("{option}: {problem}")))?;
            Ok(address.map(|address| address.ip()))
        };
        let given = named(&plan.local, "-i")?;
        let media = named(&plan.media_host, "-mi")?;
        let resolve = |host: &Host, option: &str| {
            let _ = write!(io::stderr(), "Resolving remote host '{}'... ", host.name);
            let address = host
                .resolve(SIP_PORT, given)
                .inspect_err(|_| _ = writeln!(io::stderr()))
                .map_err(|problem| Fatal::new(format!("{option}{problem}")))?;
            let _ = writeln!(io::stderr(), "Done.");
            match given {
                Some(local) if local.is_ipv4() != address.is_ipv4() => Err(Fatal::new(format!(
                    "{} is of another address family than -i {local}. Use two addresses of one family.",
                    address.ip()
                ))),
                _ => Ok(address),
            }
        };
        let remote = plan.target.as_ref().map(|host| resolve(host, "")).transpose()?;
        let send_to = plan.send_to.as_ref().map(|host| resolve(host, "-rsa: ")).transpose()?;
        let local = match (given, send_to.or(remote)) {
            (Some(given), _) => given,
            (None, Some(remote)) => target::local_address_towards(remote).map_err(|error| {
                Fatal::new(format!("there is no way to {remote}: {error}. Check routes, or give -i."))
            })?,
            (None, None) => target::default_local_address(),
        };
        Ok(Addresses { local, media: media.unwrap_or(local), remote, send_to })
    }
}

fn bind_options(plan: &RunPlan, addresses: &Addresses, workers: usize) -> BindOptions {
    let to_local = plan.local.is_some() || plan.bind_local;
    BindOptions {
        ip: if to_local { addresses.local } else { target::unspecified(addresses.local) },
        port: plan.port,
        protocol: plan.engine.protocol,
        workers,
        socket_per_call: plan.engine.socket_per_call,
        buffer_bytes: plan.buffer_bytes.map(|bytes| bytes as usize),
        max_sockets: plan.sockets_max as usize,
        bind_source: plan.port.is_some(),
        single_packets: plan.single_packets,
    }
}

/// The folder of the scenario, beside which its media files are looked for.
fn folder(choice: &ScenarioChoice) -> Option<PathBuf> {
    match choice {
        ScenarioChoice::File(path) => path.parent().map(PathBuf::from),
        ScenarioChoice::Embedded(_) => None,
    }
}

/// Descriptors that are not sockets of calls: main sockets, poll, files, signals.
fn other_descriptors(workers: usize) -> u64 {
    OTHER_DESCRIPTORS + 4 * workers as u64
}

/// Raises the limit of open files, keeps the number of call sockets below it, and returns it.
fn fit_descriptors(plan: &mut RunPlan, workers: usize) -> Option<u64> {
    let limits = if plan.raise_descriptor_limit {
        busyhour_net::raise_descriptor_limit()
    } else {
        busyhour_net::descriptor_limit()
    };
    let (soft, _) = limits.ok()?;
    let room = soft.saturating_sub(other_descriptors(workers)).max(1);
    if plan.raise_descriptor_limit && plan.engine.socket_per_call && u64::from(plan.sockets_max) > room {
        let _ = writeln!(
            io::stderr(),
            "note: the system allows {soft} open files, so at most {room} call sockets are opened and then shared. \
             ulimit -n allows more; -max_socket sets their number."
        );
        plan.sockets_max = u32::try_from(room).unwrap_or(u32::MAX);
    }
    Some(soft)
}
