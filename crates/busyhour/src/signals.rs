//! Signals as values in a channel. A thread of its own waits for them; it ends with the process.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::Signals;

/// Longest line of signals nobody has looked at; more are as good as none.
const WAITING_MAX: usize = 64;

/// What somebody outside wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT or SIGTERM.
    Stop,
    /// SIGUSR1.
    Quit,
    /// SIGUSR2.
    DumpScreens,
}

/// The process's signals since [`SignalQueue::open`].
#[derive(Debug)]
pub(crate) struct SignalQueue(Receiver<Signal>);

impl SignalQueue {
    /// Takes these signals over from their default actions. SIGXFSZ is only kept from killing us: the write that
    /// caused it then fails. SIGPIPE is ignored already.
    pub(crate) fn open() -> std::io::Result<SignalQueue> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ])?;
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in &mut signals {
                let signal = match signal {
                    SIGUSR1 => Signal::Quit,
                    SIGUSR2 => Signal::DumpScreens,
                    SIGINT | SIGTERM => Signal::Stop,
                    _ => continue,
                };
                // Full or closed: nobody looks, and nothing is lost by one more.
                let _ = sender.try_send(signal);
            }
        })?;
        Ok(SignalQueue(receiver))
    }

    /// Waits at most so long for a signal.
    pub(crate) fn wait(&self, longest: Duration) -> Option<Signal> {
        match self.0.recv_timeout(longest) {
            Ok(signal) => Some(signal),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(longest);
                None
            }
        }
    }
}
