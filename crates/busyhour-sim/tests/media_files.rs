//! Media files whose names come up in the run: their calls wait for them, others go on.

mod stage;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use busyhour_sim::{Conditions, Node, World};
use stage::media::with_media;
use stage::{Stage, nop, recv, response, scenario, send};

/// A client's calls, whose files take so long to read.
fn stage(steps: &[&str], calls: u64, load_ms: fn(&str) -> u64) -> Stage {
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let node = Node::client(&scenario(steps), peer, |settings| {
        with_media(settings);
        settings.calls_max = Some(calls);
        settings.trace_logs = true;
    });
    let node = world.add(node.files_take(load_ms).streams_end(100));
    Stage { world, node, peer }
}

/// A folder with these sounds.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), [0xd5; 1600]).unwrap();
    }
    folder
}

fn play(folder: &Path, rest: &str) -> String {
    format!("<exec rtp_stream=\"{}/{rest}\"/>", folder.display())
}

/// First words of what the media threads were told.
fn told(stage: &mut Stage) -> Vec<String> {
    let told = stage.world.node(stage.node).media_told().into_iter();
    told.map(|text| text.split([' ', '(']).next().unwrap_or_default().to_owned()).collect()
}

fn warnings(stage: &mut Stage, text: &str) -> usize {
    stage.events().iter().filter(|event| event.contains(text)).count()
}

#[test]
fn the_call_waits_and_keeps_the_order() {
    let folder = folder(&["a1.pcma", "b1.pcma"]);
    let actions = [
        play(folder.path(), "a[call_number].pcma"),
        "<exec rtp_stream=\"pause\"/>".to_owned(),
        play(folder.path(), "b[call_number].pcma,2"),
        "<exec rtp_stream=\"resume\"/><exec rtp_stream=\"wait\"/><log message=\"on\"/>".to_owned(),
    ];
    let load_ms = |name: &str| if name.contains("/a") { 300 } else { 20 };
    let mut stage = stage(&[&nop("", &actions.concat()), &send("OPTIONS", "")], 1, load_ms);
    stage.wait(290);
    assert_eq!(stage.logs(), ["on"], "the rest of the list does not wait");
    stage.hears_nothing();
    let told_now = told(&mut stage);
    assert!(told_now.iter().all(|word| word != "Play" && word != "Pause"), "{told_now:?}");
    stage.wait(20);
    let words = told(&mut stage);
    let wishes: Vec<_> = words.iter().filter(|word| *word != "Begin" && *word != "Listen").collect();
    assert_eq!(wishes, ["Play", "Pause", "Play", "Resume", "TellStreamsEnd"]);
    stage.hears_nothing();
    stage.wait(100);
    stage.hears("OPTIONS");
    stage.succeeds();
    assert_eq!(warnings(&mut stage, "a1.pcma: reading it took 300 ms"), 1);
    assert_eq!(warnings(&mut stage, "b1.pcma: reading"), 0);
}

#[test]
fn other_calls_go_on_meanwhile() {
    let folder = folder(&["1.pcma", "2.pcma"]);
    let steps = [&nop("", &play(folder.path(), "[call_number].pcma")), &send("OPTIONS", "")];
    let load_ms = |name: &str| if name.ends_with("/1.pcma") { 500 } else { 1 };
    let mut stage = stage(&steps.map(String::as_str), 2, load_ms);
    stage.wait(100);
    stage.hears("OPTIONS");
    assert_eq!((stage.counters().successful, stage.counters().open), (1, 1));
    stage.wait(500);
    stage.hears("OPTIONS");
    assert_eq!(stage.counters().successful, 2);
}

#[test]
fn a_file_is_read_once() {
    static READ: AtomicUsize = AtomicUsize::new(0);
    let folder = folder(&["service.pcma"]);
    let steps = [&nop("", &play(folder.path(), "[service].pcma")), &send("OPTIONS", "")];
    let load_ms = |_: &str| {
        READ.fetch_add(1, Relaxed);
        5
    };
    let mut stage = stage(&steps.map(String::as_str), 3, load_ms);
    stage.wait(100);
    assert_eq!((stage.counters().successful, READ.load(Relaxed)), (3, 1));
}

#[test]
fn a_call_that_ends_meanwhile_leaves_nothing() {
    let folder = folder(&["1.pcma"]);
    let actions = format!("{}<exec int_cmd=\"stop_call\"/>", play(folder.path(), "[call_number].pcma"));
    let mut stage = stage(&[&nop("", &actions), &send("OPTIONS", "")], 1, |_| 100);
    stage.wait(200);
    stage.hears_nothing();
    assert_eq!(stage.counters().open, 0);
    assert_eq!(told(&mut stage), ["Begin", "End"]);
}

#[test]
fn a_wait_for_what_never_ends_is_told_once() {
    let folder = folder(&["1.pcma", "2.pcma"]);
    let wait = "<exec rtp_stream=\"wait\"/>";
    let endless = format!("{}{wait}", play(folder.path(), "[call_number].pcma,-1"));
    let steps = [&nop("", &endless), &send("OPTIONS", ""), &recv("response=\"200\"")];
    let mut stage = stage(&steps.map(String::as_str), 2, |_| 5);
    stage.wait(50);
    assert_eq!(warnings(&mut stage, "the audio stream has no end: the call waits until the run ends"), 1);
    let ended = format!("{}{wait}", play(folder.path(), "[call_number].pcma,3"));
    let steps = [&nop("", &ended), &send("OPTIONS", ""), &recv("response=\"200\"")];
    let mut stage = self::stage(&steps.map(String::as_str), 1, |_| 5);
    stage.wait(150);
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
    assert_eq!(warnings(&mut stage, "has no end"), 0);
}
