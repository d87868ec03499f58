//! Strict reading of JSON input: depth, duplicate keys, unknown keys and ranges are refused, and the
//! message names the field.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use crate::error::{Error, Status};

/// Reads one JSON object into its type. Empty text and `null` stand for `{}`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, max_bytes: u64) -> Result<T, Error> {
    if text.len() as u64 > max_bytes {
        return Err(Error::local(
            Status::InputTooLarge,
            format!(
                "the JSON text has {} bytes, more than the {max_bytes} allowed",
                text.len()
            ),
            "send a smaller text".to_owned(),
        ));
    }
    let trimmed = text.trim();
    let text = if trimmed.is_empty() || trimmed == "null" {
        "{}"
    } else {
        trimmed
    };
    serde_json::from_str::<WellFormed>(text).map_err(malformed)?;
    if !text.starts_with('{') {
        return Err(Error::local(
            Status::InvalidArgument,
            "the JSON text is not an object",
            "pass the parameters as a JSON object, such as {\"amount\":1000}",
        ));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = plain(&error.into_inner());
        let message = if path == "." {
            inner
        } else {
            format!("field `{path}`: {inner}")
        };
        Error::local(
            Status::InvalidArgument,
            message,
            "correct the named field; arkgrpc_methods() and the header list the valid ones",
        )
    })
}

/// Reads an optional object inside of another one. Derived readers would also take an array.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Some)
    }
}

/// serde_json's text without the position, which means nothing inside a program.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

fn malformed(error: serde_json::Error) -> Error {
    let text = error.to_string();
    if text.contains("recursion limit exceeded") {
        return Error::local(
            Status::JsonTooDeep,
            "the JSON text nests deeper than 128 levels",
            "flatten it: no method takes deeply nested parameters",
        );
    }
    Error::local(
        Status::InvalidJson,
        format!("the JSON text is not well-formed: {text}"),
        "pass one well-formed JSON object in which no key stands twice",
    )
}

/// Accepts any JSON value in which no object has a key twice, and keeps nothing of it.
struct WellFormed;

impl<'de> Deserialize<'de> for WellFormed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WellFormedVisitor)
    }
}

struct WellFormedVisitor;

impl<'de> Visitor<'de> for WellFormedVisitor {
    type Value = WellFormed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<WellFormed, E> {
        Ok(WellFormed)
    }
    fn visit_i64<E>(self, _: i64) -> Result<WellFormed, E> {
        Ok(WellFormed)
    }
    fn visit_u64<E>(self, _: u64) -> Result<WellFormed, E> {
        Ok(WellFormed)
    }
    fn visit_f64<E>(self, _: f64) -> Result<WellFormed, E> {
        Ok(WellFormed)
    }
    fn visit_str<E>(self, _: &str) -> Result<WellFormed, E> {
        Ok(WellFormed)
    }
    fn visit_unit<E>(self) -> Result<WellFormed, E> {
        Ok(WellFormed)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<WellFormed, A::Error> {
        while items.next_element::<WellFormed>()?.is_some() {}
        Ok(WellFormed)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<WellFormed, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            entries.next_value::<WellFormed>()?;
            if seen.contains(&key) {
                return Err(de::Error::custom(format_args!(
                    "the key `{key}` stands twice"
                )));
            }
            seen.insert(key);
        }
        Ok(WellFormed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(default)]
        amount: Option<u64>,
    }

    fn status(text: &str) -> Status {
        parse::<Sample>(text, 1 << 20).unwrap_err().status()
    }

    #[test]
    fn nothing_stands_for_an_empty_object() {
        for text in ["", "  ", "null", "{}"] {
            assert!(parse::<Sample>(text, 100).unwrap().amount.is_none());
        }
    }

    #[test]
    fn each_kind_of_wrong_text_has_its_status() {
        assert_eq!(status("{"), Status::InvalidJson);
        assert_eq!(status("{} {}"), Status::InvalidJson);
        assert_eq!(status("{\"amount\":1,\"amount\":2}"), Status::InvalidJson);
        assert_eq!(status(&"[".repeat(10_000)), Status::JsonTooDeep);
        assert_eq!(status("[1]"), Status::InvalidArgument);
        assert_eq!(status("{\"amont\":1}"), Status::InvalidArgument);
        assert_eq!(
            parse::<Sample>("{ }", 2).unwrap_err().status(),
            Status::InputTooLarge
        );
    }

    #[test]
    fn the_message_names_the_field_and_the_valid_ones() {
        let error = parse::<Sample>("{\"amont\":1}", 100).unwrap_err();
        assert!(
            error.message().contains("amont") && error.message().contains("amount"),
            "{error}"
        );
        let error = parse::<Sample>("{\"amount\":\"x\"}", 100).unwrap_err();
        assert!(error.message().contains("`amount`"), "{error}");
    }
}
