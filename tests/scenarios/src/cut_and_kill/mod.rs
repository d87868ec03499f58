//! Money under fire: answers cut off and players killed at the worst moment, judged by the nodes' own books.
//!
//! Each case ends in findings: things that the library claimed and the books refute. A case with findings is
//! a loss of money waiting to happen. The negative control plays the same cases with a library that repeats
//! payments blindly, and is only passed if there are findings.

mod cases;
mod cuts;
mod endings;
mod failing_calls;
mod kills;
mod ledger;
mod situation;
mod sweep;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::network::Network;
use crate::payable::recover;
use crate::tier_table::{Outcome, Row, TierTable};
use cases::CASES;
use failing_calls::{CRASH, FAILURES, Torture};
use situation::Finding;

/// Plays all cases with the library under test; findings fail them.
pub fn play_all(network: &dyn Network, program: &Path, filter: &str, table: &mut TierTable) {
    for case in CASES.iter().filter(|case| case.name.contains(filter)) {
        let start = Instant::now();
        let outcome = outcome(case.play(network, program), start);
        add(network, table, case.name, "money", outcome);
    }
}

/// Lets system calls of the player fail, one after the other; `preload` is `tests/c/failing_calls.c`, built.
pub fn play_torture(
    network: &dyn Network,
    player: &Path,
    preload: &Path,
    filter: &str,
    table: &mut TierTable,
) {
    let torture = Torture {
        network,
        player,
        preload,
    };
    for failure in &FAILURES {
        let name = format!("{} fails with {}", failure.call, failure.fault);
        if name.contains(filter) {
            println!("--- {name} ({})", network.tier().name());
            let start = Instant::now();
            let outcome = outcome(torture.sweep(failure), start);
            add(network, table, &name, "torture", outcome);
        }
    }
    let start = Instant::now();
    let outcome = match torture.sweep(&CRASH) {
        Err(error) if format!("{error:#}").contains("the player ended") => {
            println!("  caught: {error:#}");
            Outcome::Passed(start.elapsed())
        }
        Err(error) => Outcome::Failed(format!("a crash came out as: {error:#}")),
        Ok(_) => Outcome::Failed("a crash went unnoticed".into()),
    };
    add(network, table, "a crash is caught", "control", outcome);
}

fn outcome(played: Result<Vec<Finding>>, start: Instant) -> Outcome {
    match played {
        Ok(findings) if findings.is_empty() => Outcome::Passed(start.elapsed()),
        Ok(findings) => {
            let list: Vec<_> = findings.iter().map(Finding::to_string).collect();
            Outcome::Failed(list.join("; "))
        }
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

/// Plays the cases with a library that must not pass them.
pub fn play_negative_control(network: &dyn Network, blind: &Path, table: &mut TierTable) {
    let start = Instant::now();
    let mut caught = 0;
    for case in CASES {
        match case.play(network, blind) {
            Ok(findings) => {
                for finding in &findings {
                    println!("  caught in `{}`: {finding}", case.name);
                }
                caught += findings.iter().filter(|finding| finding.is_loss()).count();
            }
            // The blind library may also break a case's course; that alone proves nothing.
            Err(error) => println!("  `{}` broke off: {error:#}", case.name),
        }
        if let Err(error) = recover(network) {
            println!("  and the nodes did not recover: {error:#}");
        }
    }
    let outcome = match caught {
        0 => Outcome::Failed("a library that repeats payments blindly was not caught".into()),
        _ => Outcome::Passed(start.elapsed()),
    };
    add(
        network,
        table,
        "blind repetition is caught",
        "control",
        outcome,
    );
}

fn add(
    network: &dyn Network,
    table: &mut TierTable,
    name: &str,
    kind: &'static str,
    outcome: Outcome,
) {
    if let Outcome::Failed(reason) = &outcome {
        println!("FAILED {name} on {}: {reason}", network.tier().name());
        if let Err(error) = recover(network) {
            println!("  and the nodes did not recover: {error:#}");
        }
    }
    let covers = vec!["lnd.send_payment".to_owned()];
    table.add(Row {
        name: name.to_owned(),
        covers,
        kind,
        tier: network.tier(),
        outcome,
    });
}
