//! Hashes, keys and preimages: hex, printed in lower case.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 32 bytes as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hex32(pub(crate) [u8; 32]);

impl Hex32 {
    /// From a daemon's bytes; `None` when they are not 32.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From a daemon's hex text.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl fmt::Display for Hex32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Never the content: it may be a preimage.
impl fmt::Debug for Hex32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hex32(…)")
    }
}

impl Serialize for Hex32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct HexVisitor;

impl Visitor<'_> for HexVisitor {
    type Value = Hex32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes as 64 hex digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Hex32, E> {
        // The text is not repeated: a preimage may have been put in the wrong place.
        Hex32::from_text(text).ok_or_else(|| {
            E::custom(format_args!(
                "expected 32 bytes as 64 hex digits, got a text of {} characters",
                text.chars().count()
            ))
        })
    }
}

impl<'de> Deserialize<'de> for Hex32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(HexVisitor)
    }
}

impl JsonSchema for Hex32 {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Hex32".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_read_and_one_is_printed() {
        let text = "AB".repeat(32);
        let hash: Hex32 = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!(
            serde_json::to_string(&hash).unwrap(),
            format!("\"{}\"", "ab".repeat(32))
        );
    }

    #[test]
    fn wrong_texts_are_refused_and_not_repeated() {
        for text in ["canary", &"zz".repeat(32), &"ab".repeat(31), ""] {
            let error = serde_json::from_str::<Hex32>(&format!("\"{text}\""))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("64 hex digits") && !error.contains("canary"),
                "{error}"
            );
        }
    }
}
