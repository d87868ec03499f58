//! What a manager counts: a row of counters for each method and stream of the registry, made once. A call
//! costs a few atomic additions, no lock and no memory.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use super::registry::{METHODS, MethodRow, STREAMS, StreamRow};
use crate::error::Status;
use crate::telemetry::{Counter, Gauge, Histogram};

/// The counters of one manager.
pub(super) struct Metrics {
    methods: Box<[MethodCounters]>,
    streams: Box<[StreamCounters]>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            methods: METHODS.iter().map(|_| MethodCounters::new()).collect(),
            streams: STREAMS.iter().map(|_| StreamCounters::default()).collect(),
        }
    }
}

/// What became of the calls of one method.
pub(super) struct MethodCounters {
    pub(super) in_flight: Gauge,
    /// Those that ended, in the order of [`Status::ALL`].
    ended: Box<[Counter]>,
    pub(super) latency: Histogram,
    pub(super) attempts: Counter,
    pub(super) retries: Counter,
}

/// What became of one kind of stream.
#[derive(Default)]
pub(super) struct StreamCounters {
    pub(super) opened: Counter,
    pub(super) open: Gauge,
}

impl Metrics {
    /// A call begins.
    pub(super) fn call(&self, row: &'static MethodRow) -> Measured<'_> {
        let place = METHODS.iter().position(|other| std::ptr::eq(other, row));
        let counters = place.and_then(|place| self.methods.get(place));
        if let Some(counters) = counters {
            counters.in_flight.up();
        }
        Measured {
            counters,
            began: Instant::now(),
            status: Cell::new(Status::Panic),
        }
    }

    /// A stream begins; it is open as long as what this returns lives.
    pub(super) fn stream(metrics: &Arc<Self>, row: &'static StreamRow) -> OpenStream {
        let place = STREAMS.iter().position(|other| std::ptr::eq(other, row));
        let open = OpenStream {
            metrics: Arc::clone(metrics),
            place,
        };
        if let Some(counters) = open.counters() {
            counters.opened.one();
            counters.open.up();
        }
        open
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = (&'static MethodRow, &MethodCounters)> {
        METHODS.iter().zip(&self.methods)
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = (&'static StreamRow, &StreamCounters)> {
        STREAMS.iter().zip(&self.streams)
    }
}

impl MethodCounters {
    fn new() -> Self {
        Self {
            in_flight: Gauge::default(),
            ended: Status::ALL.iter().map(|_| Counter::default()).collect(),
            latency: Histogram::default(),
            attempts: Counter::default(),
            retries: Counter::default(),
        }
    }

    /// The statuses that calls ended with, and how many did.
    pub(super) fn ended(&self) -> impl Iterator<Item = (Status, u64)> {
        let counts = self.ended.iter().map(Counter::get);
        Status::ALL.iter().copied().zip(counts)
    }
}

/// A call that is being measured. One that is dropped by a panic counts as one.
pub(super) struct Measured<'a> {
    counters: Option<&'a MethodCounters>,
    began: Instant,
    status: Cell<Status>,
}

impl Measured<'_> {
    /// The requests that the call made, and how many of them were repeats.
    pub(super) fn effort(&self, attempts: u32, retries: u32) {
        if let Some(counters) = self.counters {
            counters.attempts.add(u64::from(attempts));
            counters.retries.add(u64::from(retries));
        }
    }

    pub(super) fn end(self, status: Status) {
        self.status.set(status);
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        let Some(counters) = self.counters else {
            return;
        };
        counters.latency.observe(self.began.elapsed());
        let status = self.status.get();
        let place = Status::ALL.iter().position(|other| *other == status);
        if let Some(counter) = place.and_then(|place| counters.ended.get(place)) {
            counter.one();
        }
        counters.in_flight.down();
    }
}

/// A stream that is open.
pub(super) struct OpenStream {
    metrics: Arc<Metrics>,
    place: Option<usize>,
}

impl OpenStream {
    fn counters(&self) -> Option<&StreamCounters> {
        self.place.and_then(|place| self.metrics.streams.get(place))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(counters) = self.counters() {
            counters.open.down();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::{find, find_stream};
    use super::*;

    fn counters<'a>(metrics: &'a Metrics, name: &str) -> &'a MethodCounters {
        let mut rows = metrics.methods();
        rows.find(|(row, _)| row.service == "lnd" && row.name == name)
            .unwrap()
            .1
    }

    fn ended(counters: &MethodCounters, wanted: Status) -> u64 {
        let mut rows = counters.ended();
        rows.find(|(status, _)| *status == wanted).unwrap().1
    }

    #[test]
    fn what_began_is_in_flight_or_has_ended() {
        let metrics = Metrics::default();
        let row = find("lnd", "send_payment").unwrap();
        let first = metrics.call(row);
        let second = metrics.call(row);
        second.effort(3, 2);
        let paid = counters(&metrics, "send_payment");
        assert_eq!(paid.in_flight.get(), 2);
        second.end(Status::InFlight);
        assert_eq!(
            (paid.in_flight.get(), ended(paid, Status::InFlight)),
            (1, 1)
        );
        first.end(Status::Ok);
        assert_eq!((paid.in_flight.get(), ended(paid, Status::Ok)), (0, 1));
        assert_eq!((paid.attempts.get(), paid.retries.get()), (3, 2));
        assert_eq!(paid.latency.read().count(), 2);
        assert_eq!(
            counters(&metrics, "get_info")
                .ended()
                .map(|it| it.1)
                .sum::<u64>(),
            0
        );
    }

    #[test]
    fn a_call_that_panics_is_not_in_flight_for_ever() {
        let metrics = Metrics::default();
        let row = find("lnd", "get_info").unwrap();
        drop(metrics.call(row));
        let asked = counters(&metrics, "get_info");
        assert_eq!((asked.in_flight.get(), ended(asked, Status::Panic)), (0, 1));
    }

    #[test]
    fn threads_lose_no_call() {
        let metrics = Metrics::default();
        let row = find("lnd", "get_info").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5000).for_each(|_| metrics.call(row).end(Status::Ok)));
            }
            let asked = counters(&metrics, "get_info");
            (0..1000).for_each(|_| assert!(asked.in_flight.get() <= 4));
        });
        let asked = counters(&metrics, "get_info");
        assert_eq!(
            (asked.in_flight.get(), ended(asked, Status::Ok)),
            (0, 20_000)
        );
        assert_eq!(asked.latency.read().count(), 20_000);
    }

    #[test]
    fn a_stream_is_open_until_it_is_dropped() {
        let metrics = Arc::new(Metrics::default());
        let row = find_stream("lnd", "invoices").unwrap();
        let open = Metrics::stream(&metrics, row);
        let of_row = |metrics: &Metrics| {
            let mut rows = metrics.streams();
            let found = rows.find(|(other, _)| std::ptr::eq(*other, row)).unwrap().1;
            (found.opened.get(), found.open.get())
        };
        assert_eq!(of_row(&metrics), (1, 1));
        drop(open);
        assert_eq!(of_row(&metrics), (1, 0));
    }
}
