//! One payment from alice to bob, held by bob as long as the case wants, with a proxy before alice's node.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::ledger::{Ledger, payer_balance, resting_payer_balance};
use crate::cut_proxy::CutProxy;
use crate::made;
use crate::network::Network;
use crate::player::{CallOptions, Pending, Player, Reply};
use crate::polling::before_next_look;
use crate::stage::{lnd_config, open_player};

const VALUE_SAT: i64 = 2_000;
const LONG: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(60);
const BALANCE_LIMIT: Duration = Duration::from_secs(10);
const LATE_START: Duration = Duration::from_millis(300);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The statuses of a call that found no connection, or that was kept away after several that found none.
pub const UNREACHABLE: [&str; 2] = ["CONNECT_FAILED", "CIRCUIT_OPEN"];

/// What is wrong with what the library said or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It said `executed: "no"` about a payment that was begun.
    FalseNo,
    /// It said that the payment is made, and it is not.
    FalseYes,
    /// It said that a payment failed which did not fail.
    FalseFailure,
    PaidTwice,
    /// An unknown outcome without a call that finds it out.
    NoRecipe,
    /// The recipe, or asking again, did not lead to what the books say.
    TruthNotFound,
    /// The answer came after the deadline.
    TooLate,
    /// An error that does not say all that every error says.
    IncompleteError,
}

/// A claim of the library that the books refute, or a truth that it failed to lead to.
#[derive(Debug)]
pub struct Finding {
    wrong: Wrong,
    what: String,
}

impl Finding {
    pub fn new(wrong: Wrong, what: String) -> Self {
        Self { wrong, what }
    }

    /// Whether a caller who trusts the library loses money by it.
    pub fn is_loss(&self) -> bool {
        matches!(
            self.wrong,
            Wrong::FalseNo | Wrong::FalseYes | Wrong::FalseFailure | Wrong::PaidTwice
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.wrong, self.what)
    }
}

/// What bob does with the payment.
#[derive(Clone, Copy, Debug)]
pub enum Arrival {
    /// It stays in flight until he settles or cancels it.
    Held,
    AtOnce,
}

pub struct Situation<'a> {
    network: &'a dyn Network,
    program: &'a Path,
    pub proxy: CutProxy,
    pub invoice: String,
    pub hash: String,
    preimage: String,
    balance_before: i64,
    /// How many answers of the library were judged.
    heard: usize,
    findings: Vec<Finding>,
}

impl<'a> Situation<'a> {
    /// An invoice of bob's, and the line to alice's node, open.
    pub fn begin(network: &'a dyn Network, program: &'a Path, arrival: Arrival) -> Result<Self> {
        let preimage = made::make("random 32")?;
        let hash = made::make(&format!("sha256 {preimage}"))?;
        let base64 = |hex: &str| made::make(&format!("base64 {hex}"));
        let value = VALUE_SAT.to_string();
        let (path, order) = match arrival {
            Arrival::Held => (
                "/v2/invoices/hodl",
                json!({"hash": base64(&hash)?, "value": value}),
            ),
            Arrival::AtOnce => (
                "/v1/invoices",
                json!({"r_preimage": base64(&preimage)?, "value": value}),
            ),
        };
        let answer = network
            .node("bob")?
            .rest()?
            .call("POST", path, Some(&order))?;
        let invoice = answer.get("payment_request").and_then(Value::as_str);
        let alice = network.node("alice")?;
        let address = format!("{}:{}", alice.grpc_host, alice.grpc_port);
        let address: SocketAddr = address.parse().context("alice's address")?;
        Ok(Self {
            network,
            program,
            proxy: CutProxy::start(address)?,
            invoice: invoice.context("no payment_request")?.to_owned(),
            hash,
            preimage,
            balance_before: resting_payer_balance(network, LIMIT)?,
            heard: 0,
            findings: Vec::new(),
        })
    }

    /// A fresh process with the library, on alice's node through the proxy.
    pub fn player(&self) -> Result<Player> {
        let mut lnd = lnd_config(&self.network.node("alice")?);
        lnd.insert("host".into(), json!(self.proxy.address().ip().to_string()));
        lnd.insert("port".into(), json!(self.proxy.address().port()));
        open_player(self.program, &json!({ "lnd": lnd }))
    }

    pub fn pay(&self, player: &Player, timeout: Duration) -> Result<Pending> {
        self.ask(player, "send_payment", &self.payment(), timeout)
    }

