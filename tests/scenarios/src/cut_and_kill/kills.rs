//! Cases in which the process that pays is killed, and another one asks what became of the payment.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::endings::{expect_already_paid, expect_first_payment, finish};
use super::situation::Situation;

const LONG: Duration = Duration::from_secs(30);

pub fn in_flight_then_paid(case: &mut Situation<'_>) -> Result<()> {
    kill_in_flight(case)?;
    case.settle()?;
    let heir = case.player()?;
    expect_already_paid(case, &heir)?;
    finish(heir)
}

pub fn asked_while_in_flight(case: &mut Situation<'_>) -> Result<()> {
    kill_in_flight(case)?;
    let heir = case.player()?;
    let asked = case.pay(&heir, Duration::from_secs(7))?;
    let reply = case.hear("asked while it is held", &asked)?;
    case.expect_truth("asked while it is held", &reply, "IN_FLIGHT");
    case.settle()?;
    let hash = json!({"payment_hash": case.hash});
    let reply = case.ask_once_reachable("track_payment", &heir, "track_payment", &hash)?;
    case.expect_truth("track_payment", &reply, "OK");
    expect_already_paid(case, &heir)?;
    finish(heir)
}

pub fn before_the_first_byte(case: &mut Situation<'_>) -> Result<()> {
    case.proxy.silence();
    let player = case.player()?;
    let _unanswered = case.pay(&player, LONG)?;
    case.wait_for_held_bytes()?;
    player.kill()?;
    ensure!(
        case.proxy.forwarded_bytes() == 0,
        "bytes went through a silent line"
    );
    ensure!(
        case.ledger()?.payments.is_empty(),
        "alice's node heard of the payment"
    );
    case.proxy.heal();
    let heir = case.player()?;
    expect_first_payment(case, &heir)?;
    finish(heir)
}

fn kill_in_flight(case: &mut Situation<'_>) -> Result<()> {
    let player = case.player()?;
    let _unanswered = case.pay(&player, LONG)?;
    case.wait_until_begun()?;
    player.kill()
}
