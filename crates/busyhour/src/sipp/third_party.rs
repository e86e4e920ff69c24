//! `-3pcc`, `-master`, `-slave`, `-slave_cfg`: who the other processes of a third-party call control are, and who connects
//! to whom (spec-engine §12, spec-scenario §2.1).

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use busyhour_engine::settings::ThirdParty;
use busyhour_net::{Connect, Loss, TwinOptions, Twins, open_twins};
use busyhour_scenario::program::{FirstCommand, Program, StepKind};

use super::addresses;
use super::row::{Category, Row, Status, Takes};
use crate::exit::{ADDRESS_IN_USE, FATAL, Fatal};
use crate::target::{self, Host};

/// Port of a twin where none is typed.
const TWIN_PORT: u16 = 6060;

/// Most connections that other processes may have to us (spec-engine §12.2).
const INCOMING_MAX: usize = 10;

/// The options as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ThirdPartyOptions {
    /// `-3pcc`.
    pub(crate) twin: Option<String>,
    /// `-master`.
    pub(crate) master: Option<String>,
    /// `-slave`.
    pub(crate) slave: Option<String>,
    /// `-slave_cfg`.
    pub(crate) addresses: Option<PathBuf>,
}

/// The rows of the options.
pub(super) static ROWS: &[Row] = &[
    row(
        &["3pcc"],
        Takes::Text("HOST[:PORT]", |o, v| {
            o.third_party.twin = Some(v.to_owned());
            Ok(())
        }),
        "Exchange commands with a twin. If the scenario's first command is a sendCmd, connect there, so the twin must \
         run already; if it is a recvCmd, listen there. Default port: 6060.",
    ),
    row(
        &["master", "primary"],
        Takes::Text("NAME", |o, v| {
            o.third_party.master = Some(v.to_owned());
            Ok(())
        }),
        "Exchange commands with several processes, as the one of this name, whose scenario sends the first command. \
         Start it last.",
    ),
    row(
        &["slave", "secondary"],
        Takes::Text("NAME", |o, v| {
            o.third_party.slave = Some(v.to_owned());
            Ok(())
        }),
        "The same for a process whose scenario receives the first command.",
    ),
    row(
        &["slave_cfg", "secondary_cfg"],
        Takes::Text("FILE", |o, v| {
            o.third_party.addresses = Some(v.into());
            Ok(())
        }),
        "Names and addresses of all those processes, one NAME;HOST:PORT in a line.",
    ),
];

const fn row(names: &'static [&'static str], takes: Takes, help: &'static str) -> Row {
    Row { names, takes, category: Category::ThirdParty, status: Status::Works, help }
}

/// The options without contradictions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No other process.
    #[default]
    Alone,
    /// One, at this address, or it comes to this address of ours.
    Twin(Host),
    /// Several, by name.
    Named {
        /// `-master`, not `-slave`.
        leads: bool,
        /// Our own name.
        name: String,
        /// Where the addresses of all names stand.
        addresses: PathBuf,
    },
}

/// What a run is told of the other processes, and its connections to them.
#[derive(Debug, Clone)]
pub(crate) struct ThirdPartyPlan {
    /// For the engine.
    pub(crate) engine: ThirdParty,
    /// For the driver.
    pub(crate) options: TwinOptions,
}

impl ThirdPartyOptions {
    /// Puts the options together. The error is for a person.
    pub(crate) fn mode(&self) -> Result<Mode, String> {
        let ThirdPartyOptions { twin, master, slave, addresses } = self;
        let name = match (twin, master, slave) {
            (Some(_), _, _) if master.is_some() || slave.is_some() || addresses.is_some() => {
                return Err("-3pcc can't be combined with -master, -slave and -slave_cfg: it knows one twin without a \
                            name. Give -3pcc alone, or the others without it."
                    .to_owned());
            }
            (Some(twin), _, _) => {
                return Host::parse(twin).map(Mode::Twin).map_err(|problem| format!("-3pcc: {problem}"));
            }
            (None, Some(_), Some(_)) => {
                return Err("-master and -slave can't be combined: a process is one or the other.".to_owned());
            }
            (None, Some(name), None) | (None, None, Some(name)) => name,
            (None, None, None) if addresses.is_some() => {
                return Err("-slave_cfg needs -master or -slave with the name of this process.".to_owned());
            }
            (None, None, None) => return Ok(Mode::Alone),
        };
        match addresses {
            Some(addresses) => {
                Ok(Mode::Named { leads: master.is_some(), name: name.clone(), addresses: addresses.clone() })
            }
            None => Err(
                "-master and -slave need -slave_cfg FILE, with a line like s1;192.0.2.1:6060 for each name."
                    .to_owned(),
            ),
        }
    }
}

impl Mode {
    /// Finds this process's role in the scenario, and the addresses that it needs; `None` without other processes.
    pub(crate) fn plan(&self, program: &Program) -> Result<Option<ThirdPartyPlan>, Fatal> {
        match (self, program.first_command) {
            (Mode::Alone, None) => Ok(None),
            (Mode::Alone, Some(first)) => Err(Fatal::new(format!(
                "{} message found in scenario but no twin sipp address has been passed. Give -3pcc HOST:PORT, or -master \
                 or -slave with -slave_cfg.",
                step_name(first)
            ))),
            (Mode::Twin(_) | Mode::Named { .. }, None) => Err(Fatal::new(
                "-3pcc, -master and -slave need a scenario with sendCmd or recvCmd; this one has neither.",
            )),
            (Mode::Twin(host), Some(first)) => twin(host, first).map(Some),
            (Mode::Named { leads, name, addresses }, Some(first)) => {
                check_role(*leads, first)?;
                named(*leads, name, addresses, program).map(Some)
            }
        }
    }
}

