//! What the library promises about its speed and size, and whether a run kept it.

use anyhow::Result;

use crate::load::Figures;
use crate::samples::Samples;
use crate::scenario::{Scenario, Variant};

/// Against the reference's median latency; 1.00 is tonic without threads, C and JSON.
const LATENCY_RATIO: f64 = 1.25;
/// Against the reference's calls per second: its tasks never sleep, blocking threads must.
const THROUGHPUT_RATIO: f64 = 0.50;
/// Who waits must sleep once; more is a thread that was woken in between.
const SWITCHES_PER_CALL: f64 = 1.2;
const LIBRARY_MEGABYTES: f64 = 5.0;

#[derive(Debug)]
pub struct Goal {
    pub title: String,
    pub bound: Bound,
    pub measured: f64,
}

#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    pub fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(bound) => self.measured <= bound,
            Bound::AtLeast(bound) => self.measured >= bound,
        }
    }
}

pub fn judge(samples: &Samples, library_bytes: u64) -> Result<Vec<Goal>> {
    let mut goals = Vec::new();
    for scenario in [Scenario::OneCaller, Scenario::OneCallerOneCore] {
        goals.push(Goal {
            title: format!("p50 ÷ reference, {}", scenario.title()),
            bound: Bound::AtMost(LATENCY_RATIO),
            measured: samples
                .ratio(scenario, Variant::Library, |f| f.p50_us)?
                .median,
        });
    }
    let throughput = samples.ratio(
        Scenario::ManyCallers,
        Variant::Library,
        Figures::calls_per_second,
    )?;
    goals.push(Goal {
        title: format!("calls/s ÷ reference, {}", Scenario::ManyCallers.title()),
        bound: Bound::AtLeast(THROUGHPUT_RATIO),
        measured: throughput.median,
    });
    for scenario in Scenario::ALL {
        let switches = samples.spread(scenario, Variant::Library, Figures::switches_per_call)?;
        goals.push(Goal {
            title: format!("voluntary context switches per call, {}", scenario.title()),
            bound: Bound::AtMost(SWITCHES_PER_CALL),
            measured: switches.median,
        });
    }
    goals.push(Goal {
        title: "size of the shared library as installed, MB (10⁶ bytes)".to_owned(),
        bound: Bound::AtMost(LIBRARY_MEGABYTES),
        measured: library_bytes as f64 / 1e6,
    });
    Ok(goals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_or_not() {
        let goal = |bound, measured| Goal {
            title: String::new(),
            bound,
            measured,
        };
        assert!(goal(Bound::AtMost(1.25), 1.25).is_met());
        assert!(!goal(Bound::AtMost(1.25), 1.26).is_met());
        assert!(goal(Bound::AtLeast(0.5), 0.5).is_met());
        assert!(!goal(Bound::AtLeast(0.5), 0.49).is_met());
    }
}
