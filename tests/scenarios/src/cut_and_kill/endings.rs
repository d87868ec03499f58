//! How cases end: the same invoice once more, and a player that leaves quietly.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::situation::{Situation, Wrong};
use crate::player::{Player, Reply};

const QUIT_LIMIT: Duration = Duration::from_secs(20);

/// Nobody has paid the invoice yet: it is paid now, for the first time.
pub fn expect_first_payment(case: &mut Situation<'_>, player: &Player) -> Result<()> {
    let reply = case.pay_and_settle("the payment on the healed line", player)?;
    case.expect_truth("the payment on the healed line", &reply, "OK");
    expect_flag(case, &reply, false);
    Ok(())
}

/// The invoice is paid: paying it again finds that out and pays nothing.
pub fn expect_already_paid(case: &mut Situation<'_>, player: &Player) -> Result<()> {
    let reply = case.pay_once_reachable("the same invoice again", player)?;
    case.expect_truth("the same invoice again", &reply, "OK");
    expect_flag(case, &reply, true);
    Ok(())
}

fn expect_flag(case: &mut Situation<'_>, reply: &Reply, wanted: bool) {
    let flag = reply.json.get("already_paid").and_then(Value::as_bool);
    if reply.status == "OK" && flag != Some(wanted) {
        let claim = format!("already_paid is not {wanted}: {}", reply.json);
        case.find(Wrong::TruthNotFound, claim);
    }
}

pub fn finish(player: Player) -> Result<()> {
    let stray = player.finish(QUIT_LIMIT)?;
    ensure!(
        stray.is_empty(),
        "the player wrote beside the protocol: {stray}"
    );
    Ok(())
}
