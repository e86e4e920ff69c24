//! The compiled scenario: what the engine runs.
//!
//! A [`Program`] is immutable and shared by all workers. Names are gone: labels are step indices, variables are
//! slots, timers and counters are numbers; names stay only in tables that reports print. Built by
//! [`load`](crate::load), never by hand outside tests.

mod action;
mod media;
mod step;
mod texts;

pub use action::{
    Action, Arithmetic, Check, Compare, Ereg, HeaderPlace, InternalCommand, Operand, SearchIn, Text,
};
pub use media::{Argument, Claim, ClaimKind, EchoChange, Figure, MediaAction, MediaFile, MediaUse, Stream};
pub use step::{
    Condition, Display, Distribution, Expect, Next, Optional, Pause, PauseLength, Recv, RecvCmd, RecvTimeout,
    Send, SendCmd, SendStart, Step, StepKind,
};

use crate::template::Template;

/// Index of a step, 0-based, in file order. `steps.len()` names the end of the scenario.
pub type StepIndex = u32;

/// Index into [`Program::timers`].
pub type TimerId = u16;

/// Index into [`Program::counters`].
pub type CounterId = u16;

/// Index into [`Program::transactions`].
pub type TransactionId = u16;

/// Index into [`Program::files`].
pub type FileId = u16;

/// Index into [`Program::dialogs`].
pub type DialogSlot = u16;

/// One scenario, ready to run.
#[derive(Debug)]
pub struct Program {
    /// `<scenario name="…">`; empty if absent. Shown on screens.
    pub title: String,
    /// File name without folder and without a final `.xml`, or the embedded scenario's name. Prefix of output files.
    pub base_name: String,
    /// Who starts calls (spec-scenario §2.1).
    pub creation: Role,
    /// Whether sends go to the fixed remote (client) or back to where the call came from (server).
    pub sending: Role,
    /// The message steps.
    pub steps: Vec<Step>,
    /// The nops of `<init>`, run once before traffic. Labels inside are local to it.
    pub init: Vec<Step>,
    /// Variables by scope.
    pub variables: VariableTable,
    /// Names of response-time timers (RTDs), in order of first appearance; `true` is named `1`.
    pub timers: Vec<String>,
    /// Names of user counters, in order of first appearance.
    pub counters: Vec<String>,
    /// Named transactions.
    pub transactions: Vec<Transaction>,
    /// Numbers of the dialogs that its steps name, the first always 1 (spec-3.8 A2).
    pub dialogs: Vec<u32>,
    /// Injection files that its keywords name by `file=`; `None` stands for the default one, the first `-inf`.
    pub files: Vec<Option<String>>,
    /// Which command step comes first, if there are any (spec-scenario §2.1).
    pub first_command: Option<FirstCommand>,
    /// Borders in ms of `<ResponseTimeRepartition>`, sorted, per timer (it reaches only timers named before it in
    /// the file: spec-outputs §3). Empty: none.
    pub response_time_borders: Vec<Vec<u32>>,
    /// Borders in ms of `<CallLengthRepartition>`, sorted. Empty: none.
    pub call_length_borders: Vec<u32>,
    /// Replacements of automatic messages made by `<DefaultMessage>`.
    pub default_messages: Vec<(DefaultMessage, Template)>,
    /// What the engine must keep of a received message for later steps.
    pub keep: Keep,
    /// Step named by the label `_unexp.main`, if there is one.
    pub unexpected_main: Option<StepIndex>,
    /// The variables `_unexp.retaddr` and `_unexp.pausedaddr`, where the scenario uses them.
    pub unexpected_return: Option<Variable>,
    /// See [`Program::unexpected_return`].
    pub unexpected_paused: Option<Variable>,
    /// Sum of the 99th percentiles of all pauses with a length of their own, in ms (spec-engine §9.3).
    pub pause_p99_ms: u64,
    /// Number of pauses without a length of their own: each lasts `-d`.
    pub default_pauses: u32,
    /// What it needs of the media side.
    pub media: MediaUse,
    /// True if any step has a `lost` attribute: the loss column is then shown.
    pub has_loss: bool,
}

/// Client or server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Starts calls, or sends to the configured remote.
    Client,
    /// Waits for calls, or answers to where they came from.
    Server,
}

/// The first of a scenario's `sendCmd` and `recvCmd` steps: it makes the scenario a 3PCC controller's A or B side, or
/// a master or slave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCommand {
    /// A `sendCmd`.
    Sent,
    /// A `recvCmd`.
    Received,
}

/// Names of variables. A [`Variable`] is a scope and an index into the scope's list.
#[derive(Debug, Default, Clone)]
pub struct VariableTable {
    /// One instance for each call.
    pub call: Vec<String>,
    /// One instance for each user (`-users`), surviving between calls.
    pub user: Vec<String>,
    /// One instance for the run.
    pub global: Vec<String>,
}

/// A variable, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variable {
    /// Whose table.
    pub scope: Scope,
    /// Index in that table.
    pub slot: u16,
}

/// Life of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The call.
    Call,
    /// The user.
    User,
    /// The run.
    Global,
}

/// A named transaction (spec-scenario §3.4).
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its name.
    pub name: String,
    /// True if an INVITE starts it.
    pub invite: bool,
    /// True for a server transaction: started by a received request, answered by sent responses.
    pub server: bool,
}

/// What must be kept of a received message, beside what automatic messages need (Via, From, To, Call-ID, CSeq).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Only these further headers (names as written in `[last_…]`, without colon), possibly none.
    Headers(Vec<String>),
    /// The whole message: `[last_message]` or the like is used.
    Everything,
}

/// Automatic messages that `<DefaultMessage>` may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultMessage {
    /// `3pcc_abort`.
    ThirdPartyAbort,
    /// `ack`.
    Ack,
    /// `ack2`.
    Ack2,
    /// `bye`.
    Bye,
    /// `cancel`.
    Cancel,
    /// `200`.
    Ok,
}
