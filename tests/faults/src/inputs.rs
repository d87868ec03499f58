//! Inputs that must be refused before anything is sent: broken JSON, and amounts that are none.

use serde_json::{Value, json};

use crate::rows::Row;

const DEPTH: usize = 10_000;
/// The library takes 16 MiB.
const TOO_LONG: usize = 17 << 20;

/// An input, and what is wrong with it.
pub struct Wrong {
    pub what: String,
    pub text: String,
}

/// JSON that is no JSON, too deep, too long, with keys twice or unknown.
pub fn wrong_json(params: &Value, very_long: bool) -> Vec<Wrong> {
    let wrong = |what: &str, text: String| Wrong {
        what: what.to_owned(),
        text,
    };
    let mut unknown = params.as_object().cloned().unwrap_or_default();
    unknown.insert("no_such_parameter".to_owned(), json!(1));
    let twice = match unknown.iter().next() {
        Some((key, value)) => format!("{{{0}:{value},{0}:{value}}}", json!(key)),
        None => r#"{"a":1,"a":1}"#.to_owned(),
    };
    let mut all = vec![
        wrong(
            "10000 levels",
            "{\"a\":".repeat(DEPTH) + "1" + &"}".repeat(DEPTH),
        ),
        wrong("10000 lists", "[".repeat(DEPTH) + &"]".repeat(DEPTH)),
        wrong("a key twice", twice),
        wrong("an unknown key", Value::Object(unknown).to_string()),
        wrong("half an object", r#"{"amount":"#.to_owned()),
        wrong("a list", "[]".to_owned()),
        wrong("17 MiB", format!("{{\"a\":\"{}\"}}", "x".repeat(TOO_LONG))),
    ];
    if very_long {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000_000));
        all.push(wrong("100 MB", text));
    }
    all
}

/// Wrong values for every parameter that is an amount, by its name in the schema.
pub fn wrong_amounts(row: &Row, params: &Value) -> Vec<Wrong> {
    let mut all = Vec::new();
    for field in amounts(&row.schema) {
        let beyond = match field.ends_with("msat") {
            true => json!("2100000000000000001"),
            false => json!(2_100_000_000_000_001_u64),
        };
        let values = [
            json!(-1),
            json!(9_223_372_036_854_775_808_u64),
            json!(1000.0),
            json!(1.5),
            json!("21e6"),
            json!("-1"),
            beyond,
        ];
        for value in values {
            let mut given = params.as_object().cloned().unwrap_or_default();
            // Beside one that is in order it would be refused for standing there.
            for other in ["amount", "amount_msat"] {
                if field.starts_with("amount") {
                    given.remove(other);
                }
            }
            given.insert(field.clone(), value.clone());
            all.push(Wrong {
                what: format!("{field}: {value}"),
                text: Value::Object(given).to_string(),
            });
        }
    }
    all
}

/// Whether the method takes amounts at all.
pub fn has_amounts(row: &Row) -> bool {
    !amounts(&row.schema).is_empty()
}

fn amounts(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flat_map(|fields| fields.keys());
    let is_amount = |name: &&String| {
        name.contains("amount") && *name != "any_amount" || name.ends_with("_msat")
    };
    names.filter(is_amount).cloned().collect()
}