    fn payment(&self) -> Value {
        json!({"payment_request": self.invoice})
    }

    pub fn ask(
        &self,
        player: &Player,
        method: &str,
        params: &Value,
        timeout: Duration,
    ) -> Result<Pending> {
        let timeout_ms = u64::try_from(timeout.as_millis()).context("timeout")?;
        let options = CallOptions {
            timeout_ms: Some(timeout_ms),
            ..CallOptions::default()
        };
        player.call("lnd", method, params, &options)
    }

    /// Waits for an answer about the payment and judges its claims by the books of this moment.
    pub fn hear(&mut self, what: &'static str, pending: &Pending) -> Result<Reply> {
        let reply = pending.wait(LIMIT)?;
        let executed = executed(&reply);
        // "No" is a promise about later, too: the books are watched for a while.
        let ledger = match executed {
            "no" => self.watch_for_a_late_start()?,
            _ => self.ledger()?,
        };
        println!("  {what}: {} executed {executed}", reply.status);
        self.heard += 1;
        let said = format!("{what}: {} ({})", reply.json, reply.status);
        let begun = ledger.is_under_way() || ledger.times_paid() > 0;
        // A read is never executed; about the payment it claims nothing by that.
        let is_payment = reply
            .json
            .get("method")
            .is_none_or(|method| method == "send_payment");
        match (reply.status.as_str(), executed) {
            ("OK", _) if ledger.times_paid() == 0 => self.find(Wrong::FalseYes, said),
            ("OK", _) => {}
            ("PAYMENT_FAILED", _) if begun => self.find(Wrong::FalseFailure, said),
            (_, "no") if begun && is_payment => self.find(Wrong::FalseNo, said),
            (_, "yes") if ledger.times_paid() == 0 => self.find(Wrong::FalseYes, said),
            _ => {}
        }
        Ok(reply)
    }

    /// Asks on a healed line. The library dials again only after a while, and says so until then.
    pub fn ask_once_reachable(
        &mut self,
        what: &'static str,
        player: &Player,
        method: &str,
        params: &Value,
    ) -> Result<Reply> {
        let start = Instant::now();
        loop {
            let asked = self.ask(player, method, params, LONG)?;
            let reply = self.hear(what, &asked)?;
            if !UNREACHABLE.contains(&reply.status.as_str()) || start.elapsed() > LIMIT {
                return Ok(reply);
            }
            before_next_look(dial_pause(&reply));
        }
    }

    pub fn pay_once_reachable(&mut self, what: &'static str, player: &Player) -> Result<Reply> {
        let params = self.payment();
        self.ask_once_reachable(what, player, "send_payment", &params)
    }

    /// The first payment on a healed line; bob settles as soon as it has arrived.
    pub fn pay_and_settle(&mut self, what: &'static str, player: &Player) -> Result<Reply> {
        let start = Instant::now();
        loop {
            let paying = self.pay(player, LONG)?;
            let settled = self.settle_unless(|| paying.is_answered())?;
            let reply = self.hear(what, &paying)?;
            if settled || !UNREACHABLE.contains(&reply.status.as_str()) || start.elapsed() > LIMIT {
                return Ok(reply);
            }
            before_next_look(dial_pause(&reply));
        }
    }

    /// The call that the library itself named for finding out; none is a finding.
    pub fn recipe(&mut self, reply: &Reply) -> Option<(String, Value)> {
        let recipe = reply
            .json
            .get("reconcile")
            .filter(|recipe| !recipe.is_null());
        let method = recipe.and_then(|r| r.get("method")).and_then(Value::as_str);
        let Some(method) = method else {
            self.find(Wrong::NoRecipe, format!("{} {}", reply.status, reply.json));
            return None;
        };
        let params = recipe
            .and_then(|r| r.get("params"))
            .cloned()
            .unwrap_or_default();
        Some((method.to_owned(), params))
    }

    /// The answer must say what the books say by now.
    pub fn expect_truth(&mut self, what: &str, reply: &Reply, wanted: &str) {
        if reply.status != wanted {
            let found = format!(
                "{what}: {} instead of {wanted}: {}",
                reply.status, reply.json
            );
            self.find(Wrong::TruthNotFound, found);
        }
    }

