//! 64-bit numbers that may exceed what JSON readers keep exactly: printed as decimal strings, read from
//! those or from numbers.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id or index of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) u64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0, "format": "uint64"
        })
    }
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 to 18446744073709551615, or its decimal string")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(Decimal(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Decimal(number)),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_texts_are_read() {
        for text in ["18446744073709551615", "\"18446744073709551615\""] {
            let read: Decimal = serde_json::from_str(text).unwrap();
            assert_eq!(read, Decimal(u64::MAX));
        }
        for text in [
            "-1",
            "1.0",
            "1e3",
            "\"\"",
            "\"+1\"",
            "\" 1\"",
            "\"18446744073709551616\"",
            "true",
        ] {
            let error = serde_json::from_str::<Decimal>(text).unwrap_err();
            assert!(
                error.to_string().contains("whole number"),
                "{text}: {error}"
            );
        }
    }
}
