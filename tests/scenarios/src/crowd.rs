//! Many payments that wait at once on one client: more than it has places for payments. What must not
//! wait behind them goes on: settling, another payment, a read.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::made::make;
use crate::network::Network;
use crate::payable::{recover, wait_payable};
use crate::player::{CallOptions, Pending, Player, Reply};
use crate::polling::before_next_look;
use crate::stage::{lnd_config, open_player};
use crate::tier_table::{Outcome, Row, TierTable};

const NAME: &str = "three_hundred_payments_wait_and_the_rest_goes_on";
const HELD: usize = 300;
const SATOSHIS: u64 = 7;
/// The payments wait longer than everything else takes.
const HELD_MS: u64 = 400_000;
const CALL_MS: u64 = 60_000;
/// A real node takes its time for so many.
const ARRIVAL: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(200);

/// Plays it if its name contains `filter`.
pub fn play(network: &dyn Network, program: &Path, filter: &str, table: &mut TierTable) {
    if !NAME.contains(filter) {
        return;
    }
    let start = Instant::now();
    let mut outcome = match hold_and_go_on(network, program) {
        Ok(()) => Outcome::Passed(start.elapsed()),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    if let Err(error) = recover(network) {
        outcome = Outcome::Failed(format!("the nodes are lost: {error:#}"));
    }
    if let Outcome::Failed(reason) = &outcome {
        println!("FAILED {NAME} on {}: {reason}", network.tier().name());
    }
    let methods = [
        "send_payment",
        "settle_invoice",
        "cancel_invoice",
        "get_info",
    ];
    table.add(Row {
        name: NAME.to_owned(),
        covers: methods
            .iter()
            .map(|method| format!("lnd.{method}"))
            .collect(),
        kind: "happy",
        tier: network.tier(),
        outcome,
    });
}

/// An invoice that holds its payment, and the secret that lets it go.
struct Held {
    preimage: String,
    hash: String,
    payment: Pending,
}

struct Two {
    /// Pays.
    bob: Player,
    /// Is paid.
    alice: Player,
}

impl Two {
    fn open(network: &dyn Network, program: &Path) -> Result<Self> {
        let config = |name: &str| -> Result<Value> {
            Ok(json!({ "lnd": lnd_config(&network.node(name)?) }))
        };
        Ok(Self {
            bob: open_player(program, &config("bob")?)?,
            alice: open_player(program, &config("alice")?)?,
        })
    }
}

fn start(player: &Player, method: &str, params: &Value, timeout_ms: u64) -> Result<Pending> {
    let options = CallOptions {
        timeout_ms: Some(timeout_ms),
        ..CallOptions::default()
    };
    player.call("lnd", method, params, &options)
}

fn call(player: &Player, method: &str, params: &Value) -> Result<Reply> {
    start(player, method, params, CALL_MS)?.wait(Duration::from_millis(CALL_MS + 10_000))
}

fn done(player: &Player, method: &str, params: &Value) -> Result<Value> {
    let reply = call(player, method, params)?;
    ensure!(reply.status == "OK", "{method}: {}", reply.json);
    Ok(reply.json)
}

fn text(value: &Value, key: &str) -> Result<String> {
    let found = value.get(key).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {key}"))?.to_owned())
}

fn hold_and_go_on(network: &dyn Network, program: &Path) -> Result<()> {
    wait_payable(network, "bob", "alice")?;
    let two = Two::open(network, program)?;
    let mut held = Vec::new();
    for _ in 0..HELD {
        held.push(hold_one(&two)?);
    }
    for payment in &held {
        wait_accepted(&two, payment)?;
    }
    // All of them wait; nobody's time is up.
    let waiting = held.iter().filter(|it| !it.payment.is_answered()).count();
    ensure!(waiting == HELD, "{waiting} of {HELD} payments wait");

    done(&two.bob, "get_info", &json!({}))?;
    let order = json!({ "amount": SATOSHIS });
    let invoice = text(&done(&two.alice, "add_invoice", &order)?, "payment_request")?;
    let paid = done(
        &two.bob,
        "send_payment",
        &json!({ "payment_request": invoice }),
    )?;
    ensure!(paid.get("already_paid") == Some(&json!(false)), "{paid}");

    let first = held.remove(0);
    done(
        &two.alice,
        "settle_invoice",
        &json!({ "preimage": first.preimage }),
    )?;
    let settled = first.payment.wait(Duration::from_secs(60))?;
    ensure!(
        settled.status == "OK",
        "the settled payment: {}",
        settled.json
    );

    let returned: Vec<Pending> = held
        .iter()
        .map(|it| {
            start(
                &two.alice,
                "cancel_invoice",
                &json!({ "payment_hash": it.hash }),
                CALL_MS,
            )
        })
        .collect::<Result<_>>()?;
    for pending in returned {
        let reply = pending.wait(ARRIVAL)?;
        ensure!(reply.status == "OK", "cancel_invoice: {}", reply.json);
    }
    for it in held {
        let reply = it.payment.wait(ARRIVAL)?;
        let executed = reply.json.get("executed");
        ensure!(
            reply.status == "PAYMENT_FAILED" && executed == Some(&json!("no")),
            "a payment that was given back: {}",
            reply.json
        );
    }
    for player in [two.bob, two.alice] {
        let stray = player.finish(Duration::from_secs(60))?;
        ensure!(stray.is_empty(), "the library wrote: {stray}");
    }
    Ok(())
}

fn hold_one(two: &Two) -> Result<Held> {
    let preimage = make("random 32")?;
    let hash = make(&format!("sha256 {preimage}"))?;
    let order = json!({ "payment_hash": hash, "amount": SATOSHIS });
    let invoice = text(
        &done(&two.alice, "add_hold_invoice", &order)?,
        "payment_request",
    )?;
    let order = json!({ "payment_request": invoice });
    let payment = start(&two.bob, "send_payment", &order, HELD_MS)?;
    Ok(Held {
        preimage,
        hash,
        payment,
    })
}

fn wait_accepted(two: &Two, held: &Held) -> Result<()> {
    let start = Instant::now();
    loop {
        let order = json!({ "payment_hash": held.hash });
        let state = text(&done(&two.alice, "lookup_invoice", &order)?, "state")?;
        if state == "accepted" {
            return Ok(());
        }
        ensure!(
            start.elapsed() < ARRIVAL,
            "a payment has not arrived: {state}"
        );
        before_next_look(LOOK);
    }
}
