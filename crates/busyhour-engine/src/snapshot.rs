//! Everything that reporters may know, as one value per worker. Values of several workers add up.

mod calls;
mod failure;
mod generator;

pub use calls::CallCounters;
pub use failure::FailureKind;
pub use generator::GeneratorCounters;

use busyhour_media::MediaSnapshot;
use busyhour_scenario::program::Program;
use hdrhistogram::Histogram;

use busyhour_media::Time;

/// Longest duration a histogram tells apart: one hour, in µs. Longer ones count as this.
pub const DURATION_MAX_US: u64 = 3_600_000_000;

/// Most unexpected response codes that a [`ProgramStatistics`] holds, when merged too.
pub const UNEXPECTED_CODES_MAX: usize = 1000;

/// Makes an empty histogram of durations: 1 µs to 1 h in µs, three significant digits. All histograms of a
/// [`Snapshot`] are of this form, so any two of one kind add up exactly.
pub fn duration_histogram() -> Histogram<u64> {
    // Refused only if low is 0, high under twice low, or digits over 5: all three are constants here.
    Histogram::new_with_bounds(1, DURATION_MAX_US, 3).expect("constant bounds are valid")
}

/// Counters since the start of the run, and histograms since the start of the run. A reporter subtracts an earlier
/// snapshot to get an interval.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Time,
    /// Calls and messages of the whole worker.
    pub counters: Counters,
    /// One for each program of the run, in its order.
    pub programs: Vec<ProgramStatistics>,
    /// From planned to actual start of a call, in µs.
    pub start_lateness: Histogram<u64>,
    /// From a timer's deadline to its handling, in µs.
    pub timer_lateness: Histogram<u64>,
    /// Media of all calls; `None` where the run has none. A driver fills it in on the first worker's snapshot only.
    pub media: Option<Box<MediaSnapshot>>,
    /// What the driver saw of itself.
    pub generator: GeneratorCounters,
    /// Present target of the plan in calls per second (or users), for worker 0.
    pub target_rate: f64,
    /// Present limit of open calls, for worker 0.
    pub limit: Option<u64>,
}

impl Snapshot {
    /// Makes one in which nothing has happened, for these programs in their order.
    pub fn empty<'a>(programs: impl IntoIterator<Item = &'a Program>) -> Snapshot {
        Snapshot {
            at: Time::ZERO,
            counters: Counters::default(),
            programs: programs.into_iter().map(ProgramStatistics::new).collect(),
            start_lateness: duration_histogram(),
            timer_lateness: duration_histogram(),
            media: None,
            generator: GeneratorCounters::default(),
            target_rate: 0.0,
            limit: None,
        }
    }

    /// Adds another worker's values. Of what workers do not share out (time, peak, target, limit) the highest counts.
    pub fn add(&mut self, other: &Snapshot) {
        self.at = self.at.max(other.at);
        self.counters.add(&other.counters);
        merge(&mut self.programs, &other.programs, ProgramStatistics::add);
        add_histogram(&mut self.start_lateness, &other.start_lateness);
        add_histogram(&mut self.timer_lateness, &other.timer_lateness);
        match (&mut self.media, &other.media) {
            (Some(media), Some(more)) => media.add(more),
            (media @ None, Some(more)) => *media = Some(more.clone()),
            (_, None) => {}
        }
        self.generator.add(&other.generator);
        self.target_rate = self.target_rate.max(other.target_rate);
        self.limit = self.limit.max(other.limit);
    }
}

