//! SIPp's command-line grammar (spec-cli §1, spec-3.8 C1), which general parsers can't be taught: one or two dashes,
//! no bundling, an option's argument is the next word whatever it looks like, and passes in an order of their own.

use std::ffi::OsString;

use super::options::Options;
use super::row::{Row, Status, Takes};
use super::table;
use super::values;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// A run.
    Run(Box<Options>),
    /// Help: no arguments at all, or `-h`.
    Help,
    /// `-h stat`.
    StatisticsHelp,
    /// `-v`.
    Version,
    /// `-sd NAME`.
    PrintScenario(String),
}

/// Reads a command line without the program's name. The error is one for a person; it names the option.
///
/// Words are first cut into options and arguments from left to right. `-h`, `-v` and `-sd` win over everything to
/// their right, but not over an unknown option or a missing argument to their left. Only then are values looked at.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let words = words
        .into_iter()
        .map(|word| {
            word.into_string().map_err(|word| {
                format!("Invalid argument: '{}'. It is not valid UTF-8.", word.to_string_lossy())
            })
        })
        .collect::<Result<Vec<String>, String>>()?;
    if words.is_empty() {
        return Ok(Request::Help);
    }
    let mut options = Options::default();
    let mut given = Vec::new();
    let mut rest = words.as_slice();
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        if !word.starts_with('-') {
            if let Some(first) = &options.target {
                return Err(format!(
                    "the remote host was given multiple times: '{first}' and '{word}'. If '{word}' belongs to an \
                     option, its name is missing before it."
                ));
            }
            options.target = Some(word.clone());
            continue;
        }
        let row = find(word)?;
        match (row.names[0], rest.first().map(String::as_str)) {
            ("h", Some("stat")) => return Ok(Request::StatisticsHelp),
            ("h", _) => return Ok(Request::Help),
            ("v", _) => return Ok(Request::Version),
            _ => {}
        }
        let Some((arguments, after)) = rest.split_at_checked(row.takes.count()) else {
            return Err(missing(word, row));
        };
        rest = after;
        if row.names[0] == "sd" {
            return Ok(Request::PrintScenario(arguments[0].clone()));
        }
        given.push(Given { word, row, arguments });
    }
    for option in &given {
        option.apply(&mut options)?;
    }
    Ok(Request::Run(Box::new(options)))
}

/// An option on the command line.
struct Given<'a> {
    word: &'a str,
    row: &'static Row,
    /// As many as the row takes.
    arguments: &'a [String],
}

impl Given<'_> {
    fn apply(&self, options: &mut Options) -> Result<(), String> {
        let word = self.word;
        let name = word.trim_start_matches('-');
        match self.row.status {
            Status::Later => return Err(format!("-{name}: not available yet ({}).", self.row.help)),
            Status::Refused => return Err(format!("-{name} is refused: {}.", self.row.help)),
            Status::Works | Status::NoEffect => {}
        }
        // What `parse` split off is as long as the row says.
        let text = |index: usize| self.arguments.get(index).map_or("", String::as_str);
        match &self.row.takes {
            Takes::Nothing(set) => set(options),
            Takes::Integer(_, (least, most), set) => {
                let value = values::integer(text(0)).ok_or_else(|| {
                    format!(
                        "{word}, \"{}\" is not a valid integer! Write it in decimal (250) or hexadecimal (0xfa).",
                        text(0)
                    )
                })?;
                if self.row.names[0] == "l" && options.users.is_some() {
                    return Err(
                        "-l can't be given after -users: the number of users is the limit.".to_owned()
                    );
                }
                if value < *least || value > *most {
                    return Err(format!("{word}, {value} is out of range: {least} to {most}."));
                }
                set(options, value);
            }
            Takes::Float(_, least, set) => {
                let value = values::float(text(0)).ok_or_else(|| {
                    format!("{word}, \"{}\" is not a floating point number! Write it like 2.5.", text(0))
                })?;
                if value < *least {
                    return Err(format!("{word}, {value} is too small: it is at least {least}."));
                }
                set(options, value);
            }
            Takes::Boolean(_, set) => {
                let value = values::boolean(text(0)).ok_or_else(|| {
                    format!("{word}, \"{}\" is not a valid boolean! Write true or false.", text(0))
                })?;
                set(options, value);
            }
            Takes::Time(_, unit, set) => {
                let value =
                    values::milliseconds(text(0), *unit).map_err(|problem| format!("{word}, {problem}"))?;
                set(options, value);
            }
            Takes::Text(_, set) => set(options, text(0)).map_err(|problem| format!("{word}: {problem}"))?,
            Takes::Pair(_, set) => set(options, text(0), text(1)),
            Takes::Words(..) => {}
        }
        Ok(())
    }
}

