//! One node, one process with the library, many callers; then the ledger judges.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use arkgrpc_scenarios::polling::before_next_look;
use std::sync::atomic::Ordering;
use tokio::runtime::Runtime;

use crate::caller::{Belief, Budget, Claim, Errands, Process, Told, judge, run};
use crate::node::Node;
use crate::totals::Totals;

/// So many calls a node: its books stay short, as the library reads them whole.
pub const CALLS: u64 = 2000;
const KILLS: u64 = 2;
const STILL: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(2);

/// How a round is played.
pub struct Terms<'a> {
    pub runtime: &'a Runtime,
    pub player: &'a Path,
    pub threads: usize,
    pub belief: Belief,
}

/// Plays a round whose lots are drawn from the seed.
pub fn play(terms: &Terms<'_>, seed: u64, calls: u64, totals: &mut Totals) -> Result<()> {
    let mut lot = fastrand::Rng::with_seed(seed);
    let node = Node::start(terms.runtime, lot.u64(..))?;
    let process = Process::start(terms.player.to_owned(), &node)?;
    let budget = Budget::new(calls);
    let kills: Vec<u64> = (0..KILLS).map(|_| lot.u64(0..calls.max(1))).collect();
    let mut callers = Vec::new();
    for number in 0..terms.threads {
        callers.push(Errands::new(lot.u64(..), format!("r{seed:x}t{number}"))?);
    }
    let told = thread::scope(|scope| {
        let running: Vec<_> = callers
            .into_iter()
            .map(|errands| {
                scope.spawn(|| run(&process, node.ledger(), errands, terms.belief, &budget))
            })
            .collect();
        let killed = kill_in_time(&process, &budget, kills, || {
            running.iter().all(thread::ScopedJoinHandle::is_finished)
        });
        let mut told = Vec::new();
        for caller in running {
            told.extend(caller.join().map_err(|_| anyhow!("a caller panicked"))??);
        }
        killed?;
        Ok::<_, anyhow::Error>(told)
    })?;
    process.finish()?;
    node.wait_until_still(STILL)?;
    totals.calls += budget.made.load(Ordering::Relaxed);
    totals.unconnected += budget.unconnected.load(Ordering::Relaxed);
    totals.add_faults(&node.drawn());
    for errand in &told {
        settle(&node, errand, totals);
    }
    Ok(())
}

/// Kills the process whenever so many calls were made.
fn kill_in_time(
    process: &Process,
    budget: &Budget,
    mut moments: Vec<u64>,
    over: impl Fn() -> bool,
) -> Result<()> {
    moments.sort_unstable();
    for moment in moments {
        while budget.made.load(Ordering::Relaxed) < moment {
            if over() {
                return Ok(());
            }
            before_next_look(LOOK);
        }
        process.kill()?;
    }
    Ok(())
}

fn settle(node: &Node, told: &Told, totals: &mut Totals) {
    let moments = node.ledger().effects(&told.errand.purpose);
    let effects = moments.len();
    totals.errands += 1;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for claim in &told.claims {
        let name = match claim {
            Claim::Done => "ok",
            Claim::DoneButFailed => "yes",
            Claim::NotDone { .. } => "no",
            Claim::Unknown => "unknown",
            Claim::Killed => "killed",
            Claim::Restarted => continue,
        };
        *counts.entry(name).or_default() += 1;
    }
    totals.add_claims(told.errand.method, &counts);
    if let Some(Claim::Unknown | Claim::Killed | Claim::Restarted) = told.claims.last() {
        totals.open += 1;
        totals.open_and_done += u64::from(effects > 0);
    }
    if let Some(finding) = judge(&told.errand, &told.claims, effects) {
        totals.find(finding, || {
            let errand = &told.errand;
            format!(
                "{} {} ({}): told {:?} by {:?}, done at {moments:.3?}",
                errand.method,
                errand.purpose,
                errand.options.operation_id.as_deref().unwrap_or("no id"),
                told.claims,
                told.statuses
            )
        });
    }
}
