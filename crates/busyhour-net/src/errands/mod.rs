//! What calls want done outside of the engine: shell commands, names of hosts and media files, on threads of their own,
//! so that no worker ever waits for them.

mod commands;
mod names;
mod pool;

use std::net::IpAddr;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use busyhour_engine::transport::CommandEnd;
use busyhour_engine::{CallRef, Errand, ErrandResult};
use busyhour_media::library::{BadMedia, Library, Wanted};

use self::commands::Commands;
use self::names::Names;
use self::pool::{Limits, Pool};
use crate::inbox::{Inbox, Request};
use crate::sys;

/// Commands that calls wait for (`exec verify`).
const VERIFY_LIMITS: Limits = Limits { threads_max: 64, waiting_max: 10_000 };
/// Commands that nobody waits for (`exec command`). They have threads of their own: some run as long as the run.
const RUN_LIMITS: Limits = Limits { threads_max: 256, waiting_max: 10_000 };
/// Names of hosts. The system's resolver takes seconds for one that nobody knows.
const NAME_LIMITS: Limits = Limits { threads_max: 4, waiting_max: 10_000 };

/// Media files whose names come up in the run. Reading one is a matter of the processor, which workers want too; and calls
/// that want the same file find it read.
const FILE_LIMITS: Limits = Limits { threads_max: 2, waiting_max: 100_000 };

/// The errands of all workers. Threads come with the first errand of their kind; those whose command still runs when
/// this is dropped are left to it, the others end.
#[derive(Debug)]
pub(crate) struct Errands {
    commands: Arc<Commands>,
    verifying: Arc<Pool<Job>>,
    running: Arc<Pool<Job>>,
    resolving: Arc<Pool<Query>>,
    loading: Arc<Pool<Load>>,
}

/// What errands have come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ErrandCounters {
    /// Commands started.
    pub(crate) commands_run: u64,
    /// Commands that ended with another status than 0, or by a signal.
    pub(crate) commands_failed: u64,
    /// Commands that could not be started or were too many, and names and files that were too many.
    pub(crate) refused: u64,
}

/// A command to run.
#[derive(Debug)]
struct Job {
    command: Vec<u8>,
    /// Which call of which worker waits for its end.
    waits: Option<(usize, CallRef)>,
}

/// A name to find.
#[derive(Debug)]
struct Query {
    worker: usize,
    call: CallRef,
    host: String,
}

/// A file to read.
#[derive(Debug)]
struct Load {
    worker: usize,
    call: CallRef,
    number: u32,
    library: Arc<Library>,
    file: Wanted,
}

/// How errands are done.
#[derive(Debug, Clone)]
pub(crate) struct ErrandOptions {
    /// Our own address: names get one of its family where they have it.
    pub(crate) local: IpAddr,
    /// Variables of the environment that commands don't see.
    pub(crate) hidden_environment: Vec<String>,
    /// Cores for the threads and commands if workers are pinned; whatever thread starts them has but one.
    pub(crate) cores: Option<Vec<usize>>,
}

impl Errands {
    /// For the workers with these inboxes.
    pub(crate) fn new(inboxes: &Arc<[Inbox]>, options: ErrandOptions) -> Errands {
        let ErrandOptions { local, hidden_environment, cores } = options;
        let commands = Arc::new(Commands::new(hidden_environment));
        let pool = |name, limits| {
            let (commands, inboxes) = (Arc::clone(&commands), Arc::clone(inboxes));
            Pool::new(name, limits, spread(cores.clone()), move |Job { command, waits }: Job| {
                let end = commands.run(&command, waits.is_some());
                if let Some((worker, call)) = waits {
                    answer(&inboxes, worker, call, ErrandResult::Command { command, end });
                }
            })
        };
        let verifying = pool("verify", VERIFY_LIMITS);
        let running = pool("command", RUN_LIMITS);
        let (names, resolver_inboxes) = (Names::new(local), Arc::clone(inboxes));
        let find = move |Query { worker, call, host }: Query| {
            let address = names.find(&host);
            answer(&resolver_inboxes, worker, call, ErrandResult::Resolved { host, address });
        };
        let resolving = Pool::new("names", NAME_LIMITS, spread(cores.clone()), find);
        let loader_inboxes = Arc::clone(inboxes);
        let load = move |Load { worker, call, number, library, file }: Load| {
            let start = Instant::now();
            // A call waits for the answer, also to a file that finds a mistake of ours.
            let result = catch_unwind(|| library.load(&file)).unwrap_or_else(|_| Err(unreadable(&file)));
            let took_ms = start.elapsed().as_millis() as u64;
            answer(&loader_inboxes, worker, call, ErrandResult::Loaded { number, file, result, took_ms });
        };
        let loading = Pool::new("files", FILE_LIMITS, spread(cores), load);
        Errands { commands, verifying, running, resolving, loading }
    }

