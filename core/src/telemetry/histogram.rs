//! Durations, sorted into fixed buckets.

use std::time::Duration;

use super::counter::Counter;

/// Upper bounds, included: in nanoseconds, and in seconds as they are written. From a look-up on this
/// machine to a payment that takes its time.
const BOUNDS: [(u64, &str); 17] = [
    (100_000, "0.0001"),
    (250_000, "0.00025"),
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (2_500_000, "0.0025"),
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (25_000_000, "0.025"),
    (50_000_000, "0.05"),
    (100_000_000, "0.1"),
    (250_000_000, "0.25"),
    (500_000_000, "0.5"),
    (1_000_000_000, "1"),
    (2_500_000_000, "2.5"),
    (10_000_000_000, "10"),
    (30_000_000_000, "30"),
    (90_000_000_000, "90"),
];

/// One counter for each bucket, and the sum of all durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [Counter; BOUNDS.len()],
    beyond: Counter,
    nanoseconds: Counter,
}

/// A histogram at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HistogramReading {
    /// How many durations were at most as long as the bound; the last bound is "+Inf".
    pub(crate) cumulative: Vec<(&'static str, u64)>,
    pub(crate) sum_seconds: f64,
}

impl Histogram {
    pub(crate) fn observe(&self, span: Duration) {
        let nanoseconds = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|(bound, _)| *bound < nanoseconds);
        self.buckets.get(place).unwrap_or(&self.beyond).one();
        self.nanoseconds.add(nanoseconds);
    }

    pub(crate) fn read(&self) -> HistogramReading {
        let mut count = 0;
        let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"]);
        let counters = self.buckets.iter().chain([&self.beyond]);
        let cumulative = bounds.zip(counters).map(|(bound, counter)| {
            count += counter.get();
            (bound, count)
        });
        HistogramReading {
            cumulative: cumulative.collect(),
            sum_seconds: Duration::from_nanos(self.nanoseconds.get()).as_secs_f64(),
        }
    }
}

impl HistogramReading {
    /// All durations. Taken from the buckets, so that it always equals the last of them.
    pub(crate) fn count(&self) -> u64 {
        self.cumulative.last().map_or(0, |(_, count)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_what_they_are_written_as_and_grow() {
        for (bound, text) in BOUNDS {
            let seconds: f64 = text.parse().unwrap();
            assert_eq!(Duration::from_nanos(bound).as_secs_f64(), seconds);
        }
        assert!(BOUNDS.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let histogram = Histogram::default();
        histogram.observe(Duration::from_millis(1));
        histogram.observe(Duration::from_nanos(1_000_001));
        histogram.observe(Duration::ZERO);
        histogram.observe(Duration::from_secs(3600));
        let reading = histogram.read();
        let at = |bound| {
            let found = reading.cumulative.iter().find(|(text, _)| *text == bound);
            found.unwrap().1
        };
        assert_eq!([at("0.0001"), at("0.0005"), at("0.001")], [1, 1, 2]);
        assert_eq!([at("0.0025"), at("90"), at("+Inf")], [3, 3, 4]);
        assert_eq!(reading.count(), 4);
        assert!((reading.sum_seconds - 3_600.002_000_001).abs() < 1e-9);
    }

    #[test]
    fn counts_never_fall_and_threads_lose_nothing() {
        let histogram = Histogram::default();
        let before = std::thread::scope(|scope| {
            for worker in 0..4_u64 {
                let histogram = &histogram;
                scope.spawn(move || {
                    for number in 0..10_000 {
                        histogram.observe(Duration::from_micros(number * (worker + 1)));
                    }
                });
            }
            let mut before = histogram.read();
            for _ in 0..100 {
                let now = histogram.read();
                assert!(now.count() >= before.count() && now.sum_seconds >= before.sum_seconds);
                assert!(now.cumulative.is_sorted_by_key(|(_, count)| *count));
                before = now;
            }
            before
        });
        assert!(before.count() <= 40_000);
        assert_eq!(histogram.read().count(), 40_000);
    }
}
