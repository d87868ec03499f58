//! Time as the daemons write it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, macros::format_description};

/// Since the epoch; a system clock before 1970 reads as 1970.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Unix seconds.
pub(crate) fn unix_seconds() -> i64 {
    i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX)
}

/// Unix nanoseconds.
pub(crate) fn unix_nanoseconds() -> i64 {
    i64::try_from(since_epoch().as_nanos()).unwrap_or(i64::MAX)
}

/// A moment as Go prints it.
pub(crate) fn as_go_prints(seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| seconds.to_string())
}
