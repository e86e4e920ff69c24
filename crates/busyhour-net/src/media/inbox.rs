//! What other threads put before a media thread.

use std::sync::mpsc;

use busyhour_media::{Command, MediaSnapshot, What};

use crate::letterbox::Letterbox;

/// Most commands that wait at a time; the thread takes all of them each turn. Those without which a call's media would
/// never begin or end, or the call wait for ever, come on top: there are but a few of them for each open call.
const COMMANDS_MAX: usize = 1 << 20;

/// Who wants a snapshot: the answer holds the thread's number.
pub(super) type Asking = mpsc::Sender<(usize, MediaSnapshot)>;

/// A media thread's inbox and alarm clock.
pub(super) type MediaInbox = Letterbox<Waiting, MediaSnapshot>;

#[derive(Debug, Default)]
pub(super) struct Waiting {
    commands: Vec<Command>,
    asking: Vec<Asking>,
}

impl MediaInbox {
    /// Takes all of `commands`, leaving it empty; says how many were dropped for want of room.
    pub(super) fn put(&self, commands: &mut Vec<Command>) -> u64 {
        let dropped = self.put_with(|waiting| Some(waiting.add(commands)));
        dropped.unwrap_or_else(|| {
            // The run is over for this thread, and all calls' media with it.
            commands.clear();
            0
        })
    }

    /// Asks for a snapshot; false if the thread has ended.
    pub(super) fn ask(&self, asking: Asking) -> bool {
        let put = self.put_with(|waiting| {
            waiting.asking.push(asking);
            Some(())
        });
        put.is_some()
    }

    /// Swaps what waits into these, which must be empty.
    pub(super) fn take(&self, commands: &mut Vec<Command>, asking: &mut Vec<Asking>) {
        self.take_with(|waiting| {
            std::mem::swap(&mut waiting.commands, commands);
            std::mem::swap(&mut waiting.asking, asking);
        });
    }
}

impl Waiting {
    /// Takes all of `commands`; says how many were dropped for want of room.
    fn add(&mut self, commands: &mut Vec<Command>) -> u64 {
        let mut dropped = 0;
        if self.commands.len() + commands.len() <= COMMANDS_MAX {
            self.commands.append(commands);
        } else {
            for command in commands.drain(..) {
                if self.commands.len() < COMMANDS_MAX || is_vital(&command.what) {
                    self.commands.push(command);
                } else {
                    dropped += 1;
                }
            }
        }
        dropped
    }
}

/// Whether a call could not begin, end or go on without it.
fn is_vital(what: &What) -> bool {
    match what {
        What::Begin(_) | What::Listen { .. } | What::Remote { .. } | What::Secure { .. } => true,
        What::TellStreamsEnd(_) | What::End => true,
        What::Play { .. } | What::Pause(_) | What::Resume(_) | What::StopStream(_) | What::Echo { .. } => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use busyhour_media::MediaCall;
    use busyhour_media::command::Media;

    fn command(what: What) -> Command {
        Command { thread: 0, call: MediaCall { worker: 0, token: 0 }, what }
    }

    #[test]
    fn a_full_inbox_still_takes_the_ends_of_calls() {
        let poll = mio::Poll::new().unwrap();
        let inbox = MediaInbox::new(poll.registry(), mio::Token(0)).unwrap();
        let mut full: Vec<_> = (0..COMMANDS_MAX).map(|_| command(What::Pause(Media::All))).collect();
        assert_eq!(inbox.put(&mut full), 0);
        let mut more = vec![command(What::Resume(Media::All)), command(What::End)];
        assert_eq!(inbox.put(&mut more), 1);
        assert!(more.is_empty());
        let mut taken = Vec::new();
        inbox.take(&mut taken, &mut Vec::new());
        assert_eq!(taken.len(), COMMANDS_MAX + 1);
        assert!(matches!(taken.last().unwrap().what, What::End));
        inbox.close(None);
        assert_eq!(inbox.put(&mut vec![command(What::End)]), 0);
    }
}
