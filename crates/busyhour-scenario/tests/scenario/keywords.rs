//! Keywords with parameters.

use busyhour_scenario::Options;
use busyhour_scenario::check::codes::*;
use busyhour_scenario::program::StepKind;
use busyhour_scenario::template::{Credentials, Keyword, Piece, Template};

use crate::support::{
    assert_findings, call, keyword, literal, load_text, of, pieces, program, program_with, scenario, send,
    send_of,
};

fn field(file: u16, column: u32, line: Option<Template>) -> Keyword {
    Keyword::Field { file, column, line: line.map(Box::new) }
}

fn files(names: &[&str]) -> Options {
    Options { files: Some(names.iter().map(|name| (*name).to_owned()).collect()), ..Options::default() }
}

/// Asserts the codes of a send with this text, whose places are marked by `§`.
fn assert_keyword(text: &str, codes: &[&str], options: &Options) {
    assert_findings(&scenario(&send(text)), codes, options);
}

#[test]
fn fields_name_a_column_a_file_and_a_line() {
    let variable = || of(Keyword::Variable(call(0)));
    assert_eq!(keyword("[field0]"), field(0, 0, None));
    assert_eq!(keyword("[field12]"), field(0, 12, None));
    assert_eq!(keyword("[field 1]"), field(0, 1, None));
    assert_eq!(keyword("[field1+2]"), field(0, 1, None));
    assert_eq!(keyword("[field0 file=users-2.csv]"), field(0, 0, None));
    assert_eq!(keyword("[field0 file=\"a b.csv\" line=\"3\"]"), field(0, 0, Some(literal("3"))));
    assert_eq!(keyword("[field0 line=[$n] file=a]"), field(0, 0, Some(variable())));
    assert_eq!(keyword("[field0 line=\"[$n]\"]"), field(0, 0, Some(variable())));
    assert_eq!(keyword("[field0 line=[cseq+1]]"), field(0, 0, Some(of(Keyword::CSeq(1)))));
    let nested = field(0, 1, Some(literal("0")));
    assert_eq!(keyword("[field0 line=[field1 line=0]]"), field(0, 0, Some(of(nested))));
    assert_eq!(keyword("[field0 line=]"), field(0, 0, None));
}

#[test]
fn files_of_fields_are_interned() {
    let program =
        program(&send("[field0] [field1 file=b] [field2 file=\"a\"] [field3 file=b] [field4 file=]"));
    assert_eq!(program.files, [None, Some("b".to_owned()), Some("a".to_owned())]);
    let files: Vec<u16> = send_of(&program, 0)
        .template
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Keyword(Keyword::Field { file, .. }) => Some(*file),
            _ => None,
        })
        .collect();
    assert_eq!(files, [0, 1, 2, 1, 0]);
}

#[test]
fn fields_need_a_file_of_the_run() {
    let run = files(&["users.csv", "b.csv"]);
    assert_keyword("[field0] [field0 file=b.csv]", &[], &run);
    assert_keyword("[field0 file=§user.csv]", &[UNKNOWN_FILE], &run);
    assert_keyword("[field0 file=\"§user.csv\"]", &[UNKNOWN_FILE], &run);
    assert_keyword("[§field0]", &[UNKNOWN_FILE], &files(&[]));
    assert_keyword("[field0 file=§b.csv]", &[UNKNOWN_FILE], &files(&[]));
    assert_keyword("[field0 file=§[pid]]", &[UNKNOWN_FILE], &Options::default());
    assert_keyword("[field0 line=[§foo]]", &[UNKNOWN_KEYWORD], &run);
    assert_keyword("[§fieldx]", &[VALUE_TAKEN_FOR], &run);
    assert_keyword("[field0 §fiel=b.csv]", &[NO_EFFECT], &run);

    let finding =
        |text: &str, options: &Options| load_text(&scenario(&send(text)), options).diagnostics.remove(0);
    let unknown = finding("[field0 file=user.csv]", &run);
    assert_eq!(unknown.message, "Invalid injection file: user.csv");
    assert!(unknown.help.contains("'users.csv'"), "{}", unknown.help);
    let folder = finding("[field0 file=/tmp/b.csv]", &run);
    assert!(folder.help.contains("file=\"b.csv\""), "{}", folder.help);
    assert_eq!(finding("[field0]", &files(&[])).message, "No injection file was specified!");
}

