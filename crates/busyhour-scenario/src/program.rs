//! The compiled scenario: what the engine runs.
//!
//! A [`Program`] is immutable and shared by all workers. Names are gone: labels are step indices, variables are
//! slots, timers and counters are numbers; names stay only in tables that reports print. Built by
//! [`load`](crate::load), never by hand outside tests.

use crate::regex::Pattern;
use crate::template::Template;

/// Index of a step, 0-based, in file order. `steps.len()` names the end of the scenario.
pub type StepIndex = u32;

/// Index into [`Program::timers`].
pub type TimerId = u16;

/// Index into [`Program::counters`].
pub type CounterId = u16;

/// Index into [`Program::transactions`].
pub type TransactionId = u16;

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
}

/// What must be kept of a received message, beside what automatic messages need (Via, From, To, Call-ID, CSeq).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Only these further headers (names as written in `[last_…]`, without colon), possibly none.
    Headers(Vec<String>),
    /// The whole message: `[last_message]` or the like is used.
    Everything,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Timers it starts.
    pub start_timers: Vec<TimerId>,
    /// Timers it stops.
    pub stop_timers: Vec<TimerId>,
    /// Record the stopped timers each time, not once a call.
    pub repeat_timers: bool,
    /// Counter to raise.
    pub counter: Option<CounterId>,
    /// Where to go afterwards.
    pub next: Option<Next>,
    /// Run only if this variable is set (or not, with the flag).
    pub condition: Option<Condition>,
    /// Simulated loss in percent; `None`: `-lost` counts.
    pub lost_percent: Option<f64>,
    /// Where to go when the receive timeout fires or retransmissions are exhausted.
    pub on_timeout: Option<StepIndex>,
    /// Actions in document order.
    pub actions: Vec<Action>,
    /// An incoming SDP does not set up media while this step is current.
    pub ignore_sdp: bool,
    /// Dialog of this send or recv, 1-based. Only 1 is run today.
    pub dialog: u32,
    /// How screens show it.
    pub display: Display,
    /// Line in the scenario file, 1-based.
    pub line: u32,
}

/// `next`, `test` and `chance`.
#[derive(Debug, Clone, Copy)]
pub struct Next {
    /// Target; `steps.len()` is the end.
    pub target: StepIndex,
    /// Branch only if this variable is set.
    pub test: Option<Variable>,
    /// Probability 0..=1.
    pub chance: f32,
}

/// `condexec` and `condexec_inverse`.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    /// The variable looked at.
    pub variable: Variable,
    /// Run if it is *not* set.
    pub inverse: bool,
}

/// Presentation of a step on SIPp's scenario screen.
#[derive(Debug, Clone, Default)]
pub struct Display {
    /// `display="…"`.
    pub text: Option<String>,
    /// A blank line follows.
    pub blank_line: bool,
    /// Not drawn.
    pub hidden: bool,
}

/// The kinds of step.
#[derive(Debug)]
pub enum StepKind {
    /// Sends a message.
    Send(Send),
    /// Waits for a message.
    Recv(Recv),
    /// Waits for time to pass.
    Pause(Pause),
    /// Only actions.
    Nop,
    /// Sends a third-party-call-control command. Loads; not run yet.
    SendCmd(SendCmd),
    /// Waits for such a command. Loads; not run yet.
    RecvCmd(RecvCmd),
}

/// A `send`.
#[derive(Debug)]
pub struct Send {
    /// The message.
    pub template: Template,
    /// Its literal start line.
    pub start: SendStart,
    /// First repeat after so many ms (UDP); 0: none.
    pub retrans_ms: u32,
    /// `timeout` in ms; 0: `-send_timeout`.
    pub timeout_ms: u32,
    /// Transaction that this request starts.
    pub start_transaction: Option<TransactionId>,
    /// Transaction that this ACK ends.
    pub ack_transaction: Option<TransactionId>,
    /// Server transaction that this response belongs to.
    pub response_transaction: Option<TransactionId>,
}

/// Start line of a `send`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendStart {
    /// A request with this method.
    Request(String),
    /// A response with this code.
    Response(u16),
}

