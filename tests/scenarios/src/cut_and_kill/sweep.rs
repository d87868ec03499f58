//! The line is cut after every so many bytes of a payment, in the middle of messages too, so that no moment
//! has to be thought of beforehand.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::endings::finish;
use super::situation::{Arrival, Finding, Situation};
use crate::cut_proxy::Direction;
use crate::network::Network;

/// How long the library may try, on a line that stays cut.
const SHORT: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_secs(20);

pub fn cut_once(network: &dyn Network, program: &Path) -> Result<Vec<Finding>> {
    sweep(network, program, 16, false)
}

pub fn cut_for_good(network: &dyn Network, program: &Path) -> Result<Vec<Finding>> {
    sweep(network, program, 6, true)
}

/// The payment is held, and the line is cut within its first updates: the node has it, and the library has
/// heard nothing, or next to nothing, of it.
pub fn updates_of_a_held_payment(network: &dyn Network, program: &Path) -> Result<Vec<Finding>> {
    let heard = measure_held(network, program)?;
    let mut findings = Vec::new();
    for back in [50, 250, 450, 650, 850, 1050] {
        let bytes = heard.saturating_sub(back);
        println!("  after {bytes} of {heard} bytes ToPlayer, held:");
        findings.extend(held(network, program, bytes)?);
    }
    Ok(findings)
}

/// How many bytes a player gets of a payment that stays held.
fn measure_held(network: &dyn Network, program: &Path) -> Result<u64> {
    let mut case = Situation::begin(network, program, Arrival::Held)?;
    let player = case.player()?;
    let paying = case.pay(&player, SHORT)?;
    case.hear("held until the deadline", &paying)?;
    let heard = case.proxy.delivered_bytes();
    case.settle()?;
    finish(player)?;
    Ok(heard)
}

fn held(network: &dyn Network, program: &Path, bytes: u64) -> Result<Vec<Finding>> {
    let mut case = Situation::begin(network, program, Arrival::Held)?;
    case.proxy.cut_after(Direction::ToPlayer, bytes, true);
    let player = case.player()?;
    let paying = case.pay(&player, SHORT)?;
    case.hear("the payment that was cut", &paying)?;
    let begun = !case.ledger()?.payments.is_empty();
    if begun {
        case.wait_until_begun()?;
        case.settle()?;
    }
    case.proxy.heal();
    let what = "the same invoice again";
    let reply = match begun {
        true => case.pay_once_reachable(what, &player)?,
        false => case.pay_and_settle(what, &player)?,
    };
    case.expect_truth(what, &reply, "OK");
    finish(player)?;
    case.close_books()
}

fn sweep(network: &dyn Network, program: &Path, moments: u64, stays: bool) -> Result<Vec<Finding>> {
    let totals = measure(network, program)?;
    let mut findings = Vec::new();
    for (direction, total) in [Direction::ToNode, Direction::ToPlayer]
        .into_iter()
        .zip(totals)
    {
        for moment in 1..=moments {
            let bytes = total * moment / (moments + 1);
            println!("  after {bytes} of {total} bytes {direction:?}:");
            findings.extend(one(network, program, direction, bytes, stays)?);
        }
    }
    Ok(findings)
}

/// How many bytes an undisturbed payment takes in both directions.
fn measure(network: &dyn Network, program: &Path) -> Result<[u64; 2]> {
    let mut case = Situation::begin(network, program, Arrival::AtOnce)?;
    let player = case.player()?;
    let paying = case.pay(&player, LONG)?;
    let reply = case.hear("undisturbed", &paying)?;
    ensure!(
        reply.status == "OK",
        "an undisturbed payment: {}",
        reply.json
    );
    finish(player)?;
    Ok([case.proxy.forwarded_bytes(), case.proxy.delivered_bytes()])
}

fn one(
    network: &dyn Network,
    program: &Path,
    direction: Direction,
    bytes: u64,
    stays: bool,
) -> Result<Vec<Finding>> {
    let mut case = Situation::begin(network, program, Arrival::AtOnce)?;
    case.proxy.cut_after(direction, bytes, stays);
    let player = case.player()?;
    let paying = case.pay(&player, if stays { SHORT } else { LONG })?;
    case.hear("the payment that was cut", &paying)?;
    case.proxy.heal();
    let reply = case.pay_once_reachable("the same invoice again", &player)?;
    case.expect_truth("the same invoice again", &reply, "OK");
    finish(player)?;
    case.close_books()
}
