//! Turns tracing events of this library into records. Other crates' events are left out: theirs may
//! show headers and frames, in which credentials travel.

use std::fmt;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

/// Log level: nothing.
pub const ARKGRPC_LOG_OFF: i32 = 0;
/// Log level: a defect, or a service that cannot be used at all.
pub const ARKGRPC_LOG_ERROR: i32 = 1;
/// Log level: something failed that the library deals with, such as a lost connection.
pub const ARKGRPC_LOG_WARN: i32 = 2;
/// Log level: connections made and ended.
pub const ARKGRPC_LOG_INFO: i32 = 3;
/// Log level: calls and attempts.
pub const ARKGRPC_LOG_DEBUG: i32 = 4;
/// Log level: everything.
pub const ARKGRPC_LOG_TRACE: i32 = 5;

/// One line of the log.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) level: i32,
    pub(crate) target: String,
    pub(crate) message: String,
    pub(crate) fields: Map<String, Value>,
}

impl Record {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        Self {
            level: number(*event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: fields.message,
            fields: fields.others,
        }
    }

    /// Says that the callback was too slow for the events.
    pub(crate) fn of_dropped(count: u64) -> Self {
        Self {
            level: ARKGRPC_LOG_WARN,
            target: "arkgrpc::log".to_owned(),
            message: format!("{count} log lines were dropped: the callback is too slow"),
            fields: Map::from_iter([("dropped".to_owned(), json!(count))]),
        }
    }
}

/// Whether the event is one of ours and within the level.
pub(crate) fn wanted(metadata: &Metadata<'_>, level: i32) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_event()
        && number(*metadata.level()) <= level
        && matches!(crate_name, "arkgrpc" | "arkgrpc_core")
}

fn number(level: Level) -> i32 {
    match level {
        Level::ERROR => ARKGRPC_LOG_ERROR,
        Level::WARN => ARKGRPC_LOG_WARN,
        Level::INFO => ARKGRPC_LOG_INFO,
        Level::DEBUG => ARKGRPC_LOG_DEBUG,
        Level::TRACE => ARKGRPC_LOG_TRACE,
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
        } else {
            self.others.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, json!(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, json!(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, json!(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, json!(value));
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, json!(value));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, json!(value));
    }
}
