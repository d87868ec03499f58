//! What a transaction may cost: a rate, or the number of blocks within which it should confirm. Never
//! the silent 1 sat/vB of old.

use serde::Serialize;

use crate::error::{Error, Status};

const USUAL_TARGET: u32 = 6;
/// More was never paid; a larger number is a slip of the pen.
const HIGHEST_RATE: u64 = 10_000;
const LONGEST_TARGET: u32 = 1008;

/// In lnd's terms: one of the two is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FeeChoice {
    pub(super) sat_per_vbyte: u64,
    pub(super) target_conf: i32,
}

/// From `sat_per_byte` and `target_conf`; without both: six blocks.
pub(super) fn choose(
    sat_per_byte: Option<u64>,
    target_conf: Option<u32>,
) -> Result<FeeChoice, Error> {
    let refused = |field: &str, wrong: String, valid: String| {
        Err(Error::local(
            Status::InvalidArgument,
            format!("field `{field}`: {wrong}"),
            valid,
        ))
    };
    match (sat_per_byte, target_conf) {
        (Some(_), Some(_)) => refused(
            "sat_per_byte",
            "given beside target_conf".to_owned(),
            "give one of the two".to_owned(),
        ),
        (Some(rate), None) if !(1..=HIGHEST_RATE).contains(&rate) => refused(
            "sat_per_byte",
            format!("{rate} sat/vB"),
            format!("give 1 to {HIGHEST_RATE} satoshis for each virtual byte, or target_conf"),
        ),
        (Some(rate), None) => Ok(FeeChoice {
            sat_per_vbyte: rate,
            target_conf: 0,
        }),
        (None, target) => {
            let target = target.unwrap_or(USUAL_TARGET);
            if !(1..=LONGEST_TARGET).contains(&target) {
                return refused(
                    "target_conf",
                    format!("{target} blocks"),
                    format!("give 1 to {LONGEST_TARGET} blocks"),
                );
            }
            Ok(FeeChoice {
                sat_per_vbyte: 0,
                target_conf: i32::try_from(target).unwrap_or(i32::MAX),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_means_six_blocks() {
        let choice = choose(None, None).unwrap();
        assert_eq!((choice.sat_per_vbyte, choice.target_conf), (0, 6));
        let choice = choose(Some(3), None).unwrap();
        assert_eq!((choice.sat_per_vbyte, choice.target_conf), (3, 0));
    }

    #[test]
    fn contradictions_and_slips_are_refused() {
        for (rate, target) in [
            (Some(1), Some(1)),
            (Some(0), None),
            (Some(10_001), None),
            (None, Some(0)),
            (None, Some(1009)),
        ] {
            assert!(choose(rate, target).is_err(), "{rate:?} {target:?}");
        }
    }
}
