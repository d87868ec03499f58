//! Amounts as lnd reads them from requests and prints them in its texts.

use tonic::Status;

/// Millisatoshis of a satoshi.
pub(crate) const MSAT: u64 = 1000;
const SATOSHIS_PER_BITCOIN: u64 = 100_000_000;

/// The amount of a pair of fields, of which at most one may be set.
pub(crate) fn from_pair(sat: i64, msat: i64) -> Result<u64, Status> {
    if sat != 0 && msat != 0 {
        return Err(Status::unknown(
            "sat and msat arguments are mutually exclusive",
        ));
    }
    match (u64::try_from(sat), u64::try_from(msat)) {
        (Ok(sat), Ok(msat)) => Ok(sat.saturating_mul(MSAT).saturating_add(msat)),
        _ => Err(Status::unknown("amount cannot be negative")),
    }
}

/// Whole satoshis as the signed number that lnd's messages carry.
pub(crate) fn sat(msat: u64) -> i64 {
    signed(msat / MSAT)
}

/// A number that lnd's messages carry signed although it never is negative.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An amount in bitcoin as lnd prints it: eight digits after the point, or none.
pub(crate) fn in_bitcoin(sat: u64) -> String {
    match (sat / SATOSHIS_PER_BITCOIN, sat % SATOSHIS_PER_BITCOIN) {
        (whole, 0) => format!("{whole} BTC"),
        (whole, rest) => format!("{whole}.{rest:08} BTC"),
    }
}
