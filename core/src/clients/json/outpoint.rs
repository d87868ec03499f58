//! Outputs of transactions and funding outputs of channels: `txid:vout`, the txid in display order.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One output of one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct OutPoint {
    /// In display order.
    pub(crate) txid: [u8; 32],
    pub(crate) index: u32,
}

impl OutPoint {
    /// From `txid:vout`.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (id, index) = text.split_once(':')?;
        let mut txid = [0; 32];
        hex::decode_to_slice(id, &mut txid).ok()?;
        let plain = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
        let index = index.parse().ok().filter(|_| plain)?;
        Some(Self { txid, index })
    }

    /// From a daemon's bytes, which are in wire order.
    pub(crate) fn from_wire(txid: &[u8], index: u32) -> Option<Self> {
        let mut txid: [u8; 32] = txid.try_into().ok()?;
        txid.reverse();
        Some(Self { txid, index })
    }

    pub(crate) fn txid_text(&self) -> String {
        hex::encode(self.txid)
    }
}

/// A daemon's txid bytes, which are in wire order, as they are shown.
pub(crate) fn shown_txid(wire: &[u8]) -> String {
    hex::encode(wire.iter().rev().copied().collect::<Vec<u8>>())
}

impl fmt::Display for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", hex::encode(self.txid), self.index)
    }
}

impl fmt::Debug for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for OutPoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct OutPointVisitor;

impl Visitor<'_> for OutPointVisitor {
    type Value = OutPoint;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text `txid:vout`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OutPoint, E> {
        OutPoint::from_text(text)
            .ok_or_else(|| E::custom("expected `txid:vout`: 64 hex digits, a colon, a number"))
    }
}

impl<'de> Deserialize<'de> for OutPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OutPointVisitor)
    }
}

impl JsonSchema for OutPoint {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "OutPoint".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}:[0-9]+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_order_goes_in_and_out() {
        let text = format!("{}:3", "0a".repeat(31) + "ff");
        let point = OutPoint::from_text(&text).unwrap();
        assert_eq!(point.to_string(), text);
        let wire: Vec<u8> = point.txid.iter().rev().copied().collect();
        assert_eq!(OutPoint::from_wire(&wire, 3), Some(point));
        assert_eq!(shown_txid(&wire), point.txid_text());
    }

    #[test]
    fn other_texts_are_refused() {
        let id = "ab".repeat(32);
        for text in [
            String::new(),
            id.clone(),
            format!("{id}:"),
            format!("{id}:-1"),
            format!("{id}:+1"),
            format!("{id}:4294967296"),
            format!("{}:0", "ab".repeat(31)),
        ] {
            assert!(OutPoint::from_text(&text).is_none(), "{text}");
        }
    }
}
