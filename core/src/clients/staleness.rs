//! How an answer says whether it is fresh: two keys at its end, in its schema as in its text.

use std::time::Duration;

#[cfg(any(test, feature = "schemas"))]
use serde_json::{Value, json};

/// What a fresh answer ends with.
const FRESH: &str = ",\"stale\":false,\"age_ms\":null}";

/// The answer as it was printed, marked as fresh.
pub(super) fn fresh(mut json: String) -> String {
    if json.ends_with('}') {
        json.pop();
        json.push_str(FRESH);
    }
    json
}

/// An answer that was once fresh, marked with its age.
pub(super) fn aged(json: &str, age: Duration) -> Option<String> {
    let body = json.strip_suffix(FRESH)?;
    let age = age.as_millis();
    Some(format!("{body},\"stale\":true,\"age_ms\":{age}}}"))
}

/// Adds the two keys to the schema of an answer.
#[cfg(any(test, feature = "schemas"))]
pub(super) fn describe(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "stale".to_owned(),
            json!({
                "type": "boolean",
                "description": "Whether this is an earlier answer, given in place of an error; only with allow_stale.",
            }),
        );
        properties.insert(
            "age_ms".to_owned(),
            json!({
                "type": ["integer", "null"], "format": "uint64", "minimum": 0,
                "description": "How old an earlier answer is, milliseconds; null in a fresh one.",
            }),
        );
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.push("stale".into());
    }
}
