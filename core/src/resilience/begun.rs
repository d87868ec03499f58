//! One request from its start to the breaker's and the budget's account of it.

use std::time::Instant;

use super::attempt::{Attempt, Effect};
use super::breaker::Stamp;
use super::outcome::Fault;
use super::policies::Policies;
use super::verdict;

/// A request under the eyes of the policies.
pub(super) struct Begun<'a> {
    policies: &'a Policies,
    stamp: Stamp,
    at: Instant,
}

impl<'a> Begun<'a> {
    pub(super) fn now(policies: &'a Policies) -> Self {
        Self {
            policies,
            stamp: policies.stamp(),
            at: Instant::now(),
        }
    }

    pub(super) fn succeeded(self, effect: Effect) {
        let slow = self.policies.slow_call().filter(|_| effect == Effect::Read);
        let verdict = verdict::of_success(self.at.elapsed(), slow);
        self.policies.record(self.stamp, verdict, String::new);
        self.policies.earn_retries();
    }

    pub(super) fn failed(self, fault: &Fault, status: Option<&tonic::Status>, attempt: &Attempt) {
        let verdict = verdict::of_fault(fault, status, attempt, self.at.elapsed());
        self.policies
            .record(self.stamp, verdict, || fault.to_string());
    }
}
