//! The nodes' own books about one payment hash, read through their REST interface.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::network::Network;
use crate::polling::before_next_look;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// One entry of alice's list of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentEntry {
    pub status: String,
    pub value_sat: i64,
    pub fee_sat: i64,
    pub index: String,
    /// HTLCs of the payment that were settled.
    pub settled_htlcs: usize,
}

/// What both nodes know about one payment hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    pub payments: Vec<PaymentEntry>,
    /// State of bob's invoice, and what arrived for it.
    pub invoice_state: String,
    pub received_sat: i64,
    pub received_htlcs: usize,
}

impl Ledger {
    pub fn read(network: &dyn Network, payment_hash: &str) -> Result<Self> {
        let (alice, bob) = (network.node("alice")?.rest()?, network.node("bob")?.rest()?);
        let path = "/v1/payments?include_incomplete=true&max_payments=100000";
        let payments = alice.call("GET", path, None)?;
        let mine = |entry: &&Value| text(entry, "payment_hash") == payment_hash;
        let payments = list(&payments, "payments")
            .filter(mine)
            .map(entry)
            .collect();
        let invoice = bob.call("GET", &format!("/v1/invoice/{payment_hash}"), None)?;
        let settled = |htlc: &&Value| text(htlc, "state") == "SETTLED";
        Ok(Self {
            payments,
            invoice_state: text(&invoice, "state").to_owned(),
            received_sat: number(&invoice, "amt_paid_sat"),
            received_htlcs: list(&invoice, "htlcs").filter(settled).count(),
        })
    }

    /// Whether alice's node has begun, and not ended, the payment.
    pub fn is_under_way(&self) -> bool {
        self.payments
            .iter()
            .any(|payment| payment.status == "IN_FLIGHT")
    }

    /// Whether bob holds it.
    pub fn has_arrived(&self) -> bool {
        self.is_under_way() && self.invoice_state == "ACCEPTED"
    }

    /// How often alice's books say that it was paid.
    pub fn times_paid(&self) -> usize {
        self.payments
            .iter()
            .filter(|payment| payment.status == "SUCCEEDED")
            .count()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alice: ")?;
        if self.payments.is_empty() {
            write!(f, "no payment")?;
        }
        for payment in &self.payments {
            let PaymentEntry {
                status,
                value_sat,
                fee_sat,
                index,
                settled_htlcs,
            } = payment;
            write!(
                f,
                "#{index} {status} {value_sat} sat + {fee_sat} sat fee, {settled_htlcs} settled; "
            )?;
        }
        let (state, sat, htlcs) = (&self.invoice_state, self.received_sat, self.received_htlcs);
        write!(
            f,
            " | bob: invoice {state}, {sat} sat in {htlcs} settled HTLCs"
        )
    }
}

fn entry(payment: &Value) -> PaymentEntry {
    let settled = |htlc: &&Value| text(htlc, "status") == "SUCCEEDED";
    PaymentEntry {
        status: text(payment, "status").to_owned(),
        value_sat: number(payment, "value_sat"),
        fee_sat: number(payment, "fee_sat"),
        index: text(payment, "payment_index").to_owned(),
        settled_htlcs: list(payment, "htlcs").filter(settled).count(),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// lnd's REST gives 64-bit numbers as strings.
fn number(value: &Value, key: &str) -> i64 {
    text(value, key).parse().unwrap_or_default()
}

/// What alice has in her channels, whatever part of it pays for the commitment transactions right now.
pub fn payer_balance(network: &dyn Network) -> Result<i64> {
    let channels = network
        .node("alice")?
        .rest()?
        .call("GET", "/v1/channels", None)?;
    let own = |channel| number(channel, "local_balance") + number(channel, "commit_fee");
    Ok(list(&channels, "channels").map(own).sum())
}

/// The same once no HTLC is left: a small one hides in the fee of the commitment until it is gone.
pub fn resting_payer_balance(network: &dyn Network, limit: Duration) -> Result<i64> {
    let start = Instant::now();
    loop {
        let path = "/v1/channels";
        let channels = network.node("alice")?.rest()?.call("GET", path, None)?;
        let pending =
            list(&channels, "channels").flat_map(|channel| list(channel, "pending_htlcs"));
        if pending.count() == 0 {
            return payer_balance(network);
        }
        ensure!(
            start.elapsed() < limit,
            "HTLCs stay in alice's channels: {channels}"
        );
        before_next_look(POLL_INTERVAL);
    }
}
