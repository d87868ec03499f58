//! What one look at a stream gives: an item, or what its reader must know about the stream itself.

use schemars::JsonSchema;
use serde::Serialize;

use crate::resilience::Reconnection;

/// One message.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StreamMessage<T> {
    /// `item`, `lag` or `reconnected`.
    r#type: &'static str,
    /// What happened; null in the other types.
    item: Option<T>,
    /// In a lag: how many items are missing here, because they came faster than they were fetched; else
    /// null.
    dropped: Option<u64>,
    /// In reconnected: the interruption that is over; else null.
    reconnect: Option<Reconnect>,
}

/// An interruption.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reconnect {
    /// What had happened.
    reason: String,
    /// How long the daemon could not be reached, milliseconds.
    outage_ms: u64,
    /// What may be missing: `none`; `updates`: every outcome is told, but not every step towards it;
    /// `events`: whatever happened meanwhile.
    gap: &'static str,
}

impl<T> StreamMessage<T> {
    pub(crate) fn item(item: T) -> Self {
        Self {
            r#type: "item",
            item: Some(item),
            dropped: None,
            reconnect: None,
        }
    }
}

impl StreamMessage<()> {
    pub(super) fn lag(dropped: u64) -> Self {
        Self {
            r#type: "lag",
            item: None,
            dropped: Some(dropped),
            reconnect: None,
        }
    }

    pub(super) fn reconnected(reconnection: Reconnection, gap: &'static str) -> Self {
        let outage_ms = u64::try_from(reconnection.outage.as_millis()).unwrap_or(u64::MAX);
        Self {
            r#type: "reconnected",
            item: None,
            dropped: None,
            reconnect: Some(Reconnect {
                reason: reconnection.reason,
                outage_ms,
                gap,
            }),
        }
    }
}