    /// Begins an errand of a worker's call. Returns the answer at once if it is refused; else it comes into the
    /// worker's inbox, if somebody waits for it.
    pub(crate) fn begin(&self, worker: usize, errand: Errand) -> Option<(CallRef, ErrandResult)> {
        match errand {
            Errand::Run { command } => {
                self.commands.expect_start();
                if self.running.put(Job { command, waits: None }).is_err() {
                    self.commands.refuse();
                    self.commands.cancel_start();
                }
                None
            }
            Errand::Verify { call, command } => {
                let job = Job { command, waits: Some((worker, call)) };
                let Job { command, .. } = self.verifying.put(job).err()?;
                self.commands.refuse();
                let why = format!(
                    "{} run and {} wait already",
                    VERIFY_LIMITS.threads_max, VERIFY_LIMITS.waiting_max
                );
                Some((call, ErrandResult::Command { command, end: CommandEnd::NotStarted(why) }))
            }
            Errand::Resolve { call, host } => {
                let Query { host, .. } = self.resolving.put(Query { worker, call, host }).err()?;
                self.commands.refuse();
                Some((call, ErrandResult::Resolved { host, address: None }))
            }
            Errand::Load { call, number, library, file } => {
                let job = Load { worker, call, number, library, file };
                let Load { file, .. } = self.loading.put(job).err()?;
                self.commands.refuse();
                let bad = BadMedia {
                    what: format!(
                        "{}: {} files wait to be read already",
                        file.name(),
                        FILE_LIMITS.waiting_max
                    ),
                    help: "start fewer calls a second, or name the files without keywords".to_owned(),
                };
                Some((call, ErrandResult::Loaded { number, file, result: Err(bad), took_ms: 0 }))
            }
        }
    }

    /// Waits until every command of `exec command` has been started, at most so long; those that still wait then never
    /// run and are counted. For the end of a run.
    pub(crate) fn finish(&self, longest: Duration) {
        let deadline = Instant::now() + longest;
        while self.commands.unstarted() > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        self.verifying.close();
        self.resolving.close();
        self.loading.close();
        for _ in 0..self.running.close() {
            self.commands.refuse();
            self.commands.cancel_start();
        }
    }

    pub(crate) fn counters(&self) -> ErrandCounters {
        self.commands.counters()
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        self.finish(Duration::ZERO);
    }
}

/// What a new thread does first.
fn spread(cores: Option<Vec<usize>>) -> impl Fn() + Send + Sync + 'static {
    move || {
        if let Some(cores) = &cores {
            // A wish, like the pinning itself.
            let _ = sys::keep_on(cores);
        }
    }
}

fn unreadable(file: &Wanted) -> BadMedia {
    BadMedia {
        what: format!("{}: reading it has found a bug of busyhour's", file.name()),
        help: "please report it, with the file".to_owned(),
    }
}

fn answer(inboxes: &[Inbox], worker: usize, call: CallRef, result: ErrandResult) {
    // It is refused only by a worker that has ended, and then there is no call.
    let _ = inboxes[worker].put(Request::Errand(call, result));
}

#[cfg(test)]
mod tests {
    use busyhour_media::library::Loaded;
    use mio::{Poll, Token};

    use super::*;

    /// What comes into the inbox of worker 0, which has to be one answer.
    fn answer_of(errands: &Errands, inboxes: &[Inbox], errand: Errand) -> ErrandResult {
        assert!(errands.begin(0, errand).is_none(), "taken on");
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut requests = Vec::new();
        while requests.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
            inboxes[0].take(&mut requests);
        }
        match requests.pop() {
            Some(Request::Errand(_, result)) => result,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_are_read_and_bad_ones_too() {
        let poll = Poll::new().unwrap();
        let inboxes: Arc<[Inbox]> = vec![Inbox::new(poll.registry(), Token(0)).unwrap()].into();
        let options = ErrandOptions {
            local: IpAddr::from([127, 0, 0, 1]),
            hidden_environment: Vec::new(),
            cores: None,
        };
        let errands = Errands::new(&inboxes, options);
        let library = Arc::new(Library::new(None));
        let load = |name: &str| {
            let (library, file) = (Arc::clone(&library), Wanted::Capture(name.to_owned()));
            let errand = Errand::Load { call: CallRef::default(), number: 7, library, file };
            match answer_of(&errands, &inboxes, errand) {
                ErrandResult::Loaded { number: 7, file, result, .. } if file.name() == name => result,
                other => panic!("{other:?}"),
            }
        };
        // There is no such file: it is made.
        assert!(matches!(load("pcap/g711a.pcap"), Ok(Loaded::Capture(_))));
        assert!(load("/no/such.pcap").unwrap_err().what.contains("/no/such.pcap"));
        errands.finish(Duration::ZERO);
        let file = Wanted::Capture("late.pcap".to_owned());
        let late = Errand::Load { call: CallRef::default(), number: 8, library: Arc::clone(&library), file };
        let refused = errands.begin(0, late);
        assert!(matches!(refused, Some((_, ErrandResult::Loaded { number: 8, result: Err(_), .. }))));
        assert_eq!(errands.counters().refused, 1);
    }
}
