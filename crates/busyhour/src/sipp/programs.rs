//! The scenarios of a run: the main one, the one for received calls (`-rxsf`), the one for requests outside calls
//! (`-oocsf`), and what each does (spec-3.8 B §3.1).

use std::sync::Arc;

use busyhour_engine::injection::Files as InjectionFiles;
use busyhour_engine::settings::{Placed, Run};
use busyhour_media::Library;
use busyhour_scenario::program::{Program, Role};
use busyhour_scenario::template::Keyword;

use super::options::ScenarioChoice;
use super::settings::RunPlan;
use crate::exit::Fatal;
use crate::scenario::{self, MediaFiles};

/// The scenarios, compiled and checked against each other.
#[derive(Debug)]
pub(super) struct Programs {
    /// `-sf`, `-sn`: places calls, or takes them where there is no other one.
    pub(super) main: Arc<Program>,
    received: Option<Arc<Program>>,
    out_of_call: Option<Arc<Program>>,
}

impl Programs {
    /// Loads what the plan names and its media files, and checks that it goes together and with the other options.
    pub(super) fn load(plan: &RunPlan, library: &Library) -> Result<Programs, Fatal> {
        let options = plan.scenario_options();
        let media = MediaFiles { library, default_payload: plan.media.default_payload };
        let load = |choice: &ScenarioChoice, file: &str, name: &str| match choice {
            ScenarioChoice::File(path) => {
                scenario::from_file(path, &options, media).map_err(|fatal| fatal.of(file))
            }
            ScenarioChoice::Embedded(known) => {
                scenario::from_name(known, &options, media).map_err(|fatal| fatal.of(name))
            }
        };
        let main = load(&plan.scenario, "", "-sn: ")?;
        let received = plan.received.as_ref().map(|choice| load(choice, "-rxsf: ", "-rxsn: ")).transpose()?;
        let out_of_call =
            plan.out_of_call.as_ref().map(|choice| load(choice, "-oocsf: ", "-oocsn: ")).transpose()?;
        let programs = Programs { main, received, out_of_call };
        programs.check_roles()?;
        programs.check_globals(&plan.globals)?;
        if plan.engine.circuits.is_none() {
            programs.check_no_circuits()?;
        }
        Ok(programs)
    }

    /// Who does what. The main scenario is the first.
    pub(super) fn run(&self, files: InjectionFiles) -> Run {
        let programs: Vec<_> = self.all().cloned().collect();
        let client = self.main.creation == Role::Client;
        let position = |is_there: bool, at: u8| is_there.then_some(at);
        let has_received = self.received.is_some();
        Run {
            programs,
            placed: if client { vec![Placed { program: 0, weight: 1 }] } else { Vec::new() },
            received: if client { position(has_received, 1) } else { Some(0) },
            out_of_call: position(self.out_of_call.is_some(), 1 + u8::from(has_received)),
            files: Arc::new(files),
        }
    }

    /// Position and name of those beside the main one.
    pub(super) fn others(&self) -> Vec<(usize, &str)> {
        self.all().enumerate().skip(1).map(|(at, program)| (at, program.base_name.as_str())).collect()
    }

    /// True if calls are placed by one scenario and received by another.
    pub(super) fn is_mixed(&self) -> bool {
        self.received.is_some()
    }

    /// All of them, in the order of [`Programs::run`].
    fn all(&self) -> impl Iterator<Item = &Arc<Program>> {
        std::iter::once(&self.main).chain(&self.received).chain(&self.out_of_call)
    }

    fn check_roles(&self) -> Result<(), Fatal> {
        let others = [(&self.received, "-rxsf and -rxsn"), (&self.out_of_call, "-oocsf and -oocsn")];
        for (program, options) in others {
            let Some(program) = program else { continue };
            if self.main.creation == Role::Server {
                return Err(Fatal::new(format!(
                    "{options} go with a main scenario that places calls, but {} waits for calls itself. Choose another \
                     main scenario by -sf or -sn, or leave the second one out.",
                    self.main.base_name
                )));
            }
            if program.creation == Role::Client {
                return Err(Fatal::new(format!(
                    "{options} name a scenario that is started by a message, but the first thing that {} does is to send. \
                     Its first message step must be a <recv>.",
                    program.base_name
                )));
            }
        }
        Ok(())
    }

    /// `-set` is checked before anything is opened.
    fn check_globals(&self, globals: &[(String, String)]) -> Result<(), Fatal> {
        let mut known: Vec<&str> = Vec::new();
        for name in self.all().flat_map(|program| &program.variables.global) {
            if !known.contains(&name.as_str()) {
                known.push(name);
            }
        }
        match globals.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => Err(Fatal::new(format!(
                "-set: there is no global variable \"{name}\": the scenario declares none. <Global \
                 variables=\"{name}\"/> would."
            ))),
            Some((name, _)) => Err(Fatal::new(format!(
                "-set: there is no global variable \"{name}\". The scenario declares {}.",
                known.join(", ")
            ))),
        }
    }

    fn check_no_circuits(&self) -> Result<(), Fatal> {
        for program in self.all() {
            if let Some((line, _)) = program.keywords().find(|(_, keyword)| **keyword == Keyword::TdmMap) {
                return Err(Fatal::new(format!(
                    "{}, line {line}: [tdmmap] keyword without -tdmmap parameter on command line. Name the circuits, like \
                     -tdmmap {{0-3}}{{99}}{{5-8}}{{1-31}}.",
                    program.base_name
                )));
            }
        }
        Ok(())
    }
}
