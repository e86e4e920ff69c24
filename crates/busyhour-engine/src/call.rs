//! One call: everything that is its own.

use std::collections::VecDeque;

use busyhour_scenario::program::DialogSlot;

use crate::auth;
use crate::call_id::CallId;
use crate::dead_call::Ending;
use crate::dialogs::Other;
use crate::injection::OwnLine;
use crate::media::CallMedia;
use crate::pool::Pool;
use crate::routes::Routes;
use crate::snapshot::FailureKind;
use crate::transport::{Path, Source};
use crate::variables::Value;
use busyhour_media::Time;

/// No step.
pub(crate) const NONE: u32 = u32::MAX;

/// A call in progress.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    /// [`hash`](crate::call_id::hash) of `id`.
    pub(crate) hash: u64,
    pub(crate) number: u64,
    pub(crate) user: u32,
    pub(crate) program: u8,
    pub(crate) flags: Flags,
    /// Index of the current step.
    pub(crate) step: u32,

    /// Where requests go, and by default everything.
    pub(crate) path: Path,
    /// Our port of `path.socket`.
    pub(crate) local_port: u16,

    pub(crate) created: Time,
    /// By how much the present chain of steps started later than planned, µs.
    pub(crate) behind_us: u32,
    /// Same for the call's start.
    pub(crate) start_behind_us: u32,

    /// End of the current pause; [`Time::ZERO`]: none.
    pub(crate) pause_until: Time,
    /// Receive timeout; [`Time::ZERO`]: none.
    pub(crate) receive_until: Time,
    pub(crate) retransmit: Retransmit,
    pub(crate) sent: Stored,
    /// Step of the last message sent; [`NONE`] before.
    pub(crate) sent_step: u32,

    /// The dialog of the step or message in hand; most calls have only this one.
    pub(crate) dialog: Dialog,
    /// Which one that is.
    pub(crate) slot: DialogSlot,
    /// Draws so far, so that each has a generator of its own.
    pub(crate) draws: u32,
    /// Errands that its next step waits for.
    pub(crate) errands: u32,
    /// The failure that an action left behind, to be counted at the end.
    pub(crate) failure: Option<FailureKind>,
    /// Messages already put into the batch of this serial number.
    pub(crate) batch: u32,
    pub(crate) rank: u8,
    /// Neighbours among the calls on the same stream.
    pub(crate) stream_next: u32,
    pub(crate) stream_previous: u32,

    /// Bit n: timer n was recorded. Only without a table of timers.
    pub(crate) recorded: u64,
    /// What only some scenarios use.
    pub(crate) tables: Option<Box<Tables>>,
    pub(crate) extra: Option<Box<Extra>>,
    pub(crate) media: Option<Box<CallMedia>>,
}

/// What a call knows of one dialog (spec-3.8 A2).
#[derive(Debug, Default)]
pub(crate) struct Dialog {
    pub(crate) received: Received,
    pub(crate) last: Last,
    pub(crate) peer_tag: Vec<u8>,
    pub(crate) cseq: u32,
    /// CSeq of the last INVITE received.
    pub(crate) invite_cseq: u32,
    /// An ACK was sent by a step, or received.
    pub(crate) established: bool,
    /// A 200 was received and no ACK sent since.
    pub(crate) ack_pending: bool,
    /// The last message sent was an INVITE.
    pub(crate) sent_invite: bool,
    /// The message that `received.answered` stands for was a request.
    pub(crate) answered_request: bool,
}

/// The last message taken, as far as later texts may speak of it.
#[derive(Debug, Default)]
pub(crate) struct Last {
    /// Header values ([`crate::kept::Layout`]).
    pub(crate) kept: Vec<u8>,
    /// CSeq number.
    pub(crate) cseq: u32,
    /// Status if it was a response, else 0.
    pub(crate) status: u16,
    pub(crate) is_request: bool,
    /// There was one.
    pub(crate) any: bool,
}