/// A `recv`.
#[derive(Debug)]
pub struct Recv {
    /// What it matches.
    pub expect: Expect,
    /// Optional, and how far it reaches.
    pub optional: Optional,
    /// False: a match does not move the call on.
    pub advance_state: bool,
    /// Receive timeout.
    pub timeout: RecvTimeout,
    /// Store the route set.
    pub record_route_set: bool,
    /// Remember the challenge of a 401/407.
    pub auth: bool,
    /// Server transaction that this request starts.
    pub start_transaction: Option<TransactionId>,
    /// Transaction that this response must belong to.
    pub response_transaction: Option<TransactionId>,
    /// Concatenation of the methods of all requests sent by earlier steps (without `start_txn`/`ack_txn`), e.g.
    /// `INVITEACKBYE`: a response matches if its CSeq method is a substring (spec-engine §3.3).
    pub methods_sent_before: String,
}

/// What a `recv` waits for.
#[derive(Debug)]
pub enum Expect {
    /// This method, exactly.
    Request(String),
    /// A method in which the expression is found.
    RequestMatching(Pattern),
    /// This status code.
    Response(u16),
    /// A status code in whose decimal form the expression is found.
    ResponseMatching(Pattern),
    /// Neither `request` nor `response` was given: it never matches.
    Nothing,
}

/// `optional`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optional {
    /// Mandatory.
    No,
    /// Reached from steps around it.
    Yes,
    /// Reached from anywhere after it.
    Global,
}

/// `timeout` of a `recv`.
#[derive(Debug)]
pub enum RecvTimeout {
    /// `-recv_timeout` counts.
    Default,
    /// So many ms; negative fires at once.
    Fixed(i32),
    /// Rendered when the step becomes current; leading number in ms.
    Rendered(Template),
}

/// A `pause` or `timewait`.
#[derive(Debug, Clone)]
pub struct Pause {
    /// How long.
    pub length: PauseLength,
    /// `timewait`: the call has succeeded if its connection closes now.
    pub final_wait: bool,
}

/// Length of a pause.
#[derive(Debug, Clone)]
pub enum PauseLength {
    /// `-d`.
    Default,
    /// The variable's value, in ms.
    Variable(Variable),
    /// Drawn, in ms; below 1 is 0, the fraction is cut.
    Drawn(Distribution),
}

/// Distributions of pauses (ms) and of `sample`.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Always the value.
    Fixed(f64),
    /// Between min and max.
    Uniform {
        /// Lowest value.
        min: f64,
        /// Highest value.
        max: f64,
    },
    /// Gaussian.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        stdev: f64,
    },
    /// exp of a gaussian.
    LogNormal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        stdev: f64,
    },
    /// By its mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Scale lambda, shape k.
    Weibull {
        /// Scale.
        lambda: f64,
        /// Shape.
        k: f64,
    },
    /// Shape k, scale x_m.
    Pareto {
        /// Shape.
        k: f64,
        /// Scale.
        x_m: f64,
    },
    /// Generalised Pareto.
    GPareto {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
        /// Location.
        location: f64,
    },
    /// Shape k, scale theta.
    Gamma {
        /// Shape.
        k: f64,
        /// Scale.
        theta: f64,
    },
    /// Failures before the n-th success of probability p.
    NegBin {
        /// Probability of a success.
        p: f64,
        /// Number of successes.
        n: f64,
    },
}

/// A `sendCmd`.
#[derive(Debug)]
pub struct SendCmd {
    /// The text.
    pub template: Template,
    /// `dest`.
    pub destination: Option<String>,
}

/// A `recvCmd`.
#[derive(Debug)]
pub struct RecvCmd {
    /// Optional, and how far it reaches.
    pub optional: Optional,
    /// `src`.
    pub source: Option<String>,
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

/// A number given in the file or held by a variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operand {
    /// From the file.
    Value(f64),
    /// From a variable.
    Variable(Variable),
}

