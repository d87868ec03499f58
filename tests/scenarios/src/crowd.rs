//! Three hundred payments held at once by one process: more than there are places for payments. What must
//! not wait does not, and neither does the next payment.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::course::Course;
use crate::made;
use crate::network::Network;
use crate::payable::wait_payable;
use crate::player::{CallOptions, Pending, Player, Reply};
use crate::polling::before_next_look;
use crate::stage::{lnd_config, open_player};

/// This test.
pub const COURSE: Course = Course {
    name: "three hundred payments are held, and nobody else waits",
    covers: &["lnd.send_payment", "lnd.settle_invoice"],
    kind: "happy",
    run: course,
};

/// lnd takes at most 483 on one channel, the library 256 that have not begun to fly.
const HELD: usize = 300;
/// Too small for an output of its own in the channel's transactions.
const SAT: u64 = 7;
const HOLD_MS: u64 = 300_000;
const LIMIT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// One held payment.
struct Held {
    hash: String,
    payment: Pending,
}

fn course(network: &dyn Network, program: &Path) -> Result<()> {
    let open = |node: &str| -> Result<Player> {
        let config = json!({ "lnd": lnd_config(&network.node(node)?) });
        open_player(program, &config)
    };
    let (alice, bob) = (open("alice")?, open("bob")?);
    let held = hold(&alice, &bob)?;
    println!("  {HELD} payments are held");
    let start = Instant::now();
    take_one(&alice, &bob)?;
    pay_one(&alice, &bob)?;
    println!("  settled one and paid one more in {:?}", start.elapsed());
    for it in &held {
        let params = json!({ "payment_hash": it.hash });
        expect(&bob, "cancel_invoice", &params, "OK")?;
    }
    for it in held {
        let reply = it.payment.wait(LIMIT)?;
        ensure!(
            reply.status == "PAYMENT_FAILED",
            "a canceled payment: {} {}",
            reply.status,
            reply.json
        );
    }
    for player in [alice, bob] {
        let stray = player.finish(LIMIT)?;
        ensure!(
            stray.is_empty(),
            "a player wrote beside the protocol: {stray}"
        );
    }
    wait_payable(network, "alice", "bob")
}

/// Alice pays as many hold invoices of bob's, and all of them have arrived.
fn hold(alice: &Player, bob: &Player) -> Result<Vec<Held>> {
    let mut held = Vec::new();
    for _ in 0..HELD {
        let (_, hash, invoice) = hold_invoice(bob)?;
        let payment = start_payment(alice, &invoice)?;
        held.push(Held { hash, payment });
    }
    let start = Instant::now();
    let pending = json!({ "pending_only": true, "reversed": true });
    loop {
        let reply = expect(bob, "list_invoices", &pending, "OK")?;
        let listed = reply.json.get("invoices").and_then(Value::as_array);
        let listed = listed.with_context(|| format!("no invoices in {}", reply.json))?;
        let arrived = |it: &Held| {
            listed.iter().any(|invoice| {
                invoice.get("payment_hash") == Some(&json!(it.hash))
                    && invoice.get("state") == Some(&json!("accepted"))
            })
        };
        let missing = held.iter().filter(|it| !arrived(it)).count();
        if missing == 0 {
            return Ok(held);
        }
        if let Some(early) = held.iter().find(|it| it.payment.is_answered()) {
            let reply = early.payment.wait(LIMIT)?;
            ensure!(false, "a payment ended: {} {}", reply.status, reply.json);
        }
        ensure!(start.elapsed() < LIMIT, "{missing} have not arrived");
        before_next_look(POLL_INTERVAL);
    }
}

/// A payment that waits for alice is taken.
fn take_one(alice: &Player, bob: &Player) -> Result<()> {
    let (preimage, hash, invoice) = hold_invoice(alice)?;
    let payment = start_payment(bob, &invoice)?;
    let start = Instant::now();
    let params = json!({ "payment_hash": hash });
    loop {
        let reply = expect(alice, "lookup_invoice", &params, "OK")?;
        if reply.json.get("state") == Some(&json!("accepted")) {
            break;
        }
        ensure!(start.elapsed() < LIMIT, "not arrived: {}", reply.json);
        before_next_look(POLL_INTERVAL);
    }
    expect(
        alice,
        "settle_invoice",
        &json!({ "preimage": preimage }),
        "OK",
    )?;
    let reply = payment.wait(LIMIT)?;
    ensure!(reply.status == "OK", "{} {}", reply.status, reply.json);
    Ok(())
}

fn pay_one(alice: &Player, bob: &Player) -> Result<()> {
    let made = expect(bob, "add_invoice", &json!({ "amount": SAT }), "OK")?;
    let invoice = text(&made, "payment_request")?;
    let params = json!({ "payment_request": invoice });
    expect(alice, "send_payment", &params, "OK").map(drop)
}

/// Preimage, hash and text.
fn hold_invoice(payee: &Player) -> Result<(String, String, String)> {
    let preimage = made::make("random 32")?;
    let hash = made::make(&format!("sha256 {preimage}"))?;
    let params = json!({ "payment_hash": hash, "amount": SAT });
    let reply = expect(payee, "add_hold_invoice", &params, "OK")?;
    let invoice = text(&reply, "payment_request")?;
    Ok((preimage, hash, invoice))
}

fn start_payment(payer: &Player, invoice: &str) -> Result<Pending> {
    let options = CallOptions {
        timeout_ms: Some(HOLD_MS),
        ..CallOptions::default()
    };
    let params = json!({ "payment_request": invoice });
    payer.call("lnd", "send_payment", &params, &options)
}

fn expect(player: &Player, method: &str, params: &Value, wanted: &str) -> Result<Reply> {
    let asked = player.call("lnd", method, params, &CallOptions::default())?;
    let reply = asked.wait(LIMIT)?;
    ensure!(
        reply.status == wanted,
        "{method}: {} instead of {wanted}: {}",
        reply.status,
        reply.json
    );
    Ok(reply)
}

fn text(reply: &Reply, key: &str) -> Result<String> {
    let value = reply.json.get(key).and_then(Value::as_str);
    let value = value.with_context(|| format!("no {key} in {}", reply.json))?;
    Ok(value.to_owned())
}