#[test]
fn actions_on_files_need_one_of_the_run() {
    let steps = |action: &str| {
        format!("{}<nop><action>{action}<Reference/></action></nop>", send("1")).replace("<Reference/>", "")
    };
    let run = files(&["users.csv"]);
    assert_findings(&scenario(&steps("<insert file='users.csv' value='a'/>")), &[], &run);
    assert_findings(&scenario(&steps("<insert file='[pid]' value='a'/>")), &[], &run);
    assert_findings(&scenario(&steps("<insert file='§user.csv' value='a'/>")), &[UNKNOWN_FILE], &run);
    assert_findings(&scenario(&steps("<insert file='any' value='a'/>")), &[], &Options::default());
}

#[test]
fn files_take_keywords_in_their_name() {
    let file = |name: Template| Keyword::File(Box::new(name));
    assert_eq!(keyword("[file name=a-1.txt]"), file(literal("a-1.txt")));
    assert_eq!(keyword("[file name=\"a\\\"b\\\" c\"]"), file(literal("a\"b\" c")));
    let mixed = Template {
        pieces: vec![
            Piece::Literal(b"a/".to_vec()),
            Piece::Keyword(field(0, 0, None)),
            Piece::Literal(b".txt".to_vec()),
        ],
    };
    assert_eq!(keyword("[file name=a/[field0 file=b].txt]"), file(mixed.clone()));
    assert_eq!(keyword("[file name=\"a/[field0 file=b].txt\"]"), file(mixed));
    for missing in ["[§file]", "[§filename=a]", "[§file xname=a]", "[§file name=]"] {
        let codes: &[&str] =
            if missing.contains("xname") { &[KEYWORD_SYNTAX, NO_EFFECT] } else { &[KEYWORD_SYNTAX] };
        assert_keyword(&missing.replace("xname", "§xname"), codes, &Options::default());
    }
}

#[test]
fn fills_need_a_variable() {
    let none = Options::default();
    assert_keyword("[§fill text=\"x\"]", &[KEYWORD_SYNTAX], &none);
    assert_keyword("[§fillx]", &[KEYWORD_SYNTAX], &none);
    assert_keyword("[fill variable=§$n]", &[BAD_NAME], &none);
    assert_keyword("[fill variable=§a,b]", &[BAD_NAME], &none);
    let fill = |text: &str| Keyword::Fill { variable: call(0), text: text.to_owned() };
    assert_eq!(keyword("[fill text=\"variable=s\" variable=n]"), fill("variable=s"));
    assert_eq!(keyword("[fill variable=n text=0x4142]"), fill("AB"));
    assert_eq!(keyword("[fill variable=n text=\"\"]"), fill("X"));
    assert_eq!(keyword("[fill variable=n text=[pid]]"), fill("[pid]"));
}

