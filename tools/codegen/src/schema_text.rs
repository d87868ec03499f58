//! JSON Schema as lines for a reader: name, type, unit, meaning.

use serde_json::{Map, Value};

/// One line per property of an object schema, in the columns of the header.
pub(crate) fn properties(schema: &Value) -> Vec<String> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    properties
        .iter()
        .map(|(name, property)| Line {
            name: name.clone(),
            kind: kind(property),
            required: required.contains(&name.as_str()),
            meaning: meaning(property),
        })
        .map(|line| line.print())
        .collect()
}

struct Line {
    name: String,
    kind: String,
    required: bool,
    meaning: String,
}

impl Line {
    fn print(self) -> String {
        let kind = if self.required {
            format!("{}, required", self.kind)
        } else {
            self.kind
        };
        let name = self.name;
        let text = if self.meaning.is_empty() {
            kind
        } else {
            format!("{kind}: {}", self.meaning)
        };
        format!("    {name:<22}   {text}")
    }
}

/// The same for results: every key is there, so that "required" would say nothing, and numbers that
/// are taken in two forms come back as text.
pub(crate) fn result_properties(schema: &Value) -> Vec<String> {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("required");
    }
    properties(&schema)
        .into_iter()
        .map(|line| line.replacen(TWO_FORMS, DECIMAL_TEXT, 1))
        .collect()
}

const DECIMAL_TEXT: &str = "decimal text";
const TWO_FORMS: &str = "decimal text or number";

fn meaning(property: &Value) -> String {
    let text = property
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('`', "")
}

fn kind(property: &Value) -> String {
    let Some(object) = property.as_object() else {
        return "any JSON".to_owned();
    };
    let base = types(object);
    match object.get("x-unit").and_then(Value::as_str) {
        Some(unit) => format!("{base} ({unit})"),
        None => base,
    }
}

fn types(object: &Map<String, Value>) -> String {
    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
        return reference(target);
    }
    for alternatives in ["anyOf", "oneOf"] {
        if let Some(list) = object.get(alternatives).and_then(Value::as_array) {
            return list.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(values) = object.get("enum").and_then(Value::as_array) {
        return values
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" or ");
    }
    let names: Vec<&str> = match object.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => return "any JSON".to_owned(),
    };
    let words: Vec<String> = names.into_iter().map(|name| word(name, object)).collect();
    words.join(" or ")
}

fn word(name: &str, object: &Map<String, Value>) -> String {
    match name {
        "integer" => "number".to_owned(),
        "string" if object.get("pattern").and_then(Value::as_str) == Some("^[0-9]+$") => {
            DECIMAL_TEXT.to_owned()
        }
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => match object.get("items") {
            Some(items) => format!("list of {}", kind(items)),
            None => "list".to_owned(),
        },
        other => other.to_owned(),
    }
}

/// The name of a definition, from its place in the schema.
fn reference(target: &str) -> String {
    let name = target.rsplit('/').next().unwrap_or(target);
    format!("{} object", name.trim_end_matches("View"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_units_and_meanings_are_told() {
        let schema = json!({
            "required": ["hash"],
            "properties": {
                "amount": {"type": ["string", "integer", "null"], "pattern": "^[0-9]+$",
                           "x-unit": "millisatoshi", "description": "How\nmuch."},
                "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "hops": {"type": "array", "items": {"$ref": "#/$defs/HopView"}},
                "any": true,
                "next": {"anyOf": [{"$ref": "#/$defs/HopView"}, {"type": "null"}]},
            },
        });
        let lines = properties(&schema);
        let line = |name: &str| {
            lines
                .iter()
                .find(|line| line.trim().starts_with(name))
                .unwrap()
        };
        assert!(
            line("amount").ends_with("decimal text or number or null (millisatoshi): How much.")
        );
        assert!(line("hash").ends_with("text, required"));
        assert!(line("hops").ends_with("list of Hop object"));
        assert!(line("any").ends_with("any JSON"));
        assert!(line("next").ends_with("Hop object or null"));
        let result = result_properties(&schema).concat();
        assert!(!result.contains("required") && result.contains("decimal text or null (milli"));
        assert!(properties(&json!({"type": "object"})).is_empty());
    }
}
