//! Threads that come when there is work for them, and a queue with an end.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How much a pool takes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most threads, so most jobs done at a time.
    pub(super) threads_max: usize,
    /// Most jobs that wait for a thread; a further one is refused.
    pub(super) waiting_max: usize,
}

/// Does jobs in order, several at a time. A thread is started when a job comes and all others are busy, and stays.
pub(super) struct Pool<J> {
    name: &'static str,
    limits: Limits,
    begin: Box<dyn Fn() + Send + Sync>,
    work: Box<dyn Fn(J) + Send + Sync>,
    state: Mutex<State<J>>,
    filled: Condvar,
}

#[derive(Debug)]
struct State<J> {
    waiting: VecDeque<J>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl<J: Send + 'static> Pool<J> {
    /// Each thread calls `begin` once and then `work` for each job.
    pub(super) fn new(
        name: &'static str,
        limits: Limits,
        begin: impl Fn() + Send + Sync + 'static,
        work: impl Fn(J) + Send + Sync + 'static,
    ) -> Arc<Pool<J>> {
        let state = State { waiting: VecDeque::new(), threads: 0, idle: 0, closed: false };
        Arc::new(Pool {
            name,
            limits,
            begin: Box::new(begin),
            work: Box::new(work),
            state: Mutex::new(state),
            filled: Condvar::new(),
        })
    }

    /// Takes a job on.
    ///
    /// # Errors
    /// Gives the job back when too many wait, the pool is closed, or the system has no thread for the first one.
    pub(super) fn put(self: &Arc<Self>, job: J) -> Result<(), J> {
        let mut state = self.state();
        if state.closed || state.waiting.len() >= self.limits.waiting_max {
            return Err(job);
        }
        state.waiting.push_back(job);
        if state.idle < state.waiting.len() && state.threads < self.limits.threads_max {
            let pool = Arc::clone(self);
            match thread::Builder::new().name(self.name.to_owned()).spawn(move || pool.run()) {
                Ok(_) => state.threads += 1,
                // Those that there are will come to it.
                Err(_) if state.threads > 0 => {}
                Err(_) => return state.waiting.pop_back().map_or(Ok(()), Err),
            }
        }
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Ends the threads as soon as each is through with its job, and forgets the jobs that wait. Returns their number.
    pub(super) fn close(&self) -> usize {
        let mut state = self.state();
        state.closed = true;
        let forgotten = std::mem::take(&mut state.waiting);
        drop(state);
        self.filled.notify_all();
        forgotten.len()
    }

    fn run(&self) {
        (self.begin)();
        while let Some(job) = self.next() {
            (self.work)(job);
        }
    }

    fn next(&self) -> Option<J> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            if state.closed {
                state.threads -= 1;
                return None;
            }
            state.idle += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        // Nothing in here panics with the lock held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> fmt::Debug for Pool<J> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn jobs_beyond_the_threads_wait_and_beyond_the_queue_come_back() {
        let (go, gate) = mpsc::channel::<()>();
        let (done, results) = mpsc::channel();
        let gate = Mutex::new(gate);
        let limits = Limits { threads_max: 2, waiting_max: 3 };
        let pool = Pool::new(
            "test",
            limits,
            || {},
            move |job: u32| {
                gate.lock().unwrap().recv().unwrap();
                done.send(job).unwrap();
            },
        );
        let mut refused = Vec::new();
        for job in 0..20 {
            if let Err(job) = pool.put(job) {
                refused.push(job);
            }
        }
        // A thread that has not come to its first job yet leaves it in the queue.
        assert!((15..=17).contains(&refused.len()), "{refused:?}");
        for _ in 0..20 - refused.len() {
            go.send(()).unwrap();
        }
        let mut all: Vec<u32> =
            (0..20 - refused.len()).map(|_| results.recv_timeout(PATIENCE).unwrap()).collect();
        all.extend(refused);
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
        assert!(pool.state().threads <= 2);
    }

    #[test]
    fn a_closed_pool_forgets_what_waits_and_its_threads_end() {
        let (done, results) = mpsc::channel();
        let limits = Limits { threads_max: 1, waiting_max: 100 };
        let pool = Pool::new(
            "test",
            limits,
            || {},
            move |job: u32| {
                done.send(job).unwrap();
                if job == 0 {
                    thread::sleep(Duration::from_millis(100));
                }
            },
        );
        for job in 0..5 {
            pool.put(job).unwrap();
        }
        assert_eq!(results.recv_timeout(PATIENCE), Ok(0));
        assert_eq!(pool.close(), 4);
        assert_eq!(pool.put(9), Err(9));
        // The sender goes with the last thread and the pool.
        drop(pool);
        assert_eq!(results.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
