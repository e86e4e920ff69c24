//! What the parser, the help and the "did you mean" know about one option.

use super::options::Options;
use super::values::Unit;

/// One option.
pub(crate) struct Row {
    /// Names without dash; the first is the one that help shows first.
    pub(crate) names: &'static [&'static str],
    /// Its arguments, and what they do.
    pub(crate) takes: Takes,
    /// Group in the help.
    pub(crate) category: Category,
    /// Whether it works.
    pub(crate) status: Status,
    /// Help text, one paragraph.
    pub(crate) help: &'static str,
}

/// Arguments of an option with their name in the help, and the function that notes them. A function returns what is
/// wrong with the value, to be put behind the option's name.
pub(crate) enum Takes {
    /// None.
    Nothing(fn(&mut Options)),
    /// An integer between the two bounds, both included.
    Integer(&'static str, (i64, i64), fn(&mut Options, i64)),
    /// A number that is not below the bound.
    Float(&'static str, f64, fn(&mut Options, f64)),
    /// A truth value.
    Boolean(&'static str, fn(&mut Options, bool)),
    /// A time; handed on in ms.
    Time(&'static str, Unit, fn(&mut Options, u64)),
    /// Any text.
    Text(&'static str, fn(&mut Options, &str) -> Result<(), String>),
    /// Two texts.
    Pair(&'static str, fn(&mut Options, &str, &str)),
    /// So many texts, for options that are refused or handled before the others.
    Words(&'static str, usize),
}

impl Takes {
    /// Number of arguments.
    pub(crate) fn count(&self) -> usize {
        match self {
            Takes::Nothing(_) => 0,
            Takes::Pair(..) => 2,
            Takes::Words(_, count) => *count,
            _ => 1,
        }
    }

    /// Names of the arguments as help shows them; empty if there are none.
    pub(crate) fn names(&self) -> &'static str {
        match self {
            Takes::Nothing(_) => "",
            Takes::Integer(name, ..)
            | Takes::Float(name, ..)
            | Takes::Boolean(name, _)
            | Takes::Time(name, ..)
            | Takes::Text(name, _)
            | Takes::Pair(name, _)
            | Takes::Words(name, _) => name,
        }
    }
}

/// Groups in the help, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// What to play.
    Scenario,
    /// How much of it.
    Rate,
    /// Addresses and sockets.
    Network,
    /// What calls do.
    Calls,
    /// Waiting and repeating.
    Timers,
    /// Files and screens.
    Output,
    /// The process.
    Process,
    /// Ours, beside SIPp's.
    Own,
    /// Injection files.
    Injection,
    /// RTP.
    Media,
    /// Third-party call control.
    ThirdParty,
}

impl Category {
    /// All of them.
    pub(crate) const ALL: [Category; 11] = [
        Category::Scenario,
        Category::Rate,
        Category::Network,
        Category::Calls,
        Category::Timers,
        Category::Output,
        Category::Process,
        Category::Own,
        Category::Injection,
        Category::Media,
        Category::ThirdParty,
    ];

    /// Heading in the help.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Category::Scenario => "Scenario",
            Category::Rate => "Rate and amount",
            Category::Network => "Network",
            Category::Calls => "Calls",
            Category::Timers => "Timers",
            Category::Output => "Screens and files",
            Category::Process => "Process",
            Category::Own => "Beyond SIPp",
            Category::Injection => "Injection files",
            Category::Media => "Media",
            Category::ThirdParty => "Third-party call control",
        }
    }
}

/// Whether an option works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It does what it says.
    Works,
    /// Accepted; what it tunes does not exist here.
    NoEffect,
    /// Known, and refused until it is there.
    Later,
    /// Known, and not wanted; the help text says why.
    Refused,
}
