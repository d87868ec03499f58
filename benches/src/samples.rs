//! All figures of a run, and what is read from them: medians, and ratios within the same round.

use anyhow::{Result, ensure};

use crate::load::Figures;
use crate::scenario::{Scenario, Variant};

#[derive(Debug, Default)]
pub struct Samples(Vec<Sample>);

#[derive(Debug)]
struct Sample {
    round: u32,
    scenario: Scenario,
    variant: Variant,
    figures: Figures,
}

/// A median with the extremes it was taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Samples {
    pub fn add(&mut self, round: u32, scenario: Scenario, variant: Variant, figures: Figures) {
        self.0.push(Sample {
            round,
            scenario,
            variant,
            figures,
        });
    }

    /// Of one figure, over the rounds.
    pub fn spread(
        &self,
        scenario: Scenario,
        variant: Variant,
        figure: fn(&Figures) -> f64,
    ) -> Result<Spread> {
        Spread::of(
            self.of(scenario, variant)
                .map(|sample| figure(&sample.figures))
                .collect(),
        )
    }

    /// Of one figure relative to the reference's in the same round, over the rounds.
    pub fn ratio(
        &self,
        scenario: Scenario,
        variant: Variant,
        figure: fn(&Figures) -> f64,
    ) -> Result<Spread> {
        let ratio = |sample: &Sample| {
            let mut references = self.of(scenario, Variant::TonicAsync);
            let reference = references.find(|reference| reference.round == sample.round)?;
            Some(figure(&sample.figures) / figure(&reference.figures))
        };
        Spread::of(self.of(scenario, variant).filter_map(ratio).collect())
    }

    fn of(&self, scenario: Scenario, variant: Variant) -> impl Iterator<Item = &Sample> {
        self.0
            .iter()
            .filter(move |sample| sample.scenario == scenario && sample.variant == variant)
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Result<Self> {
        ensure!(
            values.iter().all(|value| value.is_finite()),
            "a figure is not finite: {values:?}"
        );
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let at = |index: usize| values.get(index).copied();
        let (Some(low), Some(upper), Some(high)) = (at(0), at(middle), values.last().copied())
        else {
            anyhow::bail!("nothing was measured");
        };
        let lower = if values.len().is_multiple_of(2) {
            at(middle - 1)
        } else {
            None
        };
        Ok(Self {
            median: (lower.unwrap_or(upper) + upper) / 2.0,
            low,
            high,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(p50_us: f64) -> Figures {
        Figures {
            calls: 10,
            seconds: 1.0,
            p50_us,
            p99_us: p50_us,
            user_seconds: 0.0,
            system_seconds: 0.0,
            voluntary_switches: 0,
            involuntary_switches: 0,
        }
    }

    #[test]
    fn medians_of_odd_even_and_no_values() {
        assert_eq!(Spread::of(vec![9.0, 1.0, 2.0]).unwrap().median, 2.0);
        let even = Spread::of(vec![4.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!(
            even,
            Spread {
                median: 3.0,
                low: 1.0,
                high: 9.0
            }
        );
        assert!(Spread::of(vec![]).is_err());
        assert!(Spread::of(vec![1.0, f64::NAN]).is_err());
    }

    /// A machine that slows down from round to round changes the medians, not the paired ratios.
    #[test]
    fn ratios_are_paired_within_a_round() {
        let mut samples = Samples::default();
        for (round, slowness) in [(0, 1.0), (1, 5.0), (2, 2.0)] {
            let scenario = Scenario::OneCaller;
            samples.add(round, scenario, Variant::Library, figures(30.0 * slowness));
            samples.add(
                round,
                scenario,
                Variant::TonicAsync,
                figures(20.0 * slowness),
            );
        }
        let ratio = samples
            .ratio(Scenario::OneCaller, Variant::Library, |f| f.p50_us)
            .unwrap();
        assert_eq!(
            ratio,
            Spread {
                median: 1.5,
                low: 1.5,
                high: 1.5
            }
        );
        assert!(
            samples
                .ratio(Scenario::ManyCallers, Variant::Library, |f| f.p50_us)
                .is_err()
        );
    }
}
