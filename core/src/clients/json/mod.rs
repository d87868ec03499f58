//! The JSON forms of amounts, ids and byte strings: how they are read, printed and described.

mod amounts;
mod decimal;
mod hexadecimal;

pub(crate) use amounts::{Millisatoshis, Satoshis};
pub(crate) use decimal::Decimal;
pub(crate) use hexadecimal::Hex32;
