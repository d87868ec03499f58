//! Floor 0: what the library counts about itself, and how that is written down. Counting takes no lock
//! and no memory; names and labels are fixed texts of the program, so that nothing a caller or a daemon
//! says can become one.

mod counter;
mod family;
mod histogram;

pub(crate) use counter::{Counter, Gauge};
pub(crate) use family::{Family, Kind, Value, as_json, as_prometheus_text};
pub(crate) use histogram::Histogram;
