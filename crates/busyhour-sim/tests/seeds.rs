//! Thousands of seeds: whatever the network does, every call ends, and every count is conserved.
//!
//! `BUSYHOUR_SEEDS` sets how many are run (200 here, 10 000 in CI); a failure names its seed, and
//! `BUSYHOUR_SEED` runs that one alone.

mod stage;

use busyhour_engine::Settings;
use busyhour_engine::settings::ThirdParty;
use busyhour_sim::{Conditions, Node, World};

const CALLS: u64 = 10;

/// Draws from a seed, apart from the world's own draws.
fn draw(seed: u64, what: u64, below: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % below
}

/// Who plays with whom. Seeds take them in turn.
#[derive(Debug, Clone, Copy)]
enum Cast {
    /// A client and a server.
    Pair(&'static str, &'static str),
    /// The four roles of `-3pcc`.
    ThirdParty,
}

const CASTS: [Cast; 10] = [
    Cast::Pair("uac", "uas"),
    Cast::Pair("regexp", "uas"),
    Cast::Pair("branchc", "branchs"),
    Cast::Pair("uac", "ooc_default"),
    Cast::Pair("uac", "ooc_dummy"),
    Cast::Pair("uac", "3pcc-A"),
    Cast::Pair("uac", "3pcc-B"),
    // Its captures are generated; the server has none of them.
    Cast::Pair("uac_pcap", "uas"),
    Cast::Pair(TWO_DIALOGS, IN_TRANSACTIONS),
    Cast::ThirdParty,
];

/// Two dialogs of one call, to the same server.
const TWO_DIALOGS: &str = include_str!("scenarios/two_dialogs.xml");
/// A server that answers by named transactions.
const IN_TRANSACTIONS: &str = include_str!("scenarios/in_transactions.xml");

fn run(seed: u64) -> Result<(), String> {
    let share = |what, most: u64| draw(seed, what, most + 1) as f64 / 100.0;
    let delay_us_min = draw(seed, 3, 20_000);
    let conditions = Conditions {
        loss: share(1, 40),
        duplication: share(2, 30),
        delay_us_min,
        delay_us_max: delay_us_min + draw(seed, 4, 1_000_000),
    };
    let cast = CASTS[(seed % CASTS.len() as u64) as usize];
    let workers = |what| draw(seed, what, 3) as usize + 1;
    let mut world = World::new(seed, conditions);
    let server = |world: &mut World, scenario: &str| {
        let server = Node::server(scenario).workers(workers(6));
        world.add(server.with(|settings| settings.recv_timeout_ms = 200_000))
    };
    let client = |scenario: &str, remote| {
        let client = Node::client(scenario, remote, |settings| {
            settings.calls_max = Some(CALLS);
            settings.pause_ms = draw(seed, 7, 3000);
            settings.recv_timeout_ms = 70_000;
            settings.socket_per_call = draw(seed, 8, 4) == 0;
            stage::media::with_media(settings);
        });
        client.workers(workers(9))
    };
    let mut nodes = Vec::new();
    match cast {
        Cast::Pair(caller, answerer) => {
            let uas = server(&mut world, answerer);
            nodes.push((world.add(client(caller, uas.address())), Some(CALLS)));
            nodes.push((uas, None));
        }
        Cast::ThirdParty => {
            let (first, second) = (server(&mut world, "3pcc-A"), server(&mut world, "3pcc-B"));
            let follower = client("3pcc-C-B", second.address()).as_follower().with(twin);
            let b = world.add(follower);
            let a = world.add(client("3pcc-C-A", first.address()).with(twin));
            world.link(a, 0, b, 300);
            world.link(b, 0, a, 300);
            nodes.extend([(a, Some(CALLS)), (b, None), (first, None), (second, None)]);
        }
    }
    world.run();
    for (node, created) in nodes {
        let counters = world.snapshot(node).counters;
        let made = counters.incoming + counters.outgoing;
        let ended = counters.successful + counters.failed_total();
        let expected = created.unwrap_or(made);
        if (made, ended, counters.open, counters.panics) != (expected, expected, 0, 0) {
            return Err(format!("seed {seed}, {cast:?}, {conditions:?}: {node:?} {counters:#?}"));
        }
    }
    Ok(())
}

/// Of `-3pcc`.
fn twin(settings: &mut Settings) {
    settings.third_party = Some(ThirdParty { name: None, peers: vec![String::new()] });
}

#[test]
fn every_call_ends_and_every_count_is_conserved() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds = match number("BUSYHOUR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BUSYHOUR_SEEDS").unwrap_or(200),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let broken: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                let seeds = seeds.clone();
                scope.spawn(move || {
                    seeds.filter(|seed| seed % threads == part).find_map(|seed| run(seed).err())
                })
            })
            .collect();
        parts.into_iter().filter_map(|part| part.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let conditions =
            Conditions { loss: 0.2, duplication: 0.1, delay_us_min: 1000, delay_us_max: 700_000 };
        let mut world = World::new(11, conditions);
        let uas = world.add(Node::server("uas"));
        let uac = world.add(Node::client("uac", uas.address(), |settings| settings.calls_max = Some(50)));
        world.run();
        (world.now(), world.snapshot(uac).counters, world.snapshot(uas).counters)
    };
    assert_eq!(run(), run());
}