    pub fn find(&mut self, wrong: Wrong, what: String) {
        self.findings.push(Finding::new(wrong, what));
    }

    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::read(self.network, &self.hash)
    }

    fn watch_for_a_late_start(&self) -> Result<Ledger> {
        let start = Instant::now();
        loop {
            let ledger = self.ledger()?;
            if !ledger.payments.is_empty() || start.elapsed() > LATE_START {
                return Ok(ledger);
            }
            before_next_look(POLL_INTERVAL);
        }
    }

    /// Until alice's own books show that the payment is under way and bob's that it has arrived.
    pub fn wait_until_begun(&self) -> Result<()> {
        self.wait("the payment under way", Ledger::has_arrived)
    }

    pub fn settle(&self) -> Result<()> {
        let order = json!({"preimage": made::make(&format!("base64 {}", self.preimage))?});
        self.network
            .node("bob")?
            .rest()?
            .call("POST", "/v2/invoices/settle", Some(&order))?;
        self.wait("the payment made", |ledger| {
            ledger.invoice_state == "SETTLED" && ledger.times_paid() > 0 && !ledger.is_under_way()
        })
    }

    /// Settles once the payment has arrived, or gives up when `ended` says that nothing will come.
    fn settle_unless(&self, ended: impl Fn() -> bool) -> Result<bool> {
        let start = Instant::now();
        while !self.ledger()?.has_arrived() {
            if ended() {
                return Ok(false);
            }
            ensure!(
                start.elapsed() < LIMIT,
                "the payment neither arrives nor ends"
            );
            before_next_look(POLL_INTERVAL);
        }
        self.settle()?;
        Ok(true)
    }

    pub fn refuse(&self) -> Result<()> {
        let order = json!({"payment_hash": made::make(&format!("base64 {}", self.hash))?});
        self.network
            .node("bob")?
            .rest()?
            .call("POST", "/v2/invoices/cancel", Some(&order))?;
        self.wait("the payment failed", |ledger| {
            !ledger.payments.is_empty() && !ledger.is_under_way()
        })
    }

    pub fn wait(&self, what: &str, holds: impl Fn(&Ledger) -> bool) -> Result<()> {
        let start = Instant::now();
        loop {
            let ledger = self.ledger()?;
            if holds(&ledger) {
                return Ok(());
            }
            if start.elapsed() > LIMIT {
                bail!("{what}: not within {LIMIT:?}; the books say {ledger}");
            }
            before_next_look(POLL_INTERVAL);
        }
    }

    /// Until the player has put bytes on the line that did not get through.
    pub fn wait_for_held_bytes(&self) -> Result<()> {
        let start = Instant::now();
        while self.proxy.offered_bytes() <= self.proxy.forwarded_bytes() {
            ensure!(start.elapsed() < LIMIT, "the player sends nothing");
            before_next_look(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Prints both books and adds what they show about the whole case.
    pub fn close_books(mut self) -> Result<Vec<Finding>> {
        ensure!(self.heard > 0, "the case heard nothing of the library");
        let ledger = self.ledger()?;
        println!("  {ledger}");
        let due = i64::try_from(ledger.times_paid())?.min(1) * VALUE_SAT;
        let moved = self.moved_sat(due)?;
        if ledger.times_paid() > 1 || ledger.received_sat > VALUE_SAT || moved != due {
            let book = format!("{moved} sat left alice's channel instead of {due}: {ledger}");
            self.find(Wrong::PaidTwice, book);
        }
        Ok(self.findings)
    }

    /// What left alice's channel. The commitment lags a little behind the books: waits for `due`.
    fn moved_sat(&self, due: i64) -> Result<i64> {
        let start = Instant::now();
        loop {
            let moved = self.balance_before - payer_balance(self.network)?;
            if moved == due || start.elapsed() > BALANCE_LIMIT {
                return Ok(moved);
            }
            before_next_look(POLL_INTERVAL);
        }
    }
}

/// What an answer claims about the payment.
pub fn executed(reply: &Reply) -> &str {
    reply
        .json
        .get("executed")
        .and_then(Value::as_str)
        .unwrap_or("-")
}

/// As long as the library asked to wait, within reason.
fn dial_pause(reply: &Reply) -> Duration {
    let asked = reply
        .json
        .get("retry_after_ms")
        .and_then(Value::as_u64)
        .unwrap_or(100);
    Duration::from_millis(asked.clamp(20, 10_000))
}
