//! The caller's own gRPC metadata: one JSON object of strings, whose names do not collide with what
//! the library sends itself.

use std::fmt;

use arkgrpc_core::error::{Error, Status};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// Names that gRPC, HTTP/2 or this library set themselves.
const RESERVED: [&str; 12] = [
    "macaroon",
    "te",
    "content-type",
    "content-length",
    "user-agent",
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "trailer",
];

/// More would not fit into what servers accept as headers (8 KiB is gRPC's advice for all).
const LARGEST_TOTAL: usize = 8 * 1024;

/// Reads the object; names come back in the order in which they stood.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, String)>, Error> {
    let Pairs(pairs) = serde_json::from_str(text).map_err(refused_json)?;
    let total: usize = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if total > LARGEST_TOTAL {
        return Err(Error::local(
            Status::InputTooLarge,
            format!("the metadata has {total} bytes, more than the {LARGEST_TOTAL} allowed"),
            "send less metadata",
        ));
    }
    for (name, value) in &pairs {
        check_name(name)?;
        check_value(name, value)?;
    }
    Ok(pairs)
}

fn check_name(name: &str) -> Result<(), Error> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with(':') || lower.starts_with("grpc-") || RESERVED.contains(&lower.as_str()) {
        return Err(refused(
            name,
            "is set by the library itself",
            "leave it out",
        ));
    }
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
    };
    if name.is_empty() || !name.bytes().all(allowed) {
        let remedy = "use lower-case letters, digits, \"-\", \"_\" and \".\"";
        return Err(refused(name, "is no valid name", remedy));
    }
    if name.ends_with("-bin") {
        return Err(refused(
            name,
            "would be binary metadata",
            "use a name without \"-bin\"",
        ));
    }
    Ok(())
}

fn check_value(name: &str, value: &str) -> Result<(), Error> {
    let visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !visible || value.trim() != value {
        let remedy = "use visible ASCII characters, without spaces at the ends";
        return Err(refused(name, "has a value that no header may hold", remedy));
    }
    Ok(())
}

/// Names, not values: a value may be a secret.
fn refused(name: &str, fault: &str, remedy: &str) -> Error {
    let shown: String = name.chars().take(64).collect();
    Error::local(
        Status::InvalidArgument,
        format!("metadata name {shown:?} {fault}"),
        remedy,
    )
}

fn refused_json(error: serde_json::Error) -> Error {
    let hint = "pass one JSON object whose values are strings, such as {\"x-request-id\":\"7\"}";
    if error.to_string().starts_with(NOT_STRINGS) {
        return Error::local(Status::InvalidArgument, NOT_STRINGS, hint);
    }
    if error.to_string().starts_with(TWICE) {
        return Error::local(Status::InvalidJson, TWICE, hint);
    }
    if error.is_data() {
        return Error::local(Status::InvalidArgument, NOT_STRINGS, hint);
    }
    let place = error.column();
    Error::local(
        Status::InvalidJson,
        format!("the metadata is not well-formed JSON at column {place}"),
        hint,
    )
}

const NOT_STRINGS: &str = "the metadata is not a JSON object of strings";
const TWICE: &str = "a name stands twice in the metadata";

struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pairs, A::Error> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        while let Some((name, value)) = entries.next_entry::<String, String>()? {
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(de::Error::custom(TWICE));
            }
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Status {
        parse(text).unwrap_err().status()
    }

    #[test]
    fn an_object_of_strings_is_taken_in_order() {
        let pairs = parse(r#"{"x-b": "2", "x-a": "1 and more"}"#).unwrap();
        assert_eq!(
            pairs,
            [
                ("x-b".into(), "2".into()),
                ("x-a".into(), "1 and more".into())
            ]
        );
        assert!(parse("{}").unwrap().is_empty());
    }

    #[test]
    fn reserved_and_invalid_names_are_refused() {
        for name in [
            "macaroon",
            "Macaroon",
            "grpc-timeout",
            "GRPC-x",
            ":path",
            ":authority",
            "te",
            "content-type",
            "user-agent",
            "connection",
            "",
            "x y",
            "X-Upper",
            "ż",
            "x\\r\\ny",
            "a-bin",
        ] {
            let text = format!("{{\"{name}\":\"v\"}}");
            assert_eq!(status(&text), Status::InvalidArgument, "{name}");
        }
    }

    #[test]
    fn values_that_would_break_a_header_are_refused_and_not_shown() {
        for value in [
            "canary\\n",
            "can\\u0000ary",
            " canary",
            "canary ",
            "canaryż",
            "canary\\u007f",
        ] {
            let error = parse(&format!("{{\"x\":\"{value}\"}}")).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{value}");
            assert!(!error.message().contains("can"), "{error}");
        }
    }

    #[test]
    fn what_is_no_object_of_strings_is_refused() {
        for text in [
            "[]",
            "\"x\"",
            "{\"x\":1}",
            "{\"x\":null}",
            "{\"x\":{}}",
            "null",
        ] {
            assert_eq!(status(text), Status::InvalidArgument, "{text}");
        }
        for text in [
            "",
            "{",
            "{\"x\":\"1\",}",
            "{} {}",
            "{\"x\":\"1\",\"x\":\"2\"}",
        ] {
            assert_eq!(status(text), Status::InvalidJson, "{text}");
        }
        assert_eq!(
            status(&format!("{{\"x\":\"{}\"}}", "y".repeat(9000))),
            Status::InputTooLarge
        );
    }
}
