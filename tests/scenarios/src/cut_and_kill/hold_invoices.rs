//! A hold invoice is made, then settled or canceled, and the line is cut once at every moment of each
//! call: what the library says is held against the invoice in the node's own books.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use arkgrpc_lab::LabError;
use serde_json::{Value, json};

use super::endings::finish;
use super::situation::{Finding, UNREACHABLE, Wrong, executed};
use crate::cut_proxy::{CutProxy, Direction};
use crate::made;
use crate::network::Network;
use crate::player::{CallOptions, Player, Reply};
use crate::polling::before_next_look;
use crate::stage::{lnd_config, open_player};

const MOMENTS: u64 = 8;
const TIMEOUT_MS: u64 = 20_000;
const LIMIT: Duration = Duration::from_secs(60);
const LATE_START: Duration = Duration::from_millis(300);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// One call about an invoice, and the state that it brings about.
struct Act {
    method: &'static str,
    params: Value,
    before: &'static str,
    after: &'static str,
}

pub fn cut_once(network: &dyn Network, program: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for settle in [false, true] {
        let whole = Case::play(network, program, settle, None)?;
        findings.extend(whole.findings);
        for (act, totals) in whole.bytes.into_iter().enumerate() {
            for (direction, total) in [Direction::ToNode, Direction::ToPlayer]
                .into_iter()
                .zip(totals)
            {
                for moment in 1..=MOMENTS {
                    let bytes = total * moment / (MOMENTS + 1);
                    println!("  call {act}, after {bytes} of {total} bytes {direction:?}:");
                    let cut = Some((act, direction, bytes));
                    findings.extend(Case::play(network, program, settle, cut)?.findings);
                }
            }
        }
    }
    Ok(findings)
}

/// The life of one invoice, with at most one cut.
struct Case<'a> {
    network: &'a dyn Network,
    hash: String,
    findings: Vec<Finding>,
    /// What each call took on the line, to the node and to the player.
    bytes: Vec<[u64; 2]>,
}

impl<'a> Case<'a> {
    fn play(
        network: &'a dyn Network,
        program: &Path,
        settle: bool,
        cut: Option<(usize, Direction, u64)>,
    ) -> Result<Self> {
        let preimage = made::make("random 32")?;
        let mut case = Case {
            network,
            hash: made::make(&format!("sha256 {preimage}"))?,
            findings: Vec::new(),
            bytes: Vec::new(),
        };
        let mut paying = None;
        for (index, act) in case.acts(settle, &preimage).iter().enumerate() {
            if act.before == "ACCEPTED" {
                paying = Some(case.pay(program)?);
                case.wait_for(act.before)?;
            }
            let cut = cut.filter(|(wanted, ..)| *wanted == index);
            let cut = cut.map(|(_, direction, bytes)| (direction, bytes));
            case.act(program, act, cut)?;
        }
        if let Some((player, pending)) = paying {
            let paid = pending.wait(LIMIT)?;
            ensure!(paid.status == "OK", "bob's payment: {}", paid.json);
            finish(player)?;
        }
        Ok(case)
    }

    fn acts(&self, settle: bool, preimage: &str) -> [Act; 2] {
        let make = Act {
            method: "add_hold_invoice",
            params: json!({"payment_hash": self.hash, "amount": 1500, "memo": "cut"}),
            before: "none",
            after: "OPEN",
        };
        let end = if settle {
            Act {
                method: "settle_invoice",
                params: json!({"preimage": preimage}),
                before: "ACCEPTED",
                after: "SETTLED",
            }
        } else {
            Act {
                method: "cancel_invoice",
                params: json!({"payment_hash": self.hash}),
                before: "OPEN",
                after: "CANCELED",
            }
        };
        [make, end]
    }