fn find(word: &str) -> Result<&'static Row, String> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or(word);
    table::find(name).ok_or_else(|| {
        let nearest = nearest(name);
        let advice = match nearest.as_slice() {
            [] => "-h lists the options.".to_owned(),
            [one] => format!("Did you mean -{one}? -h lists the options."),
            [first @ .., last] => {
                format!("Did you mean -{} or -{last}? -h lists the options.", first.join(", -"))
            }
        };
        format!("Invalid argument: '{word}'. {advice}")
    })
}

fn missing(word: &str, row: &Row) -> String {
    let names = match row.takes.names() {
        "" => "an argument".to_owned(),
        names => names.to_owned(),
    };
    format!("Missing argument for param '{word}'. It takes {names} behind it.")
}

/// Up to three names that a mistyped one may have meant, the likeliest first.
fn nearest(name: &str) -> Vec<&'static str> {
    let wanted = name.trim_start_matches('-').replace('-', "_");
    let names = || table::all().flat_map(|row| row.names.iter().copied());
    match names().find(|known| *known == wanted) {
        Some(known) => vec![known],
        None => busyhour_scenario::nearest(&wanted, names()),
    }
}

#[cfg(test)]
mod tests {
    use busyhour_engine::settings::Behaviors;

    use super::super::options::ScenarioChoice;
    use super::*;

