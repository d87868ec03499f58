//! One order under fire: a line to alice's node that breaks on command, players with one state directory,
//! and the judgement of what they claim by the books.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::situation::{Finding, UNREACHABLE, Wrong, executed};
use super::books::Books;
use super::order::{Kind, Order};
use crate::cut_proxy::CutProxy;
use crate::network::Network;
use crate::player::{CallOptions, Pending, Player, Reply};
use crate::polling::before_next_look;
use crate::stage::{lnd_config, open_player};

pub const LONG: Duration = Duration::from_secs(40);
const LIMIT: Duration = Duration::from_secs(60);
const LATE_START: Duration = Duration::from_millis(300);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
const QUIT_LIMIT: Duration = Duration::from_secs(20);

pub struct Fire<'a> {
    pub network: &'a dyn Network,
    program: &'a Path,
    pub order: Order,
    pub proxy: CutProxy,
    state: TempDir,
    findings: Vec<Finding>,
}

impl<'a> Fire<'a> {
    pub fn begin(network: &'a dyn Network, program: &'a Path, kind: Kind) -> Result<Self> {
        let alice = network.node("alice")?;
        let address = format!("{}:{}", alice.grpc_host, alice.grpc_port);
        let address: SocketAddr = address.parse().context("alice's address")?;
        Ok(Self {
            network,
            program,
            order: Order::prepare(network, kind)?,
            proxy: CutProxy::start(address)?,
            state: tempfile::tempdir().context("a state directory")?,
            findings: Vec::new(),
        })
    }

    /// A fresh process with the library, on alice's node through the proxy.
    pub fn player(&self) -> Result<Player> {
        let mut lnd = lnd_config(&self.network.node("alice")?);
        lnd.insert("host".into(), json!(self.proxy.address().ip().to_string()));
        lnd.insert("port".into(), json!(self.proxy.address().port()));
        let config = json!({ "lnd": lnd, "state_dir": self.state.path() });
        open_player(self.program, &config)
    }

    /// Gives the order, always under the same id.
    pub fn give(&self, player: &Player, timeout: Duration) -> Result<Pending> {
        let options = CallOptions {
            timeout_ms: Some(u64::try_from(timeout.as_millis())?),
            operation_id: Some(self.order.operation_id.clone()),
            ..CallOptions::default()
        };
        player.call(
            "lnd",
            self.order.kind.method(),
            &self.order.params,
            &options,
        )
    }

    /// Waits for an answer and judges its claims by the books of this moment.
    pub fn hear(&mut self, what: &str, pending: &Pending) -> Result<Reply> {
        let reply = pending.wait(LIMIT)?;
        let claim = executed(&reply);
        // "No" is a promise about later, too: the books are watched for a while.
        let times = match claim {
            "no" => self.watch_for_a_late_start()?,
            _ => self.books()?.times(),
        };
        println!("  {what}: {} executed {claim}", reply.status);
        let said = format!("{what}: {} ({})", reply.json, reply.status);
        match (reply.status.as_str(), claim) {
            ("OK", _) if times == 0 => self.find(Wrong::FalseYes, said),
            ("OK", _) if !self.order.is_about_it(&reply) => self.find(Wrong::FalseYes, said),
            ("OK", _) => {}
            (_, "no") if times > 0 => self.find(Wrong::FalseNo, said),
            (_, "yes") if times == 0 => self.find(Wrong::FalseYes, said),
            (_, "unknown") if reply.json["reconcile"]["method"] != "lookup_operation" => {
                self.find(Wrong::NoRecipe, said);
            }
            _ => {}
        }
        Ok(reply)
    }

    /// Gives the order again on a healed line. The library dials again only after a while, and says so.
    pub fn give_once_reachable(&mut self, what: &str, player: &Player) -> Result<Reply> {
        let start = Instant::now();
        loop {
            let given = self.give(player, LONG)?;
            let reply = self.hear(what, &given)?;
            if !UNREACHABLE.contains(&reply.status.as_str()) || start.elapsed() > LIMIT {
                return Ok(reply);
            }
            before_next_look(Duration::from_millis(100));
        }
    }

