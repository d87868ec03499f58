//! The line to a node goes silent in the middle of a write, is then cut, and heals: what the library says
//! meanwhile must be true by the node's own books, and the same client must go on by itself.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::course::Course;
use crate::cut_proxy::CutProxy;
use crate::made::make;
use crate::network::{Network, Node};
use crate::player::{CallOptions, Player, Reply};
use crate::polling::before_next_look;
use crate::stage::{lnd_config, open_player};

/// This test.
pub const COURSE: Course = Course {
    name: "a partition in the middle of a write heals",
    covers: &["lnd.add_hold_invoice", "lnd.get_info"],
    kind: "error",
    run: course,
};

const CALL_MS: u64 = 3000;
const LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// What somebody who is cut off may hear.
const CUT_OFF: [&str; 4] = [
    "CONNECT_FAILED",
    "CONNECTION_LOST",
    "CIRCUIT_OPEN",
    "DEADLINE_EXCEEDED",
];

fn course(network: &dyn Network, program: &Path) -> Result<()> {
    let alice = network.node("alice")?;
    let address = format!("{}:{}", alice.grpc_host, alice.grpc_port);
    let proxy = CutProxy::start(address.parse().context("alice's address")?)?;
    let mut lnd = lnd_config(&alice);
    lnd.insert("host".into(), json!(proxy.address().ip().to_string()));
    lnd.insert("port".into(), json!(proxy.address().port()));
    let player = open_player(program, &json!({ "lnd": lnd }))?;

    // Both connections are made while the line is in order.
    until(&player, "get_info", &json!({}), "OK")?;
    until(&player, "add_hold_invoice", &order()?, "OK")?;

    proxy.silence();
    let order = order()?;
    let lost = call(&player, "add_hold_invoice", &order)?;
    ensure!(
        lost.status == "DEADLINE_EXCEEDED",
        "over a silent line: {} {}",
        lost.status,
        lost.json
    );
    let said = lost.json.get("executed").and_then(Value::as_str);
    ensure!(said == Some("unknown"), "it was handed over: {}", lost.json);
    let read = call(&player, "get_info", &json!({}))?;
    ensure!(
        CUT_OFF.contains(&read.status.as_str()),
        "a read over a silent line: {}",
        read.json
    );

    proxy.cut();
    until(&player, "get_info", &json!({}), "CONNECT_FAILED")?;
    let refused = call(&player, "add_hold_invoice", &order)?;
    let said = refused.json.get("executed").and_then(Value::as_str);
    ensure!(
        said == Some("no"),
        "over a line that is cut: {}",
        refused.json
    );
    ensure!(
        !is_known(&alice, &order)?,
        "the node has an invoice that no line let through"
    );

    proxy.heal();
    until(&player, "get_info", &json!({}), "OK")?;
    follow(&player, &lost)?;
    let made = until(&player, "add_hold_invoice", &order, "OK")?;
    let replayed = made.json.get("replayed");
    ensure!(replayed == Some(&json!(false)), "{}", made.json);
    ensure!(is_known(&alice, &order)?, "the node does not have it");
    let stray = player.finish(LIMIT)?;
    ensure!(stray.is_empty(), "the library wrote: {stray}");
    Ok(())
}

fn order() -> Result<Value> {
    Ok(json!({ "payment_hash": make("random 32")?, "amount": 21 }))
}

/// Does what the error of a doubtful write says; the node does not have the invoice.
fn follow(player: &Player, lost: &Reply) -> Result<()> {
    let recipe = lost.json.get("reconcile").context("no reconcile")?;
    let method = recipe.get("method").and_then(Value::as_str);
    let params = recipe.get("params").context("no params")?;
    let looked = call(player, method.context("no method")?, params)?;
    ensure!(looked.status == "NOT_FOUND", "the look-up: {}", looked.json);
    Ok(())
}

fn call(player: &Player, method: &str, params: &Value) -> Result<Reply> {
    let options = CallOptions {
        timeout_ms: Some(CALL_MS),
        ..CallOptions::default()
    };
    player.call("lnd", method, params, &options)?.wait(LIMIT)
}

fn until(player: &Player, method: &str, params: &Value, wanted: &str) -> Result<Reply> {
    let start = Instant::now();
    loop {
        let reply = call(player, method, params)?;
        if reply.status == wanted {
            return Ok(reply);
        }
        ensure!(
            start.elapsed() < LIMIT,
            "{method} is not {wanted} within {LIMIT:?}: {}",
            reply.json
        );
        before_next_look(POLL_INTERVAL);
    }
}

/// Whether the node's own books have the invoice.
fn is_known(node: &Node, order: &Value) -> Result<bool> {
    let hash = order.get("payment_hash").and_then(Value::as_str);
    let hash = hash.context("an order without a hash")?;
    let list = node.rest()?.call(
        "GET",
        "/v1/invoices?pending_only=true&num_max_invoices=10000",
        None,
    )?;
    let wanted = make(&format!("base64 {hash}"))?;
    let invoices = list.get("invoices").and_then(Value::as_array);
    let mut known = invoices.into_iter().flatten();
    Ok(known.any(|invoice| invoice.get("r_hash").and_then(Value::as_str) == Some(&wanted)))
}