#[test]
fn authentication_takes_credentials() {
    let credentials = |text: &str| match keyword(text) {
        Keyword::Authentication(credentials) => *credentials,
        other => panic!("{other:?}"),
    };
    assert_eq!(credentials("[authentication]"), Credentials::default());
    assert_eq!(
        credentials("[authentication username=joe password=\"a \\\"b\\\"\"]"),
        Credentials {
            username: Some(literal("joe")),
            password: Some(literal("a \"b\"")),
            ..Credentials::default()
        }
    );
    assert_eq!(
        credentials("[authentication username=[field0 file=\"a.csv\"] password=[$n]]"),
        Credentials {
            username: Some(of(field(0, 0, None))),
            password: Some(of(Keyword::Variable(call(0)))),
            ..Credentials::default()
        }
    );
    // What bytes spell is no keyword.
    let key = Template { pieces: vec![Piece::Literal(b"[pid]".to_vec())] };
    let aka = credentials("[authentication aka_K=0x5b7069645d aka_OP=x aka_OPc=0x00ff aka_AMF=\"y\"]");
    assert_eq!(aka.aka_k, Some(key));
    assert_eq!(aka.aka_op, Some(literal("x")));
    assert_eq!(aka.aka_opc, Some(Template { pieces: vec![Piece::Literal(vec![0, 255])] }));
    assert_eq!(aka.aka_amf, Some(literal("y")));
    // No offset, and whatever follows the word.
    assert_eq!(credentials("[authentication+1]"), Credentials::default());
}

#[test]
fn a_message_has_one_authentication() {
    let none = Options::default();
    assert_keyword("[authentication]\n[§authentication]", &[KEYWORD_SYNTAX], &none);
    assert_keyword("[authentication username=§[authentication]]", &[KEYWORD_SYNTAX], &none);
    assert_keyword("[authentication §user=joe]", &[NO_EFFECT], &none);
    let loaded = load_text(&scenario(&send("[authentication]\n[authentication]")), &none);
    assert!(
        loaded.diagnostics[0].message.contains("Only one [authentication] keyword is currently supported!")
    );
    // One in each of two messages is right.
    program(&format!("{}{}", send("[authentication]"), send("[authentication]")));
}

#[test]
fn tdmmap_is_a_word() {
    assert_eq!(keyword("[tdmmap]"), Keyword::TdmMap);
    assert_keyword("[§tdmmapx]", &[UNKNOWN_KEYWORD], &Options::default());
    assert_keyword("[§tdmmap+1]", &[UNKNOWN_KEYWORD], &Options::default());
}

#[test]
fn what_looks_like_an_offset_ends_a_headers_name() {
    let last = |name: &str, value_only| Keyword::Last { name: name.to_owned(), value_only };
    assert_eq!(keyword("[last_Call-ID:]"), last("Call-ID", false));
    for (text, name) in [("[§last_X-1Foo:]", "X"), ("[§last_P-3GPP.value]", "P"), ("[§last_:]", "")] {
        assert_keyword(text, &[VALUE_TAKEN_FOR], &Options::default());
        let loaded = load_text(&scenario(&send(&text.replace('§', ""))), &Options::default());
        let program = loaded.program.unwrap();
        assert!(send_of(&program, 0).template.pieces.contains(&Piece::Keyword(last(name, false))), "{text}");
    }
}

#[test]
fn brackets_in_brackets_are_no_keyword() {
    assert_keyword("[§[local_ip]]", &[UNKNOWN_KEYWORD], &Options::default());
    assert_keyword("[file name=[§[pid]]]", &[UNKNOWN_KEYWORD], &Options::default());
}

#[test]
fn keys_are_values_of_parameters_too() {
    let options = Options { keys: vec![("who".to_owned(), "joe [pid]".to_owned())], ..Options::default() };
    let pieces = pieces("[authentication username=[who]]", &options);
    let [Piece::Keyword(Keyword::Authentication(credentials))] = &pieces[..] else { panic!("{pieces:?}") };
    assert_eq!(credentials.username, Some(literal("joe [pid]")));
}

#[test]
fn nested_variables_count_as_mentions() {
    let steps = format!("{}<nop><action><trim assign_to='v'/></action></nop>", send("[file name=[$v]]"));
    let program = program_with(&steps, &Options::default());
    assert!(matches!(program.steps[1].kind, StepKind::Nop));
    assert_keyword("[file name=[§$v]]", &[VARIABLE_ONCE], &Options::default());
}