    /// What lookup_operation finds out, on a healed line. It is a read: it claims by `state` alone.
    pub fn look_up(&mut self, player: &Player, wanted: &str) -> Result<Value> {
        let params = json!({
            "operation_id": self.order.operation_id,
            "method": self.order.kind.method(),
            "params": self.order.params,
        });
        let start = Instant::now();
        let reply = loop {
            let options = CallOptions::default();
            let asked = player.call("lnd", "lookup_operation", &params, &options)?;
            let reply = asked.wait(LIMIT)?;
            if !UNREACHABLE.contains(&reply.status.as_str()) || start.elapsed() > LIMIT {
                break reply;
            }
            before_next_look(Duration::from_millis(100));
        };
        let (state, decisive) = (&reply.json["state"], &reply.json["decisive"]);
        println!(
            "  lookup_operation: {} {state} decisive {decisive}",
            reply.status
        );
        let times = self.books()?.times();
        let said = format!("lookup_operation: {} with {times} in the books", reply.json);
        if *state == "done" && times == 0 {
            self.find(Wrong::FalseYes, said);
        } else if *state == "not_found" && *decisive == true && times > 0 {
            self.find(Wrong::FalseNo, said);
        } else if *state != wanted {
            self.find(Wrong::TruthNotFound, said);
        }
        Ok(reply.json)
    }

    /// The answer must be this, and say whether an earlier call had done it.
    pub fn expect(&mut self, what: &str, reply: &Reply, status: &str, replayed: Option<bool>) {
        let flag = reply.json.get("replayed").and_then(Value::as_bool);
        if reply.status != status || (replayed.is_some() && flag != replayed) {
            let wanted = format!("{status} with replayed {replayed:?}");
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

    pub fn books(&self) -> Result<Books> {
        Books::read(self.network, &self.order)
    }

    /// Whether the journal says that the order was sent and nothing is known of its fate.
    pub fn journal_says_sending(&self) -> Result<bool> {
        let room = self.state.path().join("operations");
        if !room.exists() {
            return Ok(false);
        }
        for entry in std::fs::read_dir(&room).context("the journal")? {
            let path = entry.context("the journal")?.path();
            if path.extension().is_none() {
                let text = std::fs::read_to_string(&path).context("a journal entry")?;
                return Ok(text.contains("\"progress\":\"sending\""));
            }
        }
        Ok(false)
    }

    fn watch_for_a_late_start(&self) -> Result<usize> {
        let start = Instant::now();
        loop {
            let times = self.books()?.times();
            if times > 0 || start.elapsed() > LATE_START {
                return Ok(times);
            }
            before_next_look(POLL_INTERVAL);
        }
    }

    /// Until the books show that it was begun; false when they do not within the limit.
    pub fn is_begun_within(&self, limit: Duration) -> Result<bool> {
        self.within(limit, || Ok(self.books()?.times() > 0))
    }

    pub fn within(&self, limit: Duration, holds: impl Fn() -> Result<bool>) -> Result<bool> {
        let start = Instant::now();
        while !holds()? {
            if start.elapsed() > limit {
                return Ok(false);
            }
            before_next_look(POLL_INTERVAL);
        }
        Ok(true)
    }

    /// Mines, prints both books and the chain, and adds what they show about the whole case.
    pub fn close_books(mut self, times: usize) -> Result<Vec<Finding>> {
        let before = self.books()?;
        println!("  books: {before}");
        self.order.clean_up(self.network)?;
        let after = self.books()?;
        println!("  after 6 blocks: {after}");
        for txid in after.txids().iter().filter(|txid| !txid.is_empty()) {
            println!("  chain: {txid} {}", self.network.chain_says(txid)?);
        }
        let done = before.times().max(after.times());
        if done > 1 {
            self.find(Wrong::PaidTwice, format!("done {done} times: {after}"));
        } else if done != times {
            self.find(
                Wrong::TruthNotFound,
                format!("done {done} times, not {times}: {after}"),
            );
        }
        Ok(self.findings)
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