/// Counters of one worker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    /// Calls started by a received message.
    pub incoming: u64,
    /// Calls started by the plan.
    pub outgoing: u64,
    /// Open calls.
    pub open: u64,
    /// Highest number of open calls of the run seen so far (all workers), and when.
    pub open_peak: u64,
    /// See `open_peak`.
    pub open_peak_at: Time,
    /// Calls that ended well.
    pub successful: u64,
    /// Calls that failed, by reason: index with [`FailureKind::index`].
    pub failed: [u64; FailureKind::COUNT],
    /// Calls the plan had due but the open-call limit refused.
    pub suppressed_by_limit: u64,
    /// Messages for no known call.
    pub out_of_call: u64,
    /// Messages for a call that has ended.
    pub dead_call: u64,
    /// Ended calls that are still remembered.
    pub dead_calls_kept: u64,
    /// Ended calls forgotten early because the table was full.
    pub dead_calls_evicted: u64,
    /// Messages dropped because their call was pausing (`-pause_msg_ign`).
    pub ignored_in_pause: u64,
    /// Messages sent again.
    pub retransmissions: u64,
    /// Messages answered automatically.
    pub auto_answered: u64,
    /// Warnings.
    pub warnings: u64,
    /// Warnings whose text was dropped because they came too fast.
    pub warnings_suppressed: u64,
    /// Fatal errors.
    pub fatal_errors: u64,
    /// Received bytes that are no SIP message.
    pub not_sip: u64,
    /// Received SIP messages without Call-ID.
    pub no_call_id: u64,
    /// Received messages with an unreadable start line.
    pub bad_start_line: u64,
    /// Incoming calls refused because the call table is full.
    pub calls_refused: u64,
    /// 3PCC commands dropped: too long, or too many for their call or worker.
    pub commands_dropped: u64,
    /// Messages dropped because too many of their call waited for a receive.
    pub waiting_dropped: u64,
    /// Panics caught; each took one call down. A bug.
    pub panics: u64,
    /// Trace events dropped because nobody read them fast enough.
    pub events_dropped: u64,
    /// Messages received and taken by a call.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Messages handed over to another worker.
    pub handed_over: u64,
}

impl Counters {
    /// All failed calls.
    pub fn failed_total(&self) -> u64 {
        self.failed.iter().sum()
    }

    /// Calls started, incoming and outgoing.
    pub fn created(&self) -> u64 {
        self.incoming + self.outgoing
    }

    /// Adds another worker's. The peak is one of the whole run already, so the higher one counts.
    pub fn add(&mut self, other: &Counters) {
        // Named in full, so that a new counter can't be forgotten here.
        let Self {
            incoming,
            outgoing,
            open,
            open_peak,
            open_peak_at,
            successful,
            failed,
            suppressed_by_limit,
            out_of_call,
            dead_call,
            dead_calls_kept,
            dead_calls_evicted,
            ignored_in_pause,
            retransmissions,
            auto_answered,
            warnings,
            warnings_suppressed,
            fatal_errors,
            not_sip,
            no_call_id,
            bad_start_line,
            calls_refused,
            commands_dropped,
            waiting_dropped,
            panics,
            events_dropped,
            messages_received,
            messages_sent,
            handed_over,
        } = other;
        self.incoming += incoming;
        self.outgoing += outgoing;
        self.open += open;
        self.successful += successful;
        self.suppressed_by_limit += suppressed_by_limit;
        self.out_of_call += out_of_call;
        self.dead_call += dead_call;
        self.dead_calls_kept += dead_calls_kept;
        self.dead_calls_evicted += dead_calls_evicted;
        self.ignored_in_pause += ignored_in_pause;
        self.retransmissions += retransmissions;
        self.auto_answered += auto_answered;
        self.warnings += warnings;
        self.warnings_suppressed += warnings_suppressed;
        self.fatal_errors += fatal_errors;
        self.not_sip += not_sip;
        self.no_call_id += no_call_id;
        self.bad_start_line += bad_start_line;
        self.calls_refused += calls_refused;
        self.commands_dropped += commands_dropped;
        self.waiting_dropped += waiting_dropped;
        self.panics += panics;
        self.events_dropped += events_dropped;
        self.messages_received += messages_received;
        self.messages_sent += messages_sent;
        self.handed_over += handed_over;
        if *open_peak > self.open_peak {
            self.open_peak = *open_peak;
            self.open_peak_at = *open_peak_at;
        }
        for (sum, more) in self.failed.iter_mut().zip(failed) {
            *sum += more;
        }
    }
}

