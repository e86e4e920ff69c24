//! Actions of a step (spec-scenario §7).

use super::{Distribution, MediaAction, Variable};
use crate::regex::Pattern;
use crate::template::Template;

/// A number given in the file or held by a variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operand {
    /// From the file.
    Value(f64),
    /// From a variable.
    Variable(Variable),
}

/// An action.
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
    /// `urlencode`, in place.
    UrlEncode(Variable),
    /// `urldecode`, in place.
    UrlDecode(Variable),
    /// `lookup`: the line of an indexed injection file whose indexed field is the key, 0-based; −1 if there is none.
    Lookup {
        /// The variable that is set.
        to: Variable,
        /// Name of the injection file.
        file: Template,
        /// What is looked for.
        key: Template,
    },
    /// `insert`: appends a line to an injection file, in memory.
    Insert {
        /// Name of the injection file.
        file: Template,
        /// The line.
        value: Template,
    },
    /// `replace`: replaces a line of an injection file, in memory.
    Replace {
        /// Name of the injection file.
        file: Template,
        /// Number of the line, 0-based, as text.
        line: Template,
        /// The new line.
        value: Template,
    },
    /// `verifyauth`: whether the Authorization header of the received request fits (spec-engine §10).
    VerifyAuth {
        /// The variable that is set.
        to: Variable,
        /// Expected user.
        username: Template,
        /// Expected password.
        password: Template,
    },
    /// `setdest`: the call's messages go there from now on.
    SetDestination {
        /// Name or address, IPv6 without brackets.
        host: Template,
        /// Port.
        port: Template,
        /// `udp`, `tcp`, `tls` or `sctp`, or the same in upper case.
        protocol: Template,
    },
    /// `closecon`.
    CloseConnection,
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
    /// `exec verify=`: the call's next step waits for it, and the call fails if it does not end with 0.
    ExecVerify(Template),
    /// `exec int_cmd=`.
    ExecInternal(InternalCommand),
    /// A media action.
    Media(MediaAction),
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
        /// Where in a line it must stand.
        place: HeaderPlace,
        /// Ignore case.
        ignore_case: bool,
        /// Take the n-th hit, 1-based.
        occurrence: u32,
    },
    /// A variable's text.
    Variable(Variable),
}

/// Where in a line the text stands that `ereg search_in="hdr"` looks for (spec-3.8 §A5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderPlace {
    /// Anywhere.
    Anywhere,
    /// At its start: `start_line="true"`, and a header's name with its colon.
    LineStart,
    /// At its start, with nothing but blanks between it and a colon: a header's name without its colon.
    Name,
}
