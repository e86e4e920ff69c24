//! The little that workers share: written once a call, never for a message.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use busyhour_scenario::program::Scope;

use crate::call_id;
use crate::circuits::Circuits;
use crate::injection::{self, Files};
use crate::settings::Run;
use crate::variables::Value;

/// Calls that one worker has ended, in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Ended {
    all: AtomicU64,
    /// Those that no message had started.
    placed: AtomicU64,
}

/// Calls that have begun, in a cache line of their own: what stands beside it is read for every message.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Created {
    all: AtomicU64,
    /// Those among them that the plan started.
    placed: AtomicU64,
}

/// State shared by the workers of a run.
///
/// Call numbers, `-m`, `-l` and the end of the run are exact over all workers, so they need one place each.
#[derive(Debug)]
pub struct Shared {
    created: Created,
    quit: AtomicU32,
    stopped: AtomicBool,
    paused: AtomicU32,
    ended: Box<[Ended]>,
    dynamic_id: AtomicI64,
    users: AtomicI64,
    values: Mutex<SharedValues>,
    files: Arc<Files>,
    /// Some program has a `replace` or `insert` action, so a call's line may change under it, or hold new keywords.
    changes_files: bool,
    /// Some program has calls with several dialogs.
    one_owner: bool,
    circuits: Circuits,
}

/// Variables that outlive a call. Programs have slots of their own; here they are found by name.
#[derive(Debug, Default)]
pub(crate) struct SharedValues {
    global_names: Vec<String>,
    user_names: Vec<String>,
    globals: Vec<Value>,
    /// By user id; id 0 is nobody.
    users: Vec<Vec<Value>>,
}

impl SharedValues {
    /// The place of a program's slot in these tables.
    pub(crate) fn place(&self, scope: Scope, name: &str) -> usize {
        let names = if scope == Scope::Global { &self.global_names } else { &self.user_names };
        // Every name of every program was entered by `Shared::new`.
        names.iter().position(|known| known == name).unwrap_or_default()
    }

    /// A global variable (user 0 for those), or a variable of a user.
    pub(crate) fn get(&self, user: u32, scope: Scope, place: usize) -> &Value {
        match scope {
            Scope::User => {
                self.users.get(user as usize).and_then(|values| values.get(place)).unwrap_or(&Value::Unset)
            }
            _ => self.globals.get(place).unwrap_or(&Value::Unset),
        }
    }

    /// The same, to be changed. Users are entered as they come.
    ///
    /// # Panics
    /// If there is no such place: `Shared::new` has made one for every name.
    pub(crate) fn get_mut(&mut self, user: u32, scope: Scope, place: usize) -> &mut Value {
        if scope != Scope::User {
            return &mut self.globals[place];
        }
        if self.users.len() <= user as usize {
            self.users.resize_with(user as usize + 1, Vec::new);
        }
        let values = &mut self.users[user as usize];
        if values.is_empty() {
            values.resize(self.user_names.len(), Value::Unset);
        }
        &mut values[place]
    }
}

impl Shared {
    /// For so many workers that run these programs.
    pub fn new(workers: usize, run: &Run) -> Shared {
        let mut values = SharedValues::default();
        for program in &run.programs {
            for (names, known) in [
                (&program.variables.global, &mut values.global_names),
                (&program.variables.user, &mut values.user_names),
            ] {
                for name in names {
                    if !known.contains(name) {
                        known.push(name.clone());
                    }
                }
            }
        }
        values.globals = vec![Value::Unset; values.global_names.len()];
        Shared {
            created: Created::default(),
            quit: AtomicU32::new(0),
            stopped: AtomicBool::new(false),
            paused: AtomicU32::new(0),
            ended: (0..workers).map(|_| Ended::default()).collect(),
            dynamic_id: AtomicI64::new(i64::MIN),
            users: AtomicI64::new(-1),
            values: Mutex::new(values),
            files: Arc::clone(&run.files),
            changes_files: run.programs.iter().any(|program| injection::changes_files(program)),
            one_owner: run.programs.iter().any(|program| program.dialogs.len() > 1),
            circuits: Circuits::default(),
        }
    }

    /// Sets a global variable to a text (`-set`). False if no program declares it.
    pub fn set_global(&self, name: &str, text: &str) -> bool {
        let mut values = self.values();
        let Some(place) = values.global_names.iter().position(|known| known == name) else { return false };
        values.globals[place] = Value::Text(text.as_bytes().to_vec());
        true
    }

    /// Names of all global variables.
    pub fn global_names(&self) -> Vec<String> {
        self.values().global_names.clone()
    }

