//! What happened between two snapshots.

use busyhour_engine::snapshot::{DurationStatistics, duration_histogram};
use hdrhistogram::Histogram;

/// Samples that `now` has and `before` has not. If `before` holds samples that `now` lacks (statistics were reset),
/// everything in `now` is new.
pub(crate) fn histogram_since(now: &Histogram<u64>, before: &Histogram<u64>) -> Histogram<u64> {
    let mut new = now.clone();
    if new.subtract(before).is_err() {
        return now.clone();
    }
    new
}

/// New samples of all these durations together, from the actual start. The lists belong to one program.
pub(crate) fn durations_since(now: &[DurationStatistics], before: &[DurationStatistics]) -> Histogram<u64> {
    let mut all = duration_histogram();
    for (position, duration) in now.iter().enumerate() {
        let new = match before.get(position) {
            Some(before) => histogram_since(&duration.actual, &before.actual),
            None => duration.actual.clone(),
        };
        // All are made by `duration_histogram`, so their bounds are the same and none is refused.
        let _ = all.add(&new);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_samples_stay() {
        let mut before = duration_histogram();
        before.saturating_record(50_000);
        let mut now = before.clone();
        now.saturating_record(100);
        let new = histogram_since(&now, &before);
        assert_eq!((new.len(), new.max()), (1, 100));
        assert_eq!(histogram_since(&before, &now).len(), 1, "after a reset everything is new");
    }
}