    /// The call over a line that is cut, judged, and again over a healed one.
    fn act(&mut self, program: &Path, act: &Act, cut: Option<(Direction, u64)>) -> Result<()> {
        let alice = self.network.node("alice")?;
        let address = format!("{}:{}", alice.grpc_host, alice.grpc_port);
        let proxy = CutProxy::start(address.parse().context("alice's address")?)?;
        if let Some((direction, bytes)) = cut {
            proxy.cut_after(direction, bytes, false);
        }
        let mut lnd = lnd_config(&alice);
        lnd.insert("host".into(), json!(proxy.address().ip().to_string()));
        lnd.insert("port".into(), json!(proxy.address().port()));
        let player = open_player(program, &json!({ "lnd": lnd }))?;
        let reply = ask(&player, act)?;
        println!(
            "  {}: {} executed {}",
            act.method,
            reply.status,
            executed(&reply)
        );
        self.judge(act, &reply)?;
        self.bytes
            .push([proxy.forwarded_bytes(), proxy.delivered_bytes()]);
        proxy.heal();
        let again = ask_once_reachable(&player, act)?;
        if again.status != "OK" || self.state()? != act.after {
            let text = format!("{} again: {}", act.method, again.json);
            self.findings.push(Finding::new(Wrong::TruthNotFound, text));
        }
        finish(player)
    }

    fn judge(&mut self, act: &Act, reply: &Reply) -> Result<()> {
        let said = format!("{}: {} ({})", act.method, reply.json, reply.status);
        let wrong = match (reply.status.as_str(), executed(reply)) {
            ("OK", _) | (_, "yes") if self.state()? != act.after => Some(Wrong::FalseYes),
            ("OK", _) | (_, "yes") => None,
            (_, "no") if self.moves_on(act.before)? => Some(Wrong::FalseNo),
            (_, "unknown") if reply.json.get("reconcile").is_none_or(Value::is_null) => {
                Some(Wrong::NoRecipe)
            }
            _ => None,
        };
        self.findings
            .extend(wrong.map(|wrong| Finding::new(wrong, said)));
        Ok(())
    }

    /// "No" is a promise about later, too: the books are watched for a while.
    fn moves_on(&self, before: &str) -> Result<bool> {
        let start = Instant::now();
        while start.elapsed() < LATE_START {
            if self.state()? != before {
                return Ok(true);
            }
            before_next_look(POLL_INTERVAL);
        }
        Ok(false)
    }

    /// The invoice in alice's own books; `none` when she has none.
    fn state(&self) -> Result<String> {
        let rest = self.network.node("alice")?.rest()?;
        match rest.call("GET", &format!("/v1/invoice/{}", self.hash), None) {
            Ok(invoice) => {
                let state = invoice.get("state").and_then(Value::as_str);
                Ok(state.context("an invoice without a state")?.to_owned())
            }
            Err(LabError::Refused { message, .. }) if message.contains("unable to locate") => {
                Ok("none".to_owned())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn wait_for(&self, state: &str) -> Result<()> {
        let start = Instant::now();
        while self.state()? != state {
            if start.elapsed() > LIMIT {
                bail!("the invoice is not {state} within {LIMIT:?}");
            }
            before_next_look(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Bob pays, and waits for alice.
    fn pay(&self, program: &Path) -> Result<(Player, crate::player::Pending)> {
        let rest = self.network.node("alice")?.rest()?;
        let invoice = rest.call("GET", &format!("/v1/invoice/{}", self.hash), None)?;
        let bob = json!({ "lnd": lnd_config(&self.network.node("bob")?) });
        let player = open_player(program, &bob)?;
        let params = json!({"payment_request": invoice.get("payment_request")});
        let options = CallOptions {
            timeout_ms: Some(u64::try_from(LIMIT.as_millis())?),
            ..CallOptions::default()
        };
        let pending = player.call("lnd", "send_payment", &params, &options)?;
        Ok((player, pending))
    }
}

fn ask(player: &Player, act: &Act) -> Result<Reply> {
    let options = CallOptions {
        timeout_ms: Some(TIMEOUT_MS),
        ..CallOptions::default()
    };
    let pending = player.call("lnd", act.method, &act.params, &options)?;
    pending.wait(LIMIT)
}

/// The library dials again only after a while, and says so until then.
fn ask_once_reachable(player: &Player, act: &Act) -> Result<Reply> {
    let start = Instant::now();
    loop {
        let reply = ask(player, act)?;
        if !UNREACHABLE.contains(&reply.status.as_str()) || start.elapsed() > LIMIT {
            return Ok(reply);
        }
        before_next_look(POLL_INTERVAL);
    }
}
