//! The alternating run: in each round everything is measured once, each time by a fresh process; the
//! order is shuffled, and every second round goes backwards through it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::sched_getaffinity;
use nix::unistd::Pid;

use crate::c_client::CClient;
use crate::credentials::Credentials;
use crate::load::{Figures, Load};
use crate::process::{Daemon, output};
use crate::samples::Samples;
use crate::scenario::{Scenario, Variant};

/// Beyond a run's own time; a client that takes longer hangs.
const MARGIN: Duration = Duration::from_secs(30);
/// Fewer rounds give no trustworthy median.
const ENOUGH_ROUNDS: u32 = 5;

#[derive(Debug)]
pub struct Plan {
    pub rounds: u32,
    pub warm_up_ms: u64,
    pub timed_ms: u64,
    seed: u64,
}

impl Plan {
    pub fn of(rounds: u32, quick: bool) -> Self {
        let (rounds, warm_up_ms, timed_ms) = if quick {
            (2, 50, 100)
        } else {
            (rounds, 300, 1000)
        };
        Self {
            rounds,
            warm_up_ms,
            timed_ms,
            seed: fastrand::u64(..),
        }
    }

    pub fn is_trustworthy(&self) -> bool {
        self.rounds >= ENOUGH_ROUNDS
    }

    /// The variants of one scenario in the order of one round.
    fn order(&self, round: u32, scenario: Scenario) -> [Variant; 3] {
        let scenario = Scenario::ALL
            .iter()
            .position(|one| *one == scenario)
            .unwrap_or(0) as u64;
        // Two rounds share an order.
        let seed = self
            .seed
            .wrapping_add(scenario << 32)
            .wrapping_add(u64::from(round / 2));
        let mut order = Variant::ALL;
        fastrand::Rng::with_seed(seed).shuffle(&mut order);
        if round % 2 == 1 {
            order.reverse();
        }
        order
    }
}

pub fn run(plan: &Plan, client: &CClient, directory: &Path) -> Result<Samples> {
    let credentials = Credentials::create(directory)?;
    let core = first_core()?;
    let anywhere = Daemon::start(&credentials, None)?;
    let on_one_core = Daemon::start(&credentials, Some(core))?;
    let mut samples = Samples::default();
    for round in 0..plan.rounds {
        eprintln!("round {} of {}", round + 1, plan.rounds);
        for scenario in Scenario::ALL {
            let daemon = if scenario.on_one_core() {
                &on_one_core
            } else {
                &anywhere
            };
            let load = Load {
                callers: scenario.callers(),
                warm_up_ms: plan.warm_up_ms,
                timed_ms: plan.timed_ms,
                core: scenario.on_one_core().then_some(core),
            };
            for variant in plan.order(round, scenario) {
                let mut command = match variant {
                    Variant::Library => client.command(daemon.port, &credentials, load),
                    Variant::TonicAsync => tonic("async", daemon.port, &credentials, load)?,
                    Variant::TonicBlocking => tonic("blocking", daemon.port, &credentials, load)?,
                };
                let figures = figures(&mut command, load)
                    .with_context(|| format!("{}, {variant:?}", scenario.title()))?;
                samples.add(round, scenario, variant, figures);
            }
        }
    }
    Ok(samples)
}

fn figures(command: &mut Command, load: Load) -> Result<Figures> {
    let text = output(command, load.warm_up() + load.timed() + MARGIN)?;
    serde_json::from_str(&text).with_context(|| format!("figures: {text}"))
}

fn tonic(driver: &str, port: u16, credentials: &Credentials, load: Load) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["tonic", "--driver", driver, "--port", &port.to_string()]);
    command.arg("--credentials").arg(credentials.directory());
    command.args(["--callers", &load.callers.to_string()]);
    command.args(["--warm-up-ms", &load.warm_up_ms.to_string()]);
    command.args(["--timed-ms", &load.timed_ms.to_string()]);
    if let Some(core) = load.core {
        command.args(["--core", &core.to_string()]);
    }
    Ok(command)
}

/// A core that this process may use.
fn first_core() -> Result<usize> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).context("sched_getaffinity")?;
    (0..nix::sched::CpuSet::count())
        .find(|core| allowed.is_set(*core).unwrap_or(false))
        .context("this process may use no core")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_round_goes_backwards() {
        let plan = Plan::of(8, false);
        for scenario in Scenario::ALL {
            for round in [0, 2, 4] {
                let mut next = plan.order(round + 1, scenario);
                next.reverse();
                assert_eq!(plan.order(round, scenario), next);
            }
        }
        let orders: Vec<_> = (0..40)
            .map(|pair| plan.order(pair * 2, Scenario::OneCaller))
            .collect();
        assert!(
            orders.iter().any(|order| *order != orders[0]),
            "shuffled anew"
        );
    }

    #[test]
    fn a_quick_run_is_not_trusted() {
        assert!(!Plan::of(7, true).is_trustworthy());
        assert!(!Plan::of(4, false).is_trustworthy());
        assert!(Plan::of(5, false).is_trustworthy());
    }
}