/// States that are yes or no.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// The current step has begun (its deadline is set, its bookkeeping done).
    pub(crate) entered: bool,
    /// Waits for its socket.
    pub(crate) opening: bool,
    /// Has a socket of its own, to be closed at the end.
    pub(crate) owns_socket: bool,
    /// Has given its socket up (`closecon`, `setdest`); `path.socket` is still the old one.
    pub(crate) no_socket: bool,
    /// Is to get a new one before its next step.
    pub(crate) wants_socket: bool,
    /// Made for a message outside calls: has no number and does not count.
    pub(crate) automatic: bool,
    /// A received message has started it, or another process (3PCC).
    pub(crate) received: bool,
    /// Stands in the list of calls that a request with an unknown Call-ID may belong to.
    pub(crate) may_adopt: bool,
    /// Over datagrams: retransmission and duplicate detection apply.
    pub(crate) datagrams: bool,
}

/// A message that may have to be sent again.
#[derive(Debug, Default)]
pub(crate) enum Stored {
    #[default]
    Nothing,
    /// Rendering its step again gives the same bytes.
    Again,
    /// The bytes.
    Bytes(Vec<u8>),
    /// The same as [`Received::answer`].
    Answer,
}

/// The retransmission timer of the last message sent (spec-engine §6).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Retransmit {
    /// Next repeat; [`Time::ZERO`]: no timer runs.
    pub(crate) at: Time,
    pub(crate) interval_ms: u32,
    pub(crate) repeats: u32,
}

/// Memory of received messages, to know a repeated one (spec-engine §5).
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// Hash and step of the last message, if nothing was sent since; 0: none.
    pub(crate) unanswered: u64,
    pub(crate) unanswered_step: u32,
    /// Hash and step of the message that was last answered; 0: none.
    pub(crate) answered: u64,
    pub(crate) answered_step: u32,
    /// Step that sent the answer, and the answer.
    pub(crate) answer_step: u32,
    pub(crate) answer: Stored,
}

/// Tables as long as the program says.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) variables: Vec<Value>,
    /// Empty where the program starts no timer: then all run from the call's creation.
    pub(crate) timers: Vec<Timer>,
    /// The call's lines of the injection files that its program uses; empty for an automatic call.
    pub(crate) lines: Vec<OwnLine>,
}

/// Start of a response-time timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer {
    /// When it was started.
    pub(crate) started: Time,
    /// By how much that was later than planned, µs.
    pub(crate) behind_us: u32,
    /// A duration was recorded.
    pub(crate) recorded: bool,
}

/// Most paths remembered in [`Extra::replies`].
pub(crate) const REPLIES_MAX: usize = 4;

/// State that only some scenarios need.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// Where the last few requests are to be answered, once one came from elsewhere (spec-3.8 E2): hash of the top Via
    /// branch, and the path.
    pub(crate) replies: VecDeque<(u64, Path)>,
    pub(crate) transactions: Vec<TransactionState>,
    pub(crate) server_transactions: Vec<ServerTransaction>,
    pub(crate) routes: Routes,
    /// The dialogs, once there are several; what is known of the one in hand stands in the call.
    pub(crate) others: Vec<Other>,
    /// Messages that wait for the next recv (`_unexp.main`, pauses at the start of a server).
    pub(crate) waiting: VecDeque<Waiting>,
    /// 3PCC commands that came before the call has come to their steps.
    pub(crate) commands: VecDeque<Vec<u8>>,
    /// Challenges and their use.
    pub(crate) auth: auth::State,
    /// End of the next pause, set by `pauserestore`.
    pub(crate) restored_pause: Option<Time>,
    /// Its circuit (`-tdmmap`).
    pub(crate) circuit: Option<u32>,
    /// Name and port of a `setdest` whose name is being looked up.
    pub(crate) destination: Option<(String, u16)>,
}

/// A message that waits for a recv.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// Its dialog.
    pub(crate) slot: DialogSlot,
    pub(crate) source: Source,
    pub(crate) bytes: Vec<u8>,
}

/// Most messages that wait for a recv.
pub(crate) const WAITING_MAX: usize = 64;

