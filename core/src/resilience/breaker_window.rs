//! How many calls of the last span of time failed: ten buckets, of which the oldest drops out as time
//! goes on.

use std::time::{Duration, Instant};

const BUCKETS: u64 = 10;

/// Counts of one bucket; `number` tells which stretch of time it is for.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    number: u64,
    good: u32,
    bad: u32,
}

/// A sliding window over time.
#[derive(Debug)]
pub(super) struct Window {
    width: Duration,
    start: Option<Instant>,
    buckets: [Bucket; BUCKETS as usize],
}

impl Window {
    pub(super) fn new(span: Duration) -> Self {
        Self {
            width: (span / BUCKETS as u32).max(Duration::from_millis(1)),
            start: None,
            buckets: [Bucket::default(); BUCKETS as usize],
        }
    }

    pub(super) fn clear(&mut self) {
        self.buckets = [Bucket::default(); BUCKETS as usize];
    }

    pub(super) fn record(&mut self, good: bool, now: Instant) {
        let number = self.number(now);
        let place = usize::try_from(number % BUCKETS).unwrap_or_default();
        if let Some(bucket) = self.buckets.get_mut(place) {
            if bucket.number != number {
                *bucket = Bucket {
                    number,
                    ..Bucket::default()
                };
            }
            let count = if good {
                &mut bucket.good
            } else {
                &mut bucket.bad
            };
            *count = count.saturating_add(1);
        }
    }

    /// All calls of the window, and those of them that failed.
    pub(super) fn counts(&mut self, now: Instant) -> (u64, u64) {
        let number = self.number(now);
        let oldest = (number + 1).saturating_sub(BUCKETS);
        let within = self.buckets.iter().filter(|bucket| bucket.number >= oldest);
        within.fold((0, 0), |(all, bad), bucket| {
            let failed = u64::from(bucket.bad);
            (all + u64::from(bucket.good) + failed, bad + failed)
        })
    }

    fn number(&mut self, now: Instant) -> u64 {
        let start = *self.start.get_or_insert(now);
        let passed = now.saturating_duration_since(start).as_millis() / self.width.as_millis();
        // From `BUCKETS` on, so that an unused bucket (number 0) is always too old.
        u64::try_from(passed).unwrap_or(u64::MAX / 2) + BUCKETS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_span_drops_out() {
        let (mut window, start) = (Window::new(Duration::from_secs(30)), Instant::now());
        for second in 0..30 {
            window.record(second % 2 == 0, start + Duration::from_secs(second));
        }
        assert_eq!(window.counts(start + Duration::from_secs(29)), (30, 15));
        assert_eq!(window.counts(start + Duration::from_secs(30)).0, 27);
        assert_eq!(window.counts(start + Duration::from_secs(56)).0, 3);
        assert_eq!(window.counts(start + Duration::from_secs(57)), (0, 0));
        window.record(true, start + Duration::from_secs(300));
        assert_eq!(window.counts(start + Duration::from_secs(300)), (1, 0));
    }
}