    fn request(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn options(line: &str) -> Options {
        match request(line) {
            Ok(Request::Run(options)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn error(line: &str) -> String {
        match request(line) {
            Err(text) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn order_does_not_matter_and_two_dashes_are_one() {
        let one = options("127.0.0.1:5070 -sn uac -r 5.5 -m 0x10");
        let other = options("--m 16 --r 5.5 127.0.0.1:5070 --sn uac");
        assert_eq!(one, other);
        assert_eq!(one.target.as_deref(), Some("127.0.0.1:5070"));
        assert_eq!(one.scenario, Some(ScenarioChoice::Embedded("uac".into())));
        assert_eq!((one.rate, one.calls_max), (Some(5.5), Some(16)));
    }

    #[test]
    fn the_next_word_is_always_the_argument() {
        assert_eq!(options("-s -sn -m 1").service.as_deref(), Some("-sn"));
        assert_eq!(options("-key a b -key a -c").keys, [("a".into(), "b".into()), ("a".into(), "-c".into())]);
    }

    #[test]
    fn default_behaviors_start_from_nothing() {
        let set = |list: &str| options(&format!("-default_behaviors {list}")).behaviors.unwrap();
        assert_eq!(set("all"), Behaviors::ALL);
        assert_eq!(set("-bye"), Behaviors::NONE);
        assert_eq!(set("all,-bye"), Behaviors { bye: false, ..Behaviors::ALL });
        assert_eq!(set("all,none,+cseq"), Behaviors { check_ack_cseq: true, ..Behaviors::NONE });
        assert!(error("-default_behaviors all,by").contains("\"by\""));
    }

    #[test]
    fn times_have_units() {
        let given = options("-d 500 -timeout 2 -fd 500ms -rp 1s -recv_timeout 1.5s");
        assert_eq!(given.pause_ms, Some(500));
        assert_eq!(given.timeout_ms, Some(2000));
        assert_eq!(given.statistics_period_ms, Some(500));
        assert_eq!(given.rate_period_ms, Some(1000));
        assert_eq!(given.recv_timeout_ms, Some(1500));
    }

    #[test]
    fn help_version_and_scenario_win_over_what_follows_only() {
        assert_eq!(request(""), Ok(Request::Help));
        assert_eq!(request("-r x -h -zzz"), Ok(Request::Help));
        assert_eq!(request("-help stat"), Ok(Request::StatisticsHelp));
        assert_eq!(request("-inf x -v"), Ok(Request::Version));
        assert_eq!(request("--sd uac"), Ok(Request::PrintScenario("uac".into())));
        assert!(error("-zzz -h").starts_with("Invalid argument: '-zzz'"));
        assert!(error("a b -h").contains("multiple times"));
        assert!(error("-sd").contains("Missing argument for param '-sd'"));
    }

    #[test]
    fn wrong_types_name_the_option() {
        assert!(error("-m x").starts_with("-m, \"x\" is not a valid integer!"));
        assert!(error("-m 010x").contains("not a valid integer"));
        assert!(error("-r x").starts_with("-r, \"x\" is not a floating point number!"));
        assert!(error("-r -1").contains("too small"));
        assert!(error("-d -1").starts_with("-d, \"-1\" is not a valid time!"));
        assert!(error("-timeout 1:30").contains("mm:ss not implemented yet!"));
        assert!(error("-sendbuffer_warn yes").contains("not a valid boolean"));
        assert!(error("-p 70000").contains("out of range: 0 to 65535"));
        assert!(error("-t c1").contains("Invalid argument for -t param : 'c1'"));
        assert!(error("-t l1").contains("not available yet"));
        assert!(error("-cid_type guid").contains("Unknown Call-ID mode 'guid'"));
        assert!(error("-rtcheck half").contains("\"half\""));
        assert!(error("-users 3 -l 5").contains("-users"));
        assert!(error("-sn uac -sf x.xml").contains("Only one scenario may be given"));
        assert!(error("-sf").contains("Missing argument for param '-sf'"));
        assert!(error("-key a").contains("Missing argument for param '-key'"));
    }

    #[test]
    fn every_option_that_is_not_available_is_refused_by_name() {
        for row in table::all().filter(|row| row.status == Status::Later) {
            for name in row.names {
                let line = format!("-{name}{}", " 1".repeat(row.takes.count()));
                assert!(error(&line).starts_with(&format!("-{name}: not available yet")), "{line}");
            }
        }
    }

    #[test]
    fn what_is_not_wanted_is_refused_with_a_reason() {
        assert!(error("-lua_file x.lua").starts_with("-lua_file is refused: there is no Lua here."));
        assert!(error("-lua_file x.lua").contains("<exec verify="));
        assert!(error("--plugin x.so").starts_with("-plugin is refused: a shared library"));
    }

    #[test]
    fn scenarios_of_each_kind_are_given_once() {
        let given = options("-sn uac -rxsn uas -oocsf x.xml");
        assert_eq!(given.received, Some(ScenarioChoice::Embedded("uas".into())));
        assert_eq!(given.out_of_call, Some(ScenarioChoice::File("x.xml".into())));
        assert!(error("-rxsn uas -rxsf x.xml").contains("-rxsf and -rxsn can't be combined"));
        assert!(error("-oocsn x -oocsn x").contains("-oocsf and -oocsn can't be combined"));
        assert!(error("-tdmmap {0-3}").contains("not of the form"));
        assert!(error("-compat 3.5").contains("3.6, 3.7 and 3.8"));
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        let advice = |line: &str| error(line);
        assert!(advice("-trace_mgs").contains("-trace_msg"));
        assert!(advice("-recv-timeout 5").contains("Did you mean -recv_timeout"));
        assert!(advice("-rxrn x").contains("-rxsn"));
        assert!(advice("-timout 5").contains("Did you mean -timeout"));
        assert!(advice("-R 5").contains("-r"));
        assert!(advice("-").starts_with("Invalid argument: '-'."));
        assert!(advice("--").starts_with("Invalid argument: '--'."));
        assert!(advice("-wholly_different_thing").contains("-h lists"));
        assert!(advice("---sn uac").contains("Invalid argument: '---sn'"));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = table::all().flat_map(|row| row.names.iter().copied()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
