//! From a plan to a run: scenario, addresses, limits, sockets, in SIPp's order (spec-cli §9).

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;

use busyhour_engine::settings::{Placed, Run, Settings};
use busyhour_net::BindOptions;
use busyhour_report::clock::Clock as Calendar;
use busyhour_scenario::program::{Program, Role};

use super::control;
use super::files::Files;
use super::options::ScenarioChoice;
use super::settings::RunPlan;
use crate::exit::{Fatal, ONLY_TOLD};
use crate::run::Opened;
use crate::signals::SignalQueue;
use crate::target::{self, Host, SIP_PORT};
use crate::{background, scenario};

/// Descriptors that are not call sockets: main sockets, poll, files, signals.
const OTHER_DESCRIPTORS: u64 = 64;

/// Runs the plan, and returns the exit status.
pub(super) fn run(mut plan: RunPlan) -> Result<u8, Fatal> {
    let program = match &plan.scenario {
        ScenarioChoice::File(path) => scenario::from_file(path, &plan.keys)?,
        ScenarioChoice::Embedded(name) => scenario::from_name(name, &plan.keys)
            .map_err(|fatal| Fatal { text: format!("-sn: {fatal}"), ..fatal })?,
    };
    if program.sending == Role::Client && plan.target.is_none() {
        return Err(Fatal::new(
            "Missing remote host: this scenario sends the first message, so it needs a target. Name it on the \
             command line, like 192.0.2.1:5060.",
        ));
    }
    check_globals(&plan, &program)?;
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
    fit_descriptors(&mut plan, workers);

    let engine = Settings {
        local_ip: addresses.local,
        media_ip: addresses.local,
        remote: addresses.remote,
        remote_host: plan.target.as_ref().map_or_else(String::new, |host| host.name.clone()),
        send_to: addresses.send_to,
        ..plan.engine.clone()
    };
    let mut files = Files::open(&plan, &program.base_name)?;
    let opened = Opened::open(roles(&program), engine, &bind_options(&plan, &addresses, workers))?;
    if let Some(note) = opened.small_buffer() {
        let _ = writeln!(io::stderr(), "{note}");
    }
    let running = opened.start(&plan.globals)?;
    let start_us = running.clock.wall_start_us();
    let calendar = Calendar::local(start_us, running.settings.rfc3339);
    files.begin(calendar, start_us);
    Ok(control::run(&plan, &program, running, files, &signals, calendar))
}

/// One program; its first message says whether it makes calls or takes them.
fn roles(program: &Arc<Program>) -> Run {
    let client = program.creation == Role::Client;
    Run {
        programs: vec![Arc::clone(program)],
        placed: if client { vec![Placed { program: 0, weight: 1 }] } else { Vec::new() },
        received: if client { None } else { Some(0) },
        out_of_call: None,
        files: Default::default(),
    }
}

/// `-set` is checked before anything is opened.
fn check_globals(plan: &RunPlan, program: &Program) -> Result<(), Fatal> {
    let known = &program.variables.global;
    match plan.globals.iter().find(|(name, _)| !known.contains(name)) {
        None => Ok(()),
        Some((name, _)) if known.is_empty() => Err(Fatal::new(format!(
            "-set: there is no global variable \"{name}\": the scenario declares none. <Global variables=\"{name}\"/> \
             would."
        ))),
        Some((name, _)) => Err(Fatal::new(format!(
            "-set: there is no global variable \"{name}\". The scenario declares {}.",
            known.join(", ")
        ))),
    }
}

/// The run's addresses.
struct Addresses {
    local: IpAddr,
    remote: Option<SocketAddr>,
    send_to: Option<SocketAddr>,
}

impl Addresses {
    fn find(plan: &RunPlan) -> Result<Addresses, Fatal> {
        let given = match &plan.local {
            Some(host) => {
                let address =
                    host.resolve(0, None).map_err(|problem| Fatal::new(format!("-i: {problem}")))?;
                Some(address.ip())
            }
            None => None,
        };
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
        Ok(Addresses { local, remote, send_to })
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

/// Raises the limit of open files, and keeps the number of call sockets below it.
fn fit_descriptors(plan: &mut RunPlan, workers: usize) {
    if !plan.raise_descriptor_limit {
        return;
    }
    let Ok((soft, _)) = busyhour_net::raise_descriptor_limit() else { return };
    let room = soft.saturating_sub(OTHER_DESCRIPTORS + 4 * workers as u64).max(1);
    if plan.engine.socket_per_call && u64::from(plan.sockets_max) > room {
        let _ = writeln!(
            io::stderr(),
            "note: the system allows {soft} open files, so at most {room} call sockets are opened and then shared. \
             ulimit -n allows more; -max_socket sets their number."
        );
        plan.sockets_max = u32::try_from(room).unwrap_or(u32::MAX);
    }
}