    /// The injection files.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The circuits of `-tdmmap`.
    pub(crate) fn circuits(&self) -> &Circuits {
        &self.circuits
    }

    /// Whether lines of injection files may change, or come in.
    pub(crate) fn changes_files(&self) -> bool {
        self.changes_files
    }

    /// The variables that outlive calls.
    pub(crate) fn values(&self) -> MutexGuard<'_, SharedValues> {
        // Values are whole after every assignment, so a panic elsewhere has not broken them.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker, 0-based, that owns a Call-ID: a pure function of what follows `///`. Where calls have several
    /// dialogs, whose Call-IDs may be anything, worker 0 owns all.
    pub fn owner(&self, call_id: &[u8]) -> usize {
        if self.one_owner || self.workers() == 1 {
            return 0;
        }
        call_id::owner_of_hash(call_id::hash(call_id), self.workers())
    }

    /// Number of workers.
    pub fn workers(&self) -> usize {
        self.ended.len()
    }

    /// Takes the next call number, 1-based, unless `max` calls exist already.
    pub fn next_call(&self, max: Option<u64>) -> Option<u64> {
        let Some(max) = max else { return Some(self.created.all.fetch_add(1, Relaxed) + 1) };
        self.created.all.fetch_update(Relaxed, Relaxed, |n| (n < max).then_some(n + 1)).ok().map(|n| n + 1)
    }

    /// Calls created so far, incoming and outgoing.
    pub fn created(&self) -> u64 {
        self.created.all.load(Relaxed)
    }

    /// Notes that `worker` has ended `all` calls so far, `placed` of which no message had started.
    pub(crate) fn set_ended(&self, worker: usize, all: u64, placed: u64) {
        self.ended[worker].all.store(all, Relaxed);
        self.ended[worker].placed.store(placed, Relaxed);
    }

    /// Calls created and not yet ended, over all workers.
    pub fn open(&self) -> u64 {
        let ended: u64 = self.ended.iter().map(|ended| ended.all.load(Relaxed)).sum();
        self.created().saturating_sub(ended)
    }

    /// Notes that the plan has started so many calls so far.
    pub(crate) fn set_placed(&self, placed: u64) {
        self.created.placed.store(placed, Relaxed);
    }

    /// Calls that the plan started and that have not yet ended, over all workers: those that `-l` limits.
    pub fn open_placed(&self) -> u64 {
        let ended: u64 = self.ended.iter().map(|ended| ended.placed.load(Relaxed)).sum();
        self.created.placed.load(Relaxed).saturating_sub(ended)
    }

    /// The next `[dynamic_id]`, from (start, max, step).
    pub(crate) fn next_dynamic_id(&self, (start, max, step): (i64, i64, i64)) -> i64 {
        let next = |last: i64| match last.checked_add(step) {
            Some(next) if last != i64::MIN && next <= max => next,
            _ => start,
        };
        // The closure always gives a value, so this cannot fail.
        let last = self.dynamic_id.fetch_update(Relaxed, Relaxed, |last| Some(next(last)));
        next(last.unwrap_or(i64::MIN))
    }

    /// Present number of users, in users mode.
    pub(crate) fn users(&self) -> Option<u32> {
        u32::try_from(self.users.load(Relaxed)).ok()
    }

    pub(crate) fn set_users(&self, users: u32) {
        self.users.store(i64::from(users), Relaxed);
    }

    /// The quitting level (spec-engine §1.1): 0 run, 1–10 no new calls, from 11 on abort everything.
    pub fn quit_level(&self) -> u32 {
        self.quit.load(Relaxed)
    }

    /// Raises the quitting level by so much.
    pub fn raise_quit(&self, by: u32) {
        let _ = self.quit.fetch_update(Relaxed, Relaxed, |level| Some(level.saturating_add(by)));
    }

    /// Sets the quitting level to 1 if it is 0.
    pub fn begin_quit(&self) {
        let _ = self.quit.compare_exchange(0, 1, Relaxed, Relaxed);
    }

    /// From now on nothing happens any more in any call: a scenario has ended the run.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// True while the creation of calls is paused.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Relaxed) != 0
    }

    /// Pauses or resumes the creation of calls.
    pub fn set_paused(&self, paused: bool) {
        self.paused.store(u32::from(paused), Relaxed);
    }

    /// True once the run is quitting and no call is open anywhere.
    pub fn is_finished(&self) -> bool {
        self.quit_level() >= 1 && self.open() == 0
    }
}
