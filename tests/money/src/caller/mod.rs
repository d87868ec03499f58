//! Callers: many threads that run errands through the library, believe what it says, and are sometimes
//! killed.

mod errand;
mod judge;
mod process;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use arkgrpc_scenarios::player::Reply;
use arkgrpc_scenarios::polling::before_next_look;

pub use errand::{Claim, Errand, Errands};
pub use judge::{Finding, judge};
pub use process::Process;

use crate::node::Ledger;

/// An answer later than this after the call's time limit means that the library hangs.
const SLACK: Duration = Duration::from_secs(10);
/// Calls for one errand.
const MOST_CALLS: usize = 4;
/// Without a connection callers wait a moment: calls that fail at once are no test.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a caller makes of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// What the library says.
    Library,
    /// Control: repeats by status code, whatever `executed` says.
    StatusCode,
    /// Control: reads "unknown" as "no", as if the library had said so.
    UnknownIsNo,
}

/// The calls of one round: those still to be made, and those that were.
pub struct Budget {
    left: AtomicU64,
    pub made: AtomicU64,
    /// Calls that met no connection. They prove little, and do not count.
    pub unconnected: AtomicU64,
}

impl Budget {
    pub fn new(calls: u64) -> Self {
        Self {
            left: AtomicU64::new(calls),
            made: AtomicU64::new(0),
            unconnected: AtomicU64::new(0),
        }
    }

    pub fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    fn spend(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
        let one_less = |left: u64| left.checked_sub(1);
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
    }
}

/// An errand and what its caller was told.
pub struct Told {
    pub errand: Errand,
    pub claims: Vec<Claim>,
    /// All answers, those that are no claims included, and when they were waited for.
    pub statuses: Vec<String>,
}

/// Runs errands until the budget is spent.
pub fn run(
    process: &Process,
    ledger: &Ledger,
    mut errands: Errands,
    belief: Belief,
    budget: &Budget,
) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    while !budget.is_spent() {
        let errand = errands.next(ledger)?;
        let mut this = Told {
            errand,
            claims: Vec::new(),
            statuses: Vec::new(),
        };
        pursue(process, &mut this, belief, budget, ledger.since)?;
        told.push(this);
    }
    Ok(told)
}

/// Calls until it is done, proven not to be done, or not to be repeated.
fn pursue(
    process: &Process,
    told: &mut Told,
    belief: Belief,
    budget: &Budget,
    since: Instant,
) -> Result<()> {
    let Told {
        errand,
        claims,
        statuses,
    } = told;
    let mut process_number = process.number();
    while claims.len() < MOST_CALLS {
        let now = process.number();
        if now != process_number && !claims.is_empty() {
            // A new process does not know what the killed one knew.
            claims.push(Claim::Restarted);
        }
        process_number = now;
        let asked = since.elapsed();
        let answer = ask(process, errand)?;
        let moment = format!("{asked:.3?} to {:.3?}", since.elapsed());
        let Some(reply) = answer else {
            budget.spend();
            claims.push(Claim::Killed);
            statuses.push(format!("killed, {moment}"));
            if errand.may_be_repeated() {
                continue;
            }
            break;
        };
        statuses.push(format!("{}, {moment}", told_briefly(&reply)));
        let claim = believed(Claim::of(&reply)?, belief);
        let again = match claim {
            Claim::NotDone { retryable } => retryable,
            Claim::Unknown => errand.may_be_repeated(),
            _ => false,
        };
        if is_unconnected(&reply) && again {
            budget.unconnected.fetch_add(1, Ordering::Relaxed);
            before_next_look(PATIENCE);
            // What it says about earlier tries is a claim like any other.
            if claims
                .last()
                .is_some_and(|last| !matches!(last, Claim::NotDone { .. }))
            {
                claims.push(claim);
            }
            continue;
        }
        budget.spend();
        claims.push(claim);
        let repeats = match belief {
            Belief::StatusCode => looks_transient(&reply),
            Belief::Library => again,
            Belief::UnknownIsNo => false,
        };
        if !repeats {
            break;
        }
    }
    Ok(())
}

fn told_briefly(reply: &Reply) -> String {
    match reply.number {
        0 => reply.status.clone(),
        _ => format!(
            "{} after {} attempts in {} ms",
            reply.status, reply.json["attempts"], reply.json["elapsed_ms"]
        ),
    }
}

/// One call; none when the process was killed before it answered.
fn ask(process: &Process, errand: &Errand) -> Result<Option<Reply>> {
    let limit = Duration::from_millis(errand.options.timeout_ms.unwrap_or(30_000)) + SLACK;
    let call = process.call(errand.method, &errand.params, &errand.options, limit);
    call.with_context(|| format!("{} for {}", errand.method, errand.purpose))
}

fn believed(claim: Claim, belief: Belief) -> Claim {
    match (belief, claim) {
        (Belief::UnknownIsNo, Claim::Unknown) => Claim::NotDone { retryable: true },
        (_, claim) => claim,
    }
}

fn is_unconnected(reply: &Reply) -> bool {
    ["CONNECT_FAILED", "CIRCUIT_OPEN", "TLS_FAILED"].contains(&reply.status.as_str())
}

/// What a retry by status code goes by.
fn looks_transient(reply: &Reply) -> bool {
    [
        "CONNECTION_LOST",
        "DAEMON_UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "RESOURCE_EXHAUSTED",
    ]
    .contains(&reply.status.as_str())
}
