//! Money under fire: answers cut off and players killed at the worst moment, judged by the nodes' own books.
//!
//! Each case ends in findings: things that the library claimed and the books refute. A case with findings is
//! a loss of money waiting to happen. The negative control plays the same cases with a library that repeats
//! payments blindly, and is only passed if there are findings.

mod cases;
mod chain;
mod cuts;
mod endings;
mod hold_invoices;
mod kills;
mod ledger;
mod situation;
mod sweep;

use std::path::Path;
use std::time::Instant;

use crate::network::Network;
use crate::payable::recover;
use crate::tier_table::{Outcome, Row, TierTable};
use cases::{CASES, MoneyCase};
use situation::Finding;

/// Plays all cases with the library under test; findings fail them.
pub fn play_all(network: &dyn Network, program: &Path, filter: &str, table: &mut TierTable) {
    for case in CASES.iter().filter(|case| case.name.contains(filter)) {
        let start = Instant::now();
        let outcome = match case.play(network, program) {
            Ok(findings) if findings.is_empty() => Outcome::Passed(start.elapsed()),
            Ok(findings) => {
                let list: Vec<_> = findings.iter().map(Finding::to_string).collect();
                Outcome::Failed(list.join("; "))
            }
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        add(network, table, case.name, case.method(), "money", outcome);
    }
}

/// Plays the cases with a library that must not pass them, and is to be caught with each of the methods
/// by which money moves.
pub fn play_negative_control(network: &dyn Network, blind: &Path, table: &mut TierTable) {
    for method in [
        "send_payment",
        "open_channel",
        "send_onchain",
        "close_channel",
    ] {
        let start = Instant::now();
        let cases = CASES.iter().filter(|case| case.method() == method);
        let caught: usize = cases.map(|case| losses(network, blind, case)).sum();
        let outcome = match caught {
            0 => Outcome::Failed(format!("blind repetition of {method} was not caught")),
            _ => Outcome::Passed(start.elapsed()),
        };
        let name = "blind repetition is caught";
        add(network, table, name, method, "control", outcome);
    }
}

/// How many losses of money the case finds.
fn losses(network: &dyn Network, blind: &Path, case: &MoneyCase) -> usize {
    let losses = match case.play(network, blind) {
        Ok(findings) => {
            for finding in &findings {
                println!("  caught in `{}`: {finding}", case.name);
            }
            findings.iter().filter(|finding| finding.is_loss()).count()
        }
        // The blind library may also break a case's course; that alone proves nothing.
        Err(error) => {
            println!("  `{}` broke off: {error:#}", case.name);
            0
        }
    };
    if let Err(error) = recover(network) {
        println!("  and the nodes did not recover: {error:#}");
    }
    losses
}

fn add(
    network: &dyn Network,
    table: &mut TierTable,
    name: &str,
    method: &str,
    kind: &'static str,
    outcome: Outcome,
) {
    if let Outcome::Failed(reason) = &outcome {
        println!("FAILED {name} on {}: {reason}", network.tier().name());
        if let Err(error) = recover(network) {
            println!("  and the nodes did not recover: {error:#}");
        }
    }
    let covers = vec![format!("lnd.{method}")];
    table.add(Row {
        name: name.to_owned(),
        covers,
        kind,
        tier: network.tier(),
        outcome,
    });
}
