//! From a request's fee preference to a fee rate, with lnd's checks and texts. There is no market
//! for blocks here, so every target costs what lnd falls back to without estimates.

use tonic::Status;

/// What one satoshi a virtual byte is raised to.
const ONE_SAT_PER_VBYTE: u64 = 250;
const FLOOR: u64 = 253;
const DEFAULT_TARGET: u32 = 6;
const WEIGHT_PER_VBYTE: u64 = 4;

/// Satoshis per thousand weight units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) struct FeeRate(u64);

impl FeeRate {
    /// lnd's fallback of 25 satoshis a virtual byte.
    pub(crate) const FALLBACK: Self = Self(6250);

    /// From what a request says; without anything, lnd aims at six blocks.
    pub(crate) fn wanted(sat_per_vbyte: u64, target_conf: i32) -> Result<Self, Status> {
        // lnd converts a negative target without a look; it is then a very late one.
        let target = u32::try_from(target_conf).unwrap_or(u32::MAX);
        match (sat_per_vbyte, target) {
            (0, 0) => Self::by_target(DEFAULT_TARGET),
            (0, target) => Self::by_target(target),
            (rate, 0) => Self::by_hand(rate),
            _ => Err(Status::unknown("fee preference conflict")),
        }
    }

    /// For confirmation within so many blocks.
    pub(crate) fn by_target(target: u32) -> Result<Self, Status> {
        match target {
            0 => Err(Status::unknown("no fee preference specified")),
            _ => Ok(Self::FALLBACK),
        }
    }

    fn by_hand(sat_per_vbyte: u64) -> Result<Self, Status> {
        match sat_per_vbyte.checked_mul(ONE_SAT_PER_VBYTE) {
            Some(ONE_SAT_PER_VBYTE) => Ok(Self(FLOOR)),
            Some(rate) => Ok(Self(rate)),
            None => Err(Status::unknown("fee rate out of range")),
        }
    }

    /// What so many weight units cost.
    pub(crate) fn fee(self, weight: u64) -> u64 {
        self.0.saturating_mul(weight) / 1000
    }

    /// In satoshis a virtual byte.
    pub(crate) fn sat_per_vbyte(self) -> u64 {
        self.0 * WEIGHT_PER_VBYTE / 1000
    }
}

/// How many confirmations the coins of a request must have.
pub(crate) fn min_confs(min_confs: i32, spend_unconfirmed: bool) -> Result<u32, Status> {
    match (u32::try_from(min_confs), spend_unconfirmed) {
        (Err(_), _) => Err(Status::unknown(
            "minimum number of confirmations must be a non-negative number",
        )),
        (Ok(0), true) => Ok(0),
        (Ok(0), false) => Ok(1),
        (Ok(_), true) => Err(Status::unknown(
            "SpendUnconfirmed set to true with MinConfs > 0",
        )),
        (Ok(min_confs), false) => Ok(min_confs),
    }
}
