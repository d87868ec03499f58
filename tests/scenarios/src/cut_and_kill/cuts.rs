//! Cases in which the line to the node breaks.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::endings::{expect_already_paid, expect_first_payment, finish};
use super::situation::{Situation, Wrong, executed};
use crate::player::Player;

const LONG: Duration = Duration::from_secs(30);
/// Past this the library must have given up.
const SHORT: Duration = Duration::from_secs(6);

pub fn in_flight_then_paid(case: &mut Situation<'_>) -> Result<()> {
    let (player, recipe) = cut_in_flight(case)?;
    case.settle()?;
    case.proxy.heal();
    follow(case, &player, recipe, "OK")?;
    expect_already_paid(case, &player)?;
    finish(player)
}

pub fn in_flight_then_refused(case: &mut Situation<'_>) -> Result<()> {
    let (player, recipe) = cut_in_flight(case)?;
    case.refuse()?;
    case.proxy.heal();
    follow(case, &player, recipe, "PAYMENT_FAILED")?;
    finish(player)
}

/// The line is back before the deadline: the call itself finds out, and nothing is sent twice.
pub fn healed_in_time(case: &mut Situation<'_>) -> Result<()> {
    let player = case.player()?;
    let paying = case.pay(&player, LONG)?;
    case.wait_until_begun()?;
    case.proxy.cut();
    case.proxy.heal();
    case.settle()?;
    let reply = case.hear("the payment whose line was cut and healed", &paying)?;
    case.expect_truth("the payment whose line was cut and healed", &reply, "OK");
    finish(player)
}

/// Method and parameters that the library named for finding out.
type Recipe = Option<(String, Value)>;

/// Pays, cuts the line once the books show the payment, and hears what the library says.
fn cut_in_flight(case: &mut Situation<'_>) -> Result<(Player, Recipe)> {
    let player = case.player()?;
    let paying = case.pay(&player, Duration::from_secs(12))?;
    case.wait_until_begun()?;
    case.proxy.cut();
    let reply = case.hear("the payment whose line was cut", &paying)?;
    let recipe = case.recipe(&reply);
    Ok((player, recipe))
}

pub fn answers_lost(case: &mut Situation<'_>) -> Result<()> {
    let player = case.player()?;
    let paying = case.pay(&player, SHORT)?;
    case.wait_until_begun()?;
    case.proxy.lose_answers();
    let reply = case.hear("the payment whose answers were lost", &paying)?;
    let recipe = case.recipe(&reply);
    case.settle()?;
    case.proxy.heal();
    follow(case, &player, recipe, "OK")?;
    finish(player)
}

pub fn before_the_first_byte(case: &mut Situation<'_>) -> Result<()> {
    case.proxy.cut();
    let player = case.player()?;
    let paying = case.pay(&player, SHORT)?;
    let reply = case.hear("the payment that never left", &paying)?;
    ensure!(
        case.proxy.forwarded_bytes() == 0,
        "bytes went through a cut line"
    );
    ensure!(
        case.ledger()?.payments.is_empty(),
        "alice's node heard of the payment"
    );
    if executed(&reply) != "no" {
        // A caller must be told that nothing happened, or he can never dare another way.
        let claim = format!("a payment that never left: {}", reply.json);
        case.find(Wrong::TruthNotFound, claim);
    }
    case.proxy.heal();
    expect_first_payment(case, &player)?;
    finish(player)
}

pub fn silent_line(case: &mut Situation<'_>) -> Result<()> {
    let player = case.player()?;
    let info = case
        .ask(&player, "get_info", &json!({}), LONG)?
        .wait(LONG)?;
    ensure!(
        info.status == "OK",
        "get_info through the open proxy: {}",
        info.json
    );
    case.proxy.silence();
    let paying = case.pay(&player, SHORT)?;
    case.hear("the payment on a silent line", &paying)?;
    ensure!(
        case.ledger()?.payments.is_empty(),
        "alice's node heard of the payment"
    );
    case.proxy.heal();
    expect_first_payment(case, &player)?;
    finish(player)
}

fn follow(case: &mut Situation<'_>, player: &Player, recipe: Recipe, wanted: &str) -> Result<()> {
    if let Some((method, params)) = recipe {
        let reply = case.ask_once_reachable("the recipe", player, &method, &params)?;
        case.expect_truth("the recipe", &reply, wanted);
    }
    Ok(())
}
