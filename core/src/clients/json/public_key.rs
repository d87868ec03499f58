//! Keys of nodes: 33 bytes in hex.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A compressed public key as 66 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey(pub(crate) [u8; 33]);

impl PublicKey {
    /// From hex text; `None` when it is none.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut bytes = [0; 33];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        matches!(bytes[0], 2 | 3).then_some(Self(bytes))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = PublicKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a public key: 66 hex digits that begin with 02 or 03")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PublicKey, E> {
        PublicKey::from_text(text).ok_or_else(|| {
            E::custom(format_args!(
                "expected a public key, 66 hex digits that begin with 02 or 03, got a text of {} characters",
                text.chars().count()
            ))
        })
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

impl JsonSchema for PublicKey {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PublicKey".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^0[23][0-9a-fA-F]{64}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_both_cases_and_nothing_else_is() {
        let text = format!("\"02{}\"", "AB".repeat(32));
        let key: PublicKey = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), text.to_lowercase());
        for text in [
            "\"\"".to_owned(),
            format!("\"04{}\"", "ab".repeat(32)),
            format!("\"02{}\"", "ab".repeat(31)),
            "5".to_owned(),
        ] {
            let error = serde_json::from_str::<PublicKey>(&text).unwrap_err();
            assert!(error.to_string().contains("public key"), "{text}: {error}");
        }
    }
}
