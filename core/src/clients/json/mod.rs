//! The JSON forms of amounts, ids and byte strings: how they are read, printed and described.

mod amounts;
mod decimal;
mod hexadecimal;
mod outpoint;

pub(crate) use amounts::{Millisatoshis, Satoshis};
pub(crate) use decimal::Decimal;
pub(crate) use hexadecimal::Hex32;
pub(crate) use outpoint::{OutPoint, shown_txid};
