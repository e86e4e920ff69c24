//! Ladders beside the pictures in `ladders/`.

use std::path::Path;

use busyhour_scenario::source::Source;
use busyhour_scenario::{Options, embedded, embedded_names, ladder, load};

fn drawn(name: &str, text: &str) -> String {
    let source = Source::from_bytes(name, text.as_bytes());
    let loaded = load(&source, &Options::default());
    let program = loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    ladder(&source, &program)
}

fn assert_picture(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/scenario/ladders/{name}.txt"));
    let drawn = drawn(name, text);
    if std::env::var_os("DRAW_LADDERS").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    assert_eq!(drawn, std::fs::read_to_string(&path).unwrap(), "DRAW_LADDERS=1 draws it again");
}

#[test]
fn embedded_scenarios() {
    for name in ["uac", "regexp", "branchs", "3pcc-C-A"] {
        assert_picture(name, embedded(name).unwrap());
    }
}

#[test]
fn everything_that_can_be_shown() {
    assert_picture("everything", include_str!("ladders/everything.xml"));
}

#[test]
fn ladders_fit_into_80_columns() {
    let texts = embedded_names().map(|(name, _)| embedded(name).unwrap());
    for text in texts.chain([include_str!("ladders/everything.xml")]) {
        let drawn = drawn("any", text);
        assert!(drawn.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{drawn}");
        assert!(!drawn.chars().any(|c| c.is_control() && c != '\n'), "{drawn}");
    }
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let text = "<scenario name='a\u{1b}[31m\u{202e}'><recv request='A&#27;]' counter='x&#7;'/></scenario>";
    let drawn = drawn("any", text);
    assert!(!drawn.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{drawn}");
}

#[test]
fn blanks_in_front_of_a_name_take_no_room() {
    for blanks in [1, 79, 80, 81, 70_000] {
        let text = format!("<scenario name='{}a'><recv request='A'/></scenario>", " ".repeat(blanks));
        let drawn = drawn("any", &text);
        assert!(drawn.starts_with("a (waits for calls)\n"), "{blanks}: {}", &drawn[..100.min(drawn.len())]);
    }
}

#[test]
fn labels_in_init_are_wrapped_whatever_they_begin_with() {
    let text = format!(
        "<scenario name='a'><init><label id='{}x'/><nop next='{}x'/></init><recv request='A'/></scenario>",
        " ".repeat(100),
        " ".repeat(100)
    );
    assert!(drawn("any", &text).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn media_actions_are_shown() {
    let text = "<scenario name='a'><recv request='A'/><nop><action><exec play_pcap_audio='a.pcap'/>\
                <exec rtp_assert='both_ways'/><rtp_quality assign_to='m' figure='mos'/></action></nop>\
                <Reference variables='m'/></scenario>";
    let drawn = drawn("any", text);
    for line in ["exec play_pcap_audio=a.pcap", "exec rtp_assert=both_ways", "rtp_quality figure=mos => $m"] {
        assert!(drawn.contains(line), "{drawn}");
    }
}

#[test]
fn truth_values_are_read_as_the_compiler_reads_them() {
    let drawn_with = |on: &str| {
        let text = format!(
            "<scenario name='a'><recv request='A' rrs='{on}'><action>\
             <ereg regexp='x' check_it='{on}' assign_to='n'/></action></recv><nop condexec='n'/></scenario>"
        );
        let drawn = drawn("any", &text);
        (drawn.contains("records the route set"), drawn.contains("must match"))
    };
    for on in ["true", "TRUE", "1", "-1", "0x1", "010"] {
        assert_eq!(drawn_with(on), (true, true), "{on}");
    }
    for off in ["false", "False", "0", "00", "0x0", "-0"] {
        assert_eq!(drawn_with(off), (false, false), "{off}");
    }
}
