//! Once warm, nothing is allocated for a message (design §5): two engines place and take calls under an allocator that
//! counts.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_engine::pacing::Plan;
use busyhour_engine::{Batch, Engine, Path, Run, Settings, Shared, SocketId, Source, Time};
use busyhour_scenario::program::Program;
use busyhour_scenario::source::Source as File;
use busyhour_testing::Counting;

thread_local! {
    /// Of this thread only: the test harness has its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting(|_, taken| ALLOCATIONS.set(ALLOCATIONS.get() + u64::from(taken > 0)));

struct Side {
    engine: Engine,
    address: SocketAddr,
}

fn program(name: &str) -> Arc<Program> {
    let text = busyhour_scenario::embedded(name).unwrap();
    let file = File::from_bytes(name, text.as_bytes());
    Arc::new(busyhour_scenario::load(&file, &busyhour_scenario::Options::default()).program.unwrap())
}

fn side(name: &str, port: u16, remote: Option<SocketAddr>) -> Side {
    let program = program(name);
    let run = if remote.is_some() { Run::placing(program) } else { Run::receiving(program) };
    let settings = Settings {
        remote,
        local_port: port,
        // So that the number of remembered calls has long stopped growing when we count.
        dead_call_wait_ms: 100,
        plan: Plan::Constant { calls: 1000.0, period_us: 1_000_000 },
        ..Settings::default()
    };
    let shared = Arc::new(Shared::new(1, &run));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Side { engine: Engine::new(&run, Arc::new(settings), shared, 0), address }
}

/// Lets a side work, and gives what it sends to the other.
fn turn(now: Time, side: &mut Side, other: &mut Side, batch: &mut Batch) {
    if side.engine.next_timeout().is_some_and(|due| due <= now) {
        side.engine.handle_timeout(now);
    }
    side.engine.poll_transmit(batch);
    let source = Source { path: Path { peer: side.address, socket: SocketId::MAIN }, received: now };
    for transmit in &batch.transmits {
        let _ = other.engine.handle_message(now, &source, batch.message(transmit));
    }
    batch.clear();
}

fn allocations(client: &str, server: &str) -> u64 {
    let mut uas = side(server, 5061, None);
    let mut uac = side(client, 5060, Some(uas.address));
    let mut batch = Batch::default();
    let mut counted_from = 0;
    // The numbers of calls get their fifth digit at ten seconds, so some buffers a larger class; a call of the server
    // lives for four seconds. After that the engines are warm.
    for ms in 0..25_000 {
        if ms == 20_000 {
            counted_from = ALLOCATIONS.get();
        }
        let now = Time::from_millis(ms);
        for _ in 0..3 {
            turn(now, &mut uac, &mut uas, &mut batch);
            turn(now, &mut uas, &mut uac, &mut batch);
        }
    }
    let allocations = ALLOCATIONS.get() - counted_from;
    let counters = uac.engine.snapshot(Time::from_millis(25_000)).counters;
    assert!(counters.successful > 20_000 && counters.failed_total() == 0, "{counters:#?}");
    allocations
}

#[test]
fn a_warm_engine_allocates_nothing() {
    for (client, server) in [("uac", "uas"), ("regexp", "uas")] {
        assert_eq!(allocations(client, server), 0, "{client} and {server}");
    }
}
