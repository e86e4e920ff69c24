//! What drivers count about themselves.

/// What a driver counts about itself, since the start of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeneratorCounters {
    /// Datagrams the kernel dropped because we read too slowly (`SO_RXQ_OVFL`).
    pub kernel_drops: u64,
    /// Messages that could not be sent.
    pub send_failures: u64,
    /// Receive calls that failed.
    pub receive_failures: u64,
    /// Messages that had to wait because a socket was full.
    pub congested: u64,
    /// Messages dropped because another worker's ring was full.
    pub ring_overflows: u64,
    /// Streams closed because their bytes could not be framed.
    pub framing_errors: u64,
    /// Time spent working, µs.
    pub busy_us: u64,
    /// Time since the worker started, µs.
    pub elapsed_us: u64,
    /// Turns of the loop.
    pub turns: u64,
    /// Open sockets.
    pub sockets: u64,
    /// Commands started (`exec command`, `exec verify`).
    pub commands_run: u64,
    /// Commands that ended with another status than 0, or by a signal.
    pub commands_failed: u64,
    /// Commands that could not be started or were too many, and host names of `setdest` that were too many.
    pub errands_refused: u64,
}

impl GeneratorCounters {
    /// Adds another worker's; the times become those of all workers together.
    pub fn add(&mut self, other: &GeneratorCounters) {
        let Self {
            kernel_drops,
            send_failures,
            receive_failures,
            congested,
            ring_overflows,
            framing_errors,
            busy_us,
            elapsed_us,
            turns,
            sockets,
            commands_run,
            commands_failed,
            errands_refused,
        } = other;
        self.kernel_drops += kernel_drops;
        self.send_failures += send_failures;
        self.receive_failures += receive_failures;
        self.congested += congested;
        self.ring_overflows += ring_overflows;
        self.framing_errors += framing_errors;
        self.busy_us += busy_us;
        self.elapsed_us += elapsed_us;
        self.turns += turns;
        self.sockets += sockets;
        self.commands_run += commands_run;
        self.commands_failed += commands_failed;
        self.errands_refused += errands_refused;
    }
}
