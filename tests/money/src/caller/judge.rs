//! Holds what callers were told against what the ledger shows.

use super::errand::{Claim, Errand};

/// A claim that the ledger refutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Done more than once.
    PaidTwice,
    /// Said not to be done, and it is.
    FalseNever,
    /// Said to be done, and it is not.
    FalseDone,
}

impl Finding {
    pub fn name(self) -> &'static str {
        match self {
            Finding::PaidTwice => "paid_twice",
            Finding::FalseNever => "false_never",
            Finding::FalseDone => "false_done",
        }
    }
}

/// What is wrong with an errand whose claims were these, in their order, and which was done so often.
pub fn judge(errand: &Errand, claims: &[Claim], effects: usize) -> Option<Finding> {
    if effects > 1 {
        return Some(Finding::PaidTwice);
    }
    let done = |claim: &Claim| matches!(claim, Claim::Done | Claim::DoneButFailed);
    if claims.iter().any(done) {
        return (effects == 0).then_some(Finding::FalseDone);
    }
    (effects > 0 && never(errand, claims)).then_some(Finding::FalseNever)
}

/// Whether the caller had to conclude that it was not and will not be done. A "no" speaks for its own
/// call; for earlier ones of the operation too, as far as the library can know of them: through its
/// journal, or in the same process.
fn never(errand: &Errand, claims: &[Claim]) -> bool {
    let Some((Claim::NotDone { .. }, earlier)) = claims.split_last() else {
        return false;
    };
    let killed = earlier.contains(&Claim::Killed) || earlier.contains(&Claim::Restarted);
    let doubtful = earlier.contains(&Claim::Killed) || earlier.contains(&Claim::Unknown);
    !doubtful || errand.is_in_journal() || (errand.method == "send_payment" && !killed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arkgrpc_scenarios::player::CallOptions;
    use serde_json::Value;

    const NO: Claim = Claim::NotDone { retryable: true };

    fn errand(method: &'static str, id: Option<&str>) -> Errand {
        Errand {
            purpose: "x".into(),
            method,
            params: Value::Null,
            options: CallOptions {
                operation_id: id.map(str::to_owned),
                ..CallOptions::default()
            },
        }
    }

    #[test]
    fn twice_is_twice_whatever_was_said() {
        let send = errand("send_onchain", None);
        for claims in [&[Claim::Done][..], &[Claim::Unknown], &[NO], &[]] {
            assert_eq!(judge(&send, claims, 2), Some(Finding::PaidTwice));
        }
    }

    #[test]
    fn what_was_said_must_be_so() {
        let send = errand("send_onchain", None);
        assert_eq!(judge(&send, &[Claim::Done], 1), None);
        assert_eq!(judge(&send, &[Claim::Done], 0), Some(Finding::FalseDone));
        assert_eq!(
            judge(&send, &[Claim::DoneButFailed], 0),
            Some(Finding::FalseDone)
        );
        assert_eq!(judge(&send, &[NO], 1), Some(Finding::FalseNever));
        assert_eq!(judge(&send, &[NO, NO], 0), None);
        for effects in [0, 1] {
            assert_eq!(judge(&send, &[Claim::Unknown], effects), None);
            assert_eq!(judge(&send, &[Claim::Killed], effects), None);
        }
    }

    #[test]
    fn a_no_speaks_for_earlier_tries_that_the_library_knows_of() {
        let journal = errand("send_onchain", Some("a"));
        assert_eq!(
            judge(&journal, &[Claim::Killed, NO], 1),
            Some(Finding::FalseNever)
        );
        let payment = errand("send_payment", None);
        assert_eq!(
            judge(&payment, &[Claim::Unknown, NO], 1),
            Some(Finding::FalseNever)
        );
        assert_eq!(judge(&payment, &[Claim::Killed, NO], 1), None);
        let restarted = [Claim::Unknown, Claim::Restarted, NO];
        assert_eq!(judge(&payment, &restarted, 1), None);
        assert_eq!(judge(&journal, &restarted, 1), Some(Finding::FalseNever));
        assert_eq!(
            judge(&payment, &[NO, Claim::Restarted, NO], 1),
            Some(Finding::FalseNever)
        );
    }
}
