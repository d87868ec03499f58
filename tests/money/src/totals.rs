//! What a run comes to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::caller::Finding;

/// So many findings are told in full.
const SHOWN: u64 = 10;

/// The sums of all rounds.
#[derive(Default)]
pub struct Totals {
    pub calls: u64,
    pub unconnected: u64,
    pub errands: u64,
    /// Errands whose last word was "unknown", or none; and those of them that were done.
    pub open: u64,
    pub open_and_done: u64,
    pub span: Duration,
    claims: BTreeMap<&'static str, BTreeMap<String, u64>>,
    faults: BTreeMap<&'static str, u64>,
    findings: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub fn add_faults(&mut self, faults: &BTreeMap<&'static str, u64>) {
        for (name, count) in faults {
            *self.faults.entry(name).or_default() += count;
        }
    }

    pub fn add_claims(&mut self, method: &'static str, claims: &BTreeMap<&str, u64>) {
        let row = self.claims.entry(method).or_default();
        for (name, count) in claims {
            *row.entry((*name).to_owned()).or_default() += count;
        }
    }

    pub fn find(&mut self, finding: Finding, story: impl Fn() -> String) {
        let count = self.findings.entry(finding.name()).or_default();
        *count += 1;
        if *count <= SHOWN {
            println!("FOUND {}: {}", finding.name(), story());
        }
    }

    pub fn found(&self, finding: Finding) -> u64 {
        self.findings
            .get(finding.name())
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} calls for {} errands in {:.0} s; {} more met no connection",
            self.calls,
            self.errands,
            self.span.as_secs_f64(),
            self.unconnected
        )?;
        for (method, row) in &self.claims {
            let told: Vec<_> = row
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            writeln!(f, "  {method}: {}", told.join(", "))?;
        }
        let share = 100.0 * self.open as f64 / self.errands.max(1) as f64;
        writeln!(
            f,
            "{} errands ({share:.2} %) stayed undecided for their caller; {} of them were done",
            self.open, self.open_and_done
        )?;
        let faults: Vec<_> = self
            .faults
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(f, "faults: {}", faults.join(", "))?;
        write!(
            f,
            "paid_twice {}, false_never {}, false_done {}",
            self.found(Finding::PaidTwice),
            self.found(Finding::FalseNever),
            self.found(Finding::FalseDone)
        )
    }
}
