//! Steps: what a call does, one after the other (spec-scenario §3).

use super::{Action, CounterId, DialogSlot, StepIndex, TimerId, TransactionId, Variable};
use crate::regex::Pattern;
use crate::template::Template;

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
    /// Dialog of this send or recv; 0, which stands for dialog 1, for all other steps.
    pub dialog: DialogSlot,
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
    /// Sends a third-party-call-control command (spec-engine §12).
    SendCmd(SendCmd),
    /// Waits for such a command.
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