impl ThirdPartyPlan {
    /// Listens and connects. If the address to listen on is not of this machine, as SIPp never looked at it, all
    /// addresses are listened on.
    pub(crate) fn open(&self, keep_call_id_prefix: bool) -> Result<Twins, Fatal> {
        let options = TwinOptions { keep_call_id_prefix, ..self.options.clone() };
        let mut opened = open_twins(&options);
        if let (Some(address), Err(error)) = (options.listen, &opened)
            && error.address_not_ours()
        {
            let any: IpAddr = target::unspecified(address.ip());
            let _ = writeln!(
                io::stderr(),
                "note: {} is no address of this machine: 3PCC peers may connect to any, on port {}.",
                address.ip(),
                address.port()
            );
            let listen = Some(SocketAddr::new(any, address.port()));
            opened = open_twins(&TwinOptions { listen, ..options });
        }
        opened.map_err(|error| Fatal {
            status: if error.address_in_use() { ADDRESS_IN_USE } else { FATAL },
            text: error.to_string(),
        })
    }
}

fn twin(host: &Host, first: FirstCommand) -> Result<ThirdPartyPlan, Fatal> {
    let _ = writeln!(io::stderr(), "Resolving peer address : {}...", host.name);
    let address = host.resolve(TWIN_PORT, None).map_err(|problem| Fatal::new(format!("-3pcc: {problem}")))?;
    let sends_first = first == FirstCommand::Sent;
    Ok(ThirdPartyPlan {
        engine: ThirdParty { name: None, peers: vec![String::new()] },
        options: TwinOptions {
            listen: (!sends_first).then_some(address),
            peers: vec![sends_first.then_some(address)],
            connect: if sends_first { Connect::AtStart } else { Connect::Never },
            answers: !sends_first,
            loss: if sends_first { Loss::NoNewCalls } else { Loss::EndsCalls },
            incoming_max: 1,
            keep_call_id_prefix: false,
        },
    })
}

fn check_role(leads: bool, first: FirstCommand) -> Result<(), Fatal> {
    let (scenario, option) = match (leads, first) {
        (false, FirstCommand::Sent) => ("master", "-master"),
        (true, FirstCommand::Received) => ("slave", "-slave"),
        _ => return Ok(()),
    };
    Err(Fatal::new(format!(
        "Inconsistency between command line and scenario: {scenario} scenario but {option} option not set. Its first \
         command is a {}.",
        step_name(first)
    )))
}

fn named(leads: bool, name: &str, file: &Path, program: &Program) -> Result<ThirdPartyPlan, Fatal> {
    let known = addresses::read(file)?;
    let address_of = |name: &str| {
        let found = known.iter().find(|address| address.name == name);
        let address = found.ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|address| address.name.as_str()).collect();
            Fatal::new(format!(
                "Peer {name} not found in {}: it has {}. Add a line {name};HOST:PORT.",
                file.display(),
                if names.is_empty() { "no names".to_owned() } else { names.join(", ") }
            ))
        })?;
        address.host.resolve(TWIN_PORT, None).map_err(|problem| {
            Fatal::new(format!("-slave_cfg {}:{}: {problem}", file.display(), address.line))
        })
    };
    let mut peers: Vec<String> = Vec::new();
    for step in &program.steps {
        let (kind, peer, attribute) = match &step.kind {
            StepKind::SendCmd(send) => ("sendCmd", &send.destination, "dest"),
            StepKind::RecvCmd(recv) => ("recvCmd", &recv.source, "src"),
            _ => continue,
        };
        match peer {
            Some(peer) if attribute == "dest" && !peers.contains(peer) => peers.push(peer.clone()),
            Some(_) => {}
            None => {
                return Err(Fatal::new(format!(
                    "the <{kind}> in line {} of the scenario has no {attribute}=\"NAME\", which -master and -slave need.",
                    step.line
                )));
            }
        }
    }
    Ok(ThirdPartyPlan {
        options: TwinOptions {
            listen: Some(address_of(name)?),
            peers: peers.iter().map(|peer| address_of(peer).map(Some)).collect::<Result<_, _>>()?,
            connect: if leads { Connect::AtStart } else { Connect::AtFirstPeer },
            answers: false,
            loss: Loss::EndsCalls,
            incoming_max: INCOMING_MAX,
            keep_call_id_prefix: false,
        },
        engine: ThirdParty { name: Some(name.to_owned()), peers },
    })
}

fn step_name(first: FirstCommand) -> &'static str {
    match first {
        FirstCommand::Sent => "sendCmd",
        FirstCommand::Received => "recvCmd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(twin: &str, master: &str, slave: &str, addresses: &str) -> Result<Mode, String> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let addresses = given(addresses).map(PathBuf::from);
        ThirdPartyOptions { twin: given(twin), master: given(master), slave: given(slave), addresses }.mode()
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert_eq!(mode("", "", "", ""), Ok(Mode::Alone));
        assert!(
            matches!(mode("127.0.0.1:7000", "", "", ""), Ok(Mode::Twin(host)) if host.port == Some(7000))
        );
        assert!(matches!(mode("", "m", "", "f"), Ok(Mode::Named { leads: true, .. })));
        assert!(matches!(mode("", "", "s", "f"), Ok(Mode::Named { leads: false, .. })));
        for (twin, master, slave, file) in [
            ("h:1", "m", "", "f"),
            ("h:1", "", "s", ""),
            ("h:1", "", "", "f"),
            ("", "m", "s", "f"),
            ("", "m", "", ""),
            ("", "", "s", ""),
            ("", "", "", "f"),
            ("h:x", "", "", ""),
        ] {
            assert!(mode(twin, master, slave, file).is_err(), "{twin} {master} {slave} {file}");
        }
    }
}