/// Statistics of one program in one worker.
#[derive(Debug, Clone)]
pub struct ProgramStatistics {
    /// One for each step.
    pub steps: Vec<StepCounters>,
    /// One for each response-time timer.
    pub timers: Vec<DurationStatistics>,
    /// User counters.
    pub counters: Vec<u64>,
    /// Length of ended calls, failed ones too.
    pub call_length: DurationStatistics,
    /// Response codes of unexpected responses since the last snapshot, newest last, at most 1000.
    pub unexpected_codes: Vec<u16>,
    /// Its calls.
    pub calls: CallCounters,
}

impl ProgramStatistics {
    /// Makes empty statistics for a program.
    pub fn new(program: &Program) -> ProgramStatistics {
        let borders = |timer: usize| program.response_time_borders.get(timer).cloned().unwrap_or_default();
        ProgramStatistics {
            steps: vec![StepCounters::default(); program.steps.len()],
            timers: (0..program.timers.len()).map(|timer| DurationStatistics::new(borders(timer))).collect(),
            counters: vec![0; program.counters.len()],
            call_length: DurationStatistics::new(program.call_length_borders.clone()),
            unexpected_codes: Vec::new(),
            calls: CallCounters::default(),
        }
    }

    /// Adds another worker's statistics of the same program.
    pub fn add(&mut self, other: &ProgramStatistics) {
        merge(&mut self.steps, &other.steps, StepCounters::add);
        merge(&mut self.timers, &other.timers, DurationStatistics::add);
        merge(&mut self.counters, &other.counters, |sum, more| *sum += more);
        self.call_length.add(&other.call_length);
        let room = UNEXPECTED_CODES_MAX.saturating_sub(self.unexpected_codes.len());
        self.unexpected_codes.extend(other.unexpected_codes.iter().take(room));
        self.calls.add(&other.calls);
    }
}

/// Counters of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCounters {
    /// Messages sent or received, or sessions of a pause.
    pub messages: u64,
    /// Sent again, or received again.
    pub retransmissions: u64,
    /// Timeouts.
    pub timeouts: u64,
    /// Unexpected messages while the step was current.
    pub unexpected: u64,
    /// Lost on purpose.
    pub lost: u64,
}

impl StepCounters {
    /// Adds another worker's.
    pub fn add(&mut self, other: &StepCounters) {
        self.messages += other.messages;
        self.retransmissions += other.retransmissions;
        self.timeouts += other.timeouts;
        self.unexpected += other.unexpected;
        self.lost += other.lost;
    }
}

/// A measured duration.
#[derive(Debug, Clone)]
pub struct DurationStatistics {
    /// Number of samples.
    pub count: u64,
    /// Sum in whole ms, as SIPp counts.
    pub sum_ms: u64,
    /// Sum of squares of ms.
    pub sum_squares_ms: f64,
    /// Borders of the repartition table in ms, sorted; empty: there is no table.
    pub borders: Vec<u32>,
    /// Samples per range of the repartition table; one more than there are borders.
    pub repartition: Vec<u64>,
    /// From the actual start, µs.
    pub actual: Histogram<u64>,
    /// From when the start was planned, µs (no coordinated omission). Empty for call lengths.
    pub planned: Histogram<u64>,
}

impl DurationStatistics {
    /// Makes an empty one with these borders of its repartition table, in ms and sorted.
    pub fn new(borders: Vec<u32>) -> DurationStatistics {
        DurationStatistics {
            count: 0,
            sum_ms: 0,
            sum_squares_ms: 0.0,
            repartition: vec![0; borders.len() + 1],
            borders,
            actual: duration_histogram(),
            planned: duration_histogram(),
        }
    }