/// A client transaction of the call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TransactionState {
    /// Hash of the branch as sent; 0 before.
    pub(crate) branch: u64,
    /// Hash of its final response; 0 before.
    pub(crate) final_response: u64,
    /// Step of the ACK that was sent, plus 1; 0 before.
    pub(crate) ack_step: u32,
}

/// A server transaction of the call (spec-3.8 A2): a request, and what was answered.
#[derive(Debug, Default)]
pub(crate) struct ServerTransaction {
    pub(crate) request: Last,
    /// Hash of the request; 0 before there is one.
    pub(crate) hash: u64,
    /// Step that took it.
    pub(crate) step: u32,
    /// The last response and its step; empty before.
    pub(crate) answer: Vec<u8>,
    pub(crate) answer_step: u32,
}

/// What is to happen with a call after some work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for time or a message.
    Waits,
    /// It ends and late messages for it are recognised.
    Ends(Ending),
    /// It ends and is forgotten.
    EndsForgotten(Ending),
}

impl Call {
    pub(crate) fn new(pool: &mut Pool, id: &[u8], hash: u64, path: Path, now: Time) -> Call {
        Call {
            id: CallId::new(pool, id),
            hash,
            number: 0,
            user: 0,
            program: 0,
            flags: Flags::default(),
            step: 0,
            path,
            local_port: 0,
            created: now,
            behind_us: 0,
            start_behind_us: 0,
            pause_until: Time::ZERO,
            receive_until: Time::ZERO,
            retransmit: Retransmit::default(),
            sent: Stored::Nothing,
            sent_step: NONE,
            dialog: Dialog::default(),
            slot: 0,
            draws: 0,
            errands: 0,
            failure: None,
            batch: 0,
            rank: 0,
            stream_next: NONE,
            stream_previous: NONE,
            recorded: 0,
            tables: None,
            extra: None,
            media: None,
        }
    }

    /// The earliest of its deadlines; `None` if only a message can move it.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let wait_until = self.media.as_ref().map_or(Time::ZERO, |media| media.wait_until());
        [self.retransmit.at, self.pause_until, self.receive_until, wait_until]
            .into_iter()
            .filter(|&at| at != Time::ZERO)
            .min()
    }

    /// True while something outside of the engine must be done before its next step.
    pub(crate) fn waits_outside(&self) -> bool {
        self.flags.opening || self.errands > 0
    }

    /// Moves to another step, which has not begun.
    pub(crate) fn go_to(&mut self, step: u32) {
        self.step = step;
        self.flags.entered = false;
        self.receive_until = Time::ZERO;
        self.pause_until = Time::ZERO;
    }

    /// Stops the retransmission timer.
    pub(crate) fn stop_retransmission(&mut self, pool: &mut Pool) {
        self.retransmit = Retransmit::default();
        std::mem::take(&mut self.sent).recycle(pool);
    }

    /// The table of variables; empty where the program has none.
    pub(crate) fn variables(&self) -> &[Value] {
        self.tables.as_ref().map_or(&[], |tables| &tables.variables)
    }

    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Gives all buffers back.
    pub(crate) fn recycle(&mut self, pool: &mut Pool) {
        self.id.recycle(pool);
        std::mem::take(&mut self.sent).recycle(pool);
        std::mem::take(&mut self.dialog).recycle(pool);
        if let Some(extra) = &mut self.extra {
            extra.others.drain(..).for_each(|other| other.recycle(pool));
        }
    }
}

impl Dialog {
    pub(crate) fn recycle(self, pool: &mut Pool) {
        self.received.answer.recycle(pool);
        pool.give(self.last.kept);
        pool.give(self.peer_tag);
    }
}

impl Stored {
    pub(crate) fn recycle(self, pool: &mut Pool) {
        if let Stored::Bytes(bytes) = self {
            pool.give(bytes);
        }
    }
}

impl Call {
    /// Calls without a number draw their random numbers from the Call-ID too.
    pub(crate) fn automatic_id(&self) -> bool {
        self.number == 0
    }

    /// A warning about the call, which names it.
    pub(crate) fn warning(&self, text: &str) -> Vec<u8> {
        [text.as_bytes(), b", Call-Id '", self.id.as_bytes(), b"'"].concat()
    }
}
