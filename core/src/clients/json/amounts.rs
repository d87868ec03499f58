//! Amounts of money: whole numbers in a named unit, within what bitcoin has, or refused.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All satoshis that will ever exist.
const MAX_SATOSHIS: u64 = 21_000_000 * 100_000_000;
const MAX_MILLISATOSHIS: u64 = MAX_SATOSHIS * 1000;

/// Satoshis: a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Satoshis(pub(crate) u64);

/// Millisatoshis: printed as a decimal string, read from a number or a decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millisatoshis(pub(crate) u64);

impl Satoshis {
    pub(crate) fn in_millisatoshis(self) -> u64 {
        self.0.saturating_mul(1000)
    }
}

struct AmountVisitor {
    unit: &'static str,
    largest: u64,
    text_allowed: bool,
}

impl AmountVisitor {
    fn refuse<E: de::Error>(&self, got: impl fmt::Display) -> E {
        let form = if self.text_allowed {
            ", as a number or a decimal string"
        } else {
            ""
        };
        E::custom(format_args!(
            "{got} is not a valid amount: expected whole {} from 0 to {}{form}",
            self.unit, self.largest
        ))
    }

    fn bounded<E: de::Error>(&self, amount: u64) -> Result<u64, E> {
        if amount > self.largest {
            Err(self.refuse(amount))
        } else {
            Ok(amount)
        }
    }
}

impl Visitor<'_> for AmountVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "whole {} from 0 to {}", self.unit, self.largest)
    }

    fn visit_u64<E: de::Error>(self, amount: u64) -> Result<u64, E> {
        self.bounded(amount)
    }

    fn visit_i64<E: de::Error>(self, amount: i64) -> Result<u64, E> {
        u64::try_from(amount)
            .map_err(|_| self.refuse(amount))
            .and_then(|amount| self.bounded(amount))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<u64, E> {
        Err(self.refuse("a number with a fraction or an exponent"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(amount) if self.text_allowed && digits => self.bounded(amount),
            _ => Err(self.refuse("a text")),
        }
    }
}

impl<'de> Deserialize<'de> for Satoshis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = AmountVisitor {
            unit: "satoshis",
            largest: MAX_SATOSHIS,
            text_allowed: false,
        };
        deserializer.deserialize_any(visitor).map(Satoshis)
    }
}

impl<'de> Deserialize<'de> for Millisatoshis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = AmountVisitor {
            unit: "millisatoshis",
            largest: MAX_MILLISATOSHIS,
            text_allowed: true,
        };
        deserializer.deserialize_any(visitor).map(Millisatoshis)
    }
}

impl Serialize for Millisatoshis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Satoshis {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Satoshis".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": MAX_SATOSHIS, "x-unit": "satoshi" })
    }
}

impl JsonSchema for Millisatoshis {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Millisatoshis".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0, "x-unit": "millisatoshi"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_amounts_in_range_pass() {
        assert_eq!(
            serde_json::from_str::<Satoshis>("2100000000000000")
                .unwrap()
                .0,
            MAX_SATOSHIS
        );
        assert_eq!(
            serde_json::from_str::<Millisatoshis>("\"21\"").unwrap().0,
            21
        );
        assert_eq!(serde_json::to_string(&Millisatoshis(7)).unwrap(), "\"7\"");
    }

    #[test]
    fn everything_else_is_refused_with_unit_and_range() {
        for text in [
            "-1",
            "1.5",
            "1e3",
            "9223372036854775808",
            "2100000000000001",
            "\"5\"",
            "true",
            "1.0",
        ] {
            let error = serde_json::from_str::<Satoshis>(text)
                .unwrap_err()
                .to_string();
            assert!(error.contains("satoshis"), "{text}: {error}");
        }
        for text in [
            "\"-1\"",
            "\"\"",
            "\"1e3\"",
            "\"+1\"",
            "\" 1\"",
            "2100000000000000001",
        ] {
            assert!(
                serde_json::from_str::<Millisatoshis>(text).is_err(),
                "{text}"
            );
        }
    }
}