    /// Records a sample: µs from the actual start, and from the planned one where there is a plan. Whole ms are
    /// summed (µs are cut); histograms take more than [`DURATION_MAX_US`] as that. Allocates nothing.
    pub fn record(&mut self, actual_us: u64, planned_us: Option<u64>) {
        let ms = actual_us / 1000;
        self.count += 1;
        self.sum_ms = self.sum_ms.saturating_add(ms);
        self.sum_squares_ms += (ms as f64) * (ms as f64);
        let range = self.borders.partition_point(|border| u64::from(*border) <= ms);
        if let Some(samples) = self.repartition.get_mut(range) {
            *samples += 1;
        }
        self.actual.saturating_record(actual_us.min(DURATION_MAX_US));
        if let Some(planned_us) = planned_us {
            self.planned.saturating_record(planned_us.min(DURATION_MAX_US));
        }
    }

    /// Adds another worker's statistics of the same duration.
    pub fn add(&mut self, other: &DurationStatistics) {
        self.count += other.count;
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.sum_squares_ms += other.sum_squares_ms;
        merge(&mut self.repartition, &other.repartition, |sum, more| *sum += more);
        add_histogram(&mut self.actual, &other.actual);
        add_histogram(&mut self.planned, &other.planned);
    }
}

/// Adds element by element; what only `from` has is copied.
fn merge<T: Clone>(into: &mut Vec<T>, from: &[T], add: impl Fn(&mut T, &T)) {
    for (sum, more) in into.iter_mut().zip(from) {
        add(sum, more);
    }
    if let Some(rest) = from.get(into.len()..) {
        into.extend_from_slice(rest);
    }
}

fn add_histogram(sum: &mut Histogram<u64>, more: &Histogram<u64>) {
    if sum.add(more).is_err() {
        // A histogram of other bounds, which `duration_histogram` does not make: its samples are kept, at this one's
        // resolution.
        for step in more.iter_recorded() {
            sum.saturating_record_n(step.value_iterated_to(), step.count_at_value());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_ms_are_summed_and_the_first_higher_border_names_the_range() {
        let mut duration = DurationStatistics::new(vec![10, 20]);
        for us in [0, 9_999, 10_000, 19_999, 20_000, 5_000_000_000] {
            duration.record(us, None);
        }
        assert_eq!(duration.repartition, [2, 2, 2]);
        assert_eq!(duration.sum_ms, 9 + 10 + 19 + 20 + 5_000_000);
        assert_eq!(duration.sum_squares_ms, 81.0 + 100.0 + 361.0 + 400.0 + 25e12);
        assert_eq!((duration.count, duration.actual.len(), duration.planned.len()), (6, 6, 0));
        assert!(duration.actual.max() >= DURATION_MAX_US, "longer than an hour counts as an hour");
    }

    #[test]
    fn without_borders_there_is_one_range() {
        let mut duration = DurationStatistics::new(Vec::new());
        duration.record(1500, Some(2500));
        assert_eq!(duration.repartition, [1]);
        assert_eq!(duration.planned.max(), duration.planned.highest_equivalent(2500));
    }

    #[test]
    fn workers_add_up() {
        let mut one = Snapshot::empty([]);
        one.counters = Counters { outgoing: 3, open: 1, open_peak: 2, ..Counters::default() };
        one.counters.failed[FailureKind::TimeoutOnRecv.index()] = 1;
        one.start_lateness.saturating_record(7);
        one.target_rate = 10.0;
        let mut two = one.clone();
        two.at = Time::from_millis(5);
        two.counters.open_peak = 4;
        two.counters.open_peak_at = Time::from_millis(4);
        two.target_rate = 0.0;
        two.limit = Some(30);
        let mut sum = Snapshot::empty([]);
        sum.add(&one);
        sum.add(&two);
        assert_eq!((sum.counters.outgoing, sum.counters.open, sum.counters.failed_total()), (6, 2, 2));
        assert_eq!((sum.counters.open_peak, sum.counters.open_peak_at), (4, Time::from_millis(4)));
        assert_eq!((sum.at, sum.target_rate, sum.limit), (Time::from_millis(5), 10.0, Some(30)));
        assert_eq!(sum.start_lateness.len(), 2);
    }
}
