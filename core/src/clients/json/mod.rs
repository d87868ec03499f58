//! The JSON forms of amounts, ids and byte strings: how they are read, printed and described.

pub(crate) mod absent;
mod amounts;
mod decimal;
mod hexadecimal;
mod outpoint;
mod public_key;

pub(crate) use amounts::{Millisatoshis, Satoshis};
pub(crate) use decimal::Decimal;
pub(crate) use hexadecimal::Hex32;
pub(crate) use outpoint::{OutPoint, shown_txid};
pub(crate) use public_key::PublicKey;