/// An action. What an action of a later issue needs is [`Action::NotAvailable`].
#[derive(Debug)]
pub enum Action {
    /// `ereg`.
    Ereg(Ereg),
    /// `log`.
    Log(Template),
    /// `warning`.
    Warning(Template),
    /// `error`: ends the run.
    Error(Template),
    /// `assign`.
    Assign {
        /// The variable that is set.
        to: Variable,
        /// What it is set to, or by.
        value: Operand,
    },
    /// `assignstr`.
    AssignString {
        /// The variable that is set.
        to: Variable,
        /// What it is set to, or by.
        value: Template,
    },
    /// `add`, `subtract`, `multiply`, `divide`, in place.
    Arithmetic {
        /// Which operation.
        operator: Arithmetic,
        /// The variable that is set.
        to: Variable,
        /// What it is set to, or by.
        value: Operand,
    },
    /// `sample`.
    Sample {
        /// The variable that is set.
        to: Variable,
        /// What is drawn from.
        distribution: Distribution,
    },
    /// `todouble`.
    ToDouble {
        /// The variable that is set.
        to: Variable,
        /// The variable that is read.
        from: Variable,
    },
    /// `test`: compares doubles.
    Test {
        /// The variable that is looked at.
        variable: Variable,
        /// How.
        compare: Compare,
        /// What it is compared with.
        with: Operand,
        /// Where the result goes.
        assign_to: Option<Variable>,
        /// Whether the call fails by it.
        check: Check,
    },
    /// `strcmp`.
    StringCompare {
        /// The variable that is looked at.
        variable: Variable,
        /// What it is compared with.
        with: Text,
        /// Where the result goes.
        assign_to: Option<Variable>,
        /// Whether the call fails by it.
        check: Check,
    },
    /// `trim`.
    Trim(Variable),
    /// `index`.
    Index(Variable),
    /// `jump`.
    Jump(Operand),
    /// `pauserestore`.
    PauseRestore(Operand),
    /// `gettimeofday`.
    GetTimeOfDay {
        /// Gets the seconds since 1970.
        seconds: Variable,
        /// Gets the microseconds of the second.
        microseconds: Variable,
    },
    /// `exec command=`.
    ExecCommand(Template),
    /// `exec int_cmd=`.
    ExecInternal(InternalCommand),
    /// Loads and is checked, but a run that reaches it says "not available yet" and fails the call.
    NotAvailable {
        /// The action's name as the user wrote it, e.g. `exec play_pcap_audio`.
        name: String,
    },
}

/// Text given in the file or held by a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// From the file, no keyword expansion.
    Literal(String),
    /// From a variable.
    Variable(Variable),
}

/// Arithmetic operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `add`.
    Add,
    /// `subtract`.
    Subtract,
    /// `multiply`.
    Multiply,
    /// `divide`.
    Divide,
}

/// `compare`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `equal`.
    Equal,
    /// `not_equal`.
    NotEqual,
    /// `greater_than`.
    Greater,
    /// `less_than`.
    Less,
    /// `greater_than_equal`.
    GreaterOrEqual,
    /// `less_than_equal`.
    LessOrEqual,
}

/// `check_it` and `check_it_inverse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Neither.
    No,
    /// Fail the call unless it holds.
    MustHold,
    /// Fail the call if it holds.
    MustNotHold,
}

/// `exec int_cmd=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InternalCommand {
    /// `stop_now`.
    StopNow,
    /// `stop_gracefully`.
    StopGracefully,
    /// `stop_call`, or any other value.
    StopCall,
}

/// `ereg` (spec-scenario §7.3, spec-3.8 A5).
#[derive(Debug)]
pub struct Ereg {
    /// The expression.
    pub pattern: Pattern,
    /// Where to look.
    pub search_in: SearchIn,
    /// Whole match, then sub-expressions.
    pub assign_to: Vec<Variable>,
    /// Whether the call fails by it.
    pub check: Check,
}

/// Where `ereg` looks.
#[derive(Debug)]
pub enum SearchIn {
    /// The whole message.
    Message,
    /// After the first blank line.
    Body,
    /// The rest of a line after a text.
    Header {
        /// Text searched for.
        header: String,
        /// It must stand at the start of a line: `start_line="true"`, or 3.8's rule for plain header names.
        at_line_start: bool,
        /// Ignore case.
        ignore_case: bool,
        /// Take the n-th hit, 1-based.
        occurrence: u32,
    },
    /// A variable's text.
    Variable(Variable),
}
