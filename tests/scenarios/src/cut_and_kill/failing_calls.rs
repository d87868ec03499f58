//! Torture: the n-th connect, receive or send of the player's process fails, for every n until the whole
//! course is over before the n-th one. Whatever fails, an answer comes in time, tells the truth, and the same
//! client goes on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::endings::finish;
use super::situation::{Arrival, Finding, Situation, Wrong, executed};
use crate::network::Network;
use crate::player::{Player, Reply};

const DEADLINE: Duration = Duration::from_secs(6);
/// What a loaded machine may take beyond the deadline.
const SLACK: Duration = Duration::from_secs(2);
/// A course makes fewer calls of any kind than this; more means that it does not come to its end.
const MOST: u32 = 200;
/// Fields that every error has.
const FIELDS: [&str; 8] = [
    "code",
    "message",
    "hint",
    "service",
    "method",
    "origin",
    "executed",
    "retryable",
];

/// One kind of failure: which system call, and how it fails.
pub struct Failure {
    pub call: &'static str,
    pub fault: &'static str,
}

const fn failure(call: &'static str, fault: &'static str) -> Failure {
    Failure { call, fault }
}

pub const FAILURES: [Failure; 11] = [
    failure("connect", "ECONNREFUSED"),
    failure("connect", "ETIMEDOUT"),
    failure("connect", "ENETUNREACH"),
    failure("receive", "ECONNRESET"),
    failure("receive", "end"),
    failure("receive", "EINTR"),
    failure("receive", "short"),
    failure("send", "ECONNRESET"),
    failure("send", "EPIPE"),
    failure("send", "EINTR"),
    failure("send", "short"),
];

/// What no library survives: the control.
pub const CRASH: Failure = failure("send", "crash");

/// The library under torture, and where its process is made to fail.
pub struct Torture<'a> {
    pub network: &'a dyn Network,
    pub player: &'a Path,
    /// `tests/c/failing_calls.c`, built.
    pub preload: &'a Path,
}

impl Torture<'_> {
    /// Plays the course with the first call failing, then with the second one, and so on.
    pub fn sweep(&self, failure: &Failure) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for number in 1..=MOST {
            let order = format!("{}:{number}:{}", failure.call, failure.fault);
            let (found, failed) = self
                .course(&order)
                .with_context(|| format!("with {order}"))?;
            findings.extend(found);
            if !failed {
                println!("  {} times {} {}", number - 1, failure.call, failure.fault);
                ensure!(number > 1, "no {} was ever made to fail", failure.call);
                return Ok(findings);
            }
        }
        bail!("the course made more than {MOST} calls of {}", failure.call)
    }

    /// The findings, and whether the call was made, hence failed.
    fn course(&self, order: &str) -> Result<(Vec<Finding>, bool)> {
        let directory = tempfile::tempdir().context("a directory for the player")?;
        let report = directory.path().join("report");
        let program = self.failing_player(directory.path(), order, &report)?;
        let mut case = Situation::begin(self.network, &program, Arrival::AtOnce)?;
        let player = case.player()?;
        let info = timed(&mut case, &player, "get_info", &json!({}))?;
        if info.status == "OK" && info.json.get("identity_pubkey").is_none() {
            case.find(
                Wrong::FalseYes,
                format!("get_info without a node: {}", info.json),
            );
        }
        self.make_invoice(&mut case, &player, order)?;
        let start = Instant::now();
        let paying = case.pay(&player, DEADLINE)?;
        let reply = case.hear("the payment", &paying)?;
        judge_form(&mut case, &reply, start);
        let reply = case.pay_once_reachable("the same invoice again", &player)?;
        case.expect_truth("the same invoice again", &reply, "OK");
        finish(player)?;
        let text = fs::read_to_string(&report).context("the player left no report")?;
        let failed = text.split_whitespace().nth(1) == Some("1");
        Ok((case.close_books()?, failed))
    }

    /// A program that runs the player with the failing library in front.
    fn failing_player(&self, directory: &Path, order: &str, report: &Path) -> Result<PathBuf> {
        let program = directory.join("player");
        let (preload, player) = (self.preload.display(), self.player.display());
        let text = format!(
            "#!/bin/sh\nexec env LD_PRELOAD='{preload}' ARKGRPC_FAILING_CALL={order} \
             ARKGRPC_FAILING_REPORT='{}' '{player}'\n",
            report.display()
        );
        fs::write(&program, text).context("writing the player's script")?;
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755))
            .context("making the player's script a program")?;
        Ok(program)
    }

    /// An invoice that is found by its memo in the node's own list.
    fn make_invoice(&self, case: &mut Situation<'_>, player: &Player, order: &str) -> Result<()> {
        let memo = format!("{order} {}", case.hash);
        let params = json!({"amount": 11, "memo": memo});
        let reply = timed(case, player, "add_invoice", &params)?;
        let path = "/v1/invoices?num_max_invoices=100000&reversed=true";
        let answer = self
            .network
            .node("alice")?
            .rest()?
            .call("GET", path, None)?;
        let invoices = answer.get("invoices").and_then(Value::as_array);
        let mine = |invoice: &&Value| invoice.get("memo").and_then(Value::as_str) == Some(&memo);
        let made = invoices.map_or(0, |list| list.iter().filter(mine).count());
        let said = format!("{made} invoices made, said {} {}", reply.status, reply.json);
        match (reply.status.as_str(), executed(&reply)) {
            _ if made > 1 => case.find(Wrong::PaidTwice, said),
            ("OK", _) | (_, "yes") if made == 0 => case.find(Wrong::FalseYes, said),
            (_, "no") if made > 0 => case.find(Wrong::FalseNo, said),
            _ => {}
        }
        Ok(())
    }
}

fn timed(case: &mut Situation<'_>, player: &Player, method: &str, params: &Value) -> Result<Reply> {
    let start = Instant::now();
    let reply = case
        .ask(player, method, params, DEADLINE)?
        .wait(DEADLINE + SLACK)?;
    judge_form(case, &reply, start);
    Ok(reply)
}

/// In time, and with all that an error has to say.
fn judge_form(case: &mut Situation<'_>, reply: &Reply, start: Instant) {
    let took = start.elapsed();
    if took > DEADLINE + SLACK {
        case.find(Wrong::TooLate, format!("{took:?}: {}", reply.json));
    }
    let missing = FIELDS
        .iter()
        .find(|field| reply.json.get(**field).is_none());
    if let (false, Some(field)) = (reply.status == "OK", missing) {
        case.find(
            Wrong::IncompleteError,
            format!("{field} is missing: {}", reply.json),
        );
    }
}
