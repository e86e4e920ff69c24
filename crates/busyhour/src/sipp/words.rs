//! Options whose argument is one of a few words, or a plain text. Each function says what is wrong with the value.

use std::path::PathBuf;

use busyhour_engine::Protocol;
use busyhour_engine::circuits::CircuitRange;
use busyhour_engine::settings::Behaviors;

use super::compat;
use super::options::{CallIdType, Options, ScenarioChoice, Transport};

/// Notes a scenario in its place, once.
pub(super) fn choose(
    slot: &mut Option<ScenarioChoice>,
    choice: ScenarioChoice,
    options: [&str; 2],
) -> Result<(), String> {
    if slot.is_some() {
        let [file, name] = options;
        let which = if file == "-sf" { "" } else { " of a kind" };
        return Err(format!(
            "Only one scenario{which} may be given: {file} and {name} can't be combined or repeated."
        ));
    }
    if matches!(&choice, ScenarioChoice::File(path) if path.as_os_str().is_empty()) {
        return Err("the name of a file is expected, not an empty text.".to_owned());
    }
    *slot = Some(choice);
    Ok(())
}

/// Reads `-tdmmap`.
pub(super) fn circuits(options: &mut Options, value: &str) -> Result<(), String> {
    options.circuits = Some(CircuitRange::parse(value)?);
    Ok(())
}

/// Reads `-compat`.
pub(super) fn compat(options: &mut Options, value: &str) -> Result<(), String> {
    options.compat = Some(compat::parse(value)?);
    Ok(())
}

/// Notes any text.
pub(super) fn fill(slot: &mut Option<String>, value: &str) -> Result<(), String> {
    *slot = Some(value.to_owned());
    Ok(())
}

/// Notes the name of a file.
pub(super) fn file(slot: &mut Option<PathBuf>, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("the name of a file is expected, not an empty text.".to_owned());
    }
    *slot = Some(value.into());
    Ok(())
}

/// Reads `-t`.
pub(super) fn transport(options: &mut Options, value: &str) -> Result<(), String> {
    let (protocol, socket_per_call) = match value {
        "u1" => (Protocol::Udp, false),
        "un" => (Protocol::Udp, true),
        "t1" => (Protocol::Tcp, false),
        "tn" => (Protocol::Tcp, true),
        "ui" | "l1" | "ln" | "s1" | "sn" | "w1" | "wn" | "W1" | "Wn" | "ws1" | "wsn" => {
            return Err(format!("{value}: not available yet. Today there are u1, un, t1 and tn."));
        }
        _ => {
            return Err(format!("Invalid argument for -t param : '{value}'. It is one of u1, un, t1, tn."));
        }
    };
    options.transport = Some(Transport { protocol, socket_per_call });
    Ok(())
}

/// Reads the list of `-default_behaviors`, which starts from the empty set.
pub(super) fn behaviors(options: &mut Options, value: &str) -> Result<(), String> {
    let mut set = Behaviors::NONE;
    for word in value.split(',') {
        let (on, name) = match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.strip_prefix('+').unwrap_or(word)),
        };
        match name {
            "none" => set = Behaviors::NONE,
            "all" => set = if on { Behaviors::ALL } else { Behaviors::NONE },
            "bye" => set.bye = on,
            "abortunexp" => set.abort_unexpected = on,
            "pingreply" => set.ping_reply = on,
            "cseq" => set.check_ack_cseq = on,
            _ => {
                return Err(format!(
                    "\"{word}\" is no default behavior. Known are all, none, bye, abortunexp, pingreply and cseq, \
                     with a - before the name to take it away: all,-bye."
                ));
            }
        }
    }
    options.behaviors = Some(set);
    Ok(())
}

/// Reads `-cid_type`, in any case.
pub(super) fn call_id_type(options: &mut Options, value: &str) -> Result<(), String> {
    options.call_id_type = Some(match value.to_ascii_lowercase().as_str() {
        "default" | "format" | "legacy" => CallIdType::Template,
        "uuid" => CallIdType::Uuid,
        "uuid-compact" | "uuidcompact" | "uuid32" => CallIdType::UuidCompact,
        "random" | "random-hex" => CallIdType::Random,
        "timestamp" | "time" => CallIdType::Timestamp,
        _ => {
            return Err(format!(
                "Unknown Call-ID mode '{value}'. Known are default, uuid, uuid-compact, random and timestamp."
            ));
        }
    });
    Ok(())
}

/// Reads `-rtcheck`.
pub(super) fn duplicate_check(options: &mut Options, value: &str) -> Result<(), String> {
    options.loose_duplicate_check = Some(match value {
        "full" => false,
        "loose" => true,
        _ => return Err(format!("\"{value}\" is neither \"full\" nor \"loose\".")),
    });
    Ok(())
}
