//! docs/media.md: its scenarios are sound, and its examples are there.

use std::fs;
use std::path::Path;

use crate::program::busyhour_in;

/// The line of `caller.xml` that blocks beginning with `<nop>` take the place of.
const PLACE: &str = "  <nop><action><exec rtp_stream=\"speech.wav,-1,8\"/></action></nop>\n";

/// The blocks of a language in a document.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("\n```{language}\n");
    document.split(&start).skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect()
}

/// A scenario with other lines from `m=audio` on.
fn with_media_lines(scenario: &str, lines: &str) -> String {
    let start = scenario.find("    m=audio").unwrap();
    let end = start + scenario[start..].find("  ]]>").unwrap();
    format!("{}{lines}\n{}", &scenario[..start], &scenario[end..])
}

#[test]
fn scenarios_of_the_guide_have_no_findings() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |name: &str| fs::read_to_string(docs.join(name)).unwrap();
    let (guide, caller, callee) = (read("media.md"), read("media/caller.xml"), read("media/callee.xml"));
    assert!(caller.contains(PLACE));
    let mut scenarios = vec![caller.clone(), callee.clone()];
    let parts = blocks(&guide, "xml");
    assert!(parts.len() >= 7, "{parts:?}");
    for part in parts {
        assert!(part.starts_with("<nop>"), "{part}");
        scenarios.push(caller.replace(PLACE, part));
    }
    let sdp = blocks(&guide, "sdp");
    let [offer, answer] = sdp[..] else { panic!("{sdp:?}") };
    scenarios.extend([with_media_lines(&caller, offer), with_media_lines(&callee, answer)]);

    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| busyhour_in(folder.path(), words);
    for example in ["speech.wav", "digits.wav", "dtmf_2833_1.pcap"] {
        assert_eq!(run(&["media", "example", example]).status, 0, "{example}");
    }
    // Stands for the reader's recording.
    assert_eq!(run(&["media", "example", "g711a.pcap", "one.pcap"]).status, 0);
    for scenario in scenarios {
        fs::write(folder.path().join("x.xml"), &scenario).unwrap();
        let outcome = run(&["check", "x.xml"]);
        assert_eq!(outcome.stdout, "x.xml: ok\n", "{scenario}");
    }
}
