//! What a caller wants done once: its purpose, its call, and what the library's answer claims.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use arkgrpc_scenarios::player::{CallOptions, Reply};
use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{Secp256k1, SecretKey, SignOnly};
use lightning_invoice::{Currency, InvoiceBuilder, PaymentSecret};
use serde_json::{Value, json};

use crate::node::{Ledger, NODE_KEY, Payable};

/// How the ledger knows it, and how the library is asked for it.
pub struct Errand {
    pub purpose: String,
    pub method: &'static str,
    pub params: Value,
    pub options: CallOptions,
}

impl Errand {
    /// Whether asking again is safe by the library's own promise.
    pub fn may_be_repeated(&self) -> bool {
        self.method == "send_payment" || self.options.operation_id.is_some()
    }

    /// Whether the library remembers earlier tries beyond its process.
    pub fn is_in_journal(&self) -> bool {
        self.options.operation_id.is_some()
            && ["send_onchain", "open_channel"].contains(&self.method)
    }
}

/// Makes errands by lot.
pub struct Errands {
    lot: fastrand::Rng,
    signer: Secp256k1<SignOnly>,
    key: SecretKey,
    name: String,
    made: u64,
}

impl Errands {
    /// `name` is part of every purpose: no two of one run are the same.
    pub fn new(seed: u64, name: String) -> Result<Self> {
        Ok(Self {
            lot: fastrand::Rng::with_seed(seed),
            signer: Secp256k1::signing_only(),
            key: SecretKey::from_slice(&[7; 32])?,
            name,
            made: 0,
        })
    }

    /// The next one. An invoice to be paid is announced to the ledger.
    pub fn next(&mut self, ledger: &Ledger) -> Result<Errand> {
        self.made += 1;
        let purpose = format!("{}x{}", self.name, self.made);
        let named = self.lot.bool();
        let id = named.then(|| format!("op-{purpose}"));
        let errand = |method, purpose, params, operation_id, timeout_ms| Errand {
            purpose,
            method,
            params,
            options: CallOptions {
                timeout_ms: Some(timeout_ms),
                operation_id,
                ..CallOptions::default()
            },
        };
        Ok(match self.lot.u32(0..100) {
            0..40 => {
                let (request, hash) = self.payable(ledger)?;
                let params = json!({ "payment_request": request });
                let limit = self.lot.u64(400..2000);
                errand("send_payment", hex::encode(hash), params, None, limit)
            }
            40..60 => {
                let params = json!({ "amount": 21, "memo": purpose });
                let limit = self.lot.u64(400..2000);
                errand("add_invoice", purpose, params, id, limit)
            }
            60..90 => {
                let address = format!("bcrt1q{purpose}");
                let params = json!({ "address": address, "amount": 5000, "sat_per_byte": 2 });
                let limit = self.lot.u64(200..800);
                errand("send_onchain", address, params, id, limit)
            }
            _ => {
                let params = json!({
                    "pubkey": NODE_KEY, "amount": 100_000, "sat_per_byte": 2, "memo": purpose,
                });
                let limit = self.lot.u64(200..800);
                errand("open_channel", purpose, params, id, limit)
            }
        })
    }

    fn payable(&mut self, ledger: &Ledger) -> Result<(String, [u8; 32])> {
        let mut hash = [0; 32];
        self.lot.fill(&mut hash);
        let msat = self.lot.u64(1..50_000) * 1000;
        let invoice = InvoiceBuilder::new(Currency::Regtest)
            .description("money".into())
            .amount_milli_satoshis(msat)
            .payment_hash(sha256::Hash::from_byte_array(hash))
            .payment_secret(PaymentSecret([3; 32]))
            .duration_since_epoch(SystemTime::now().duration_since(UNIX_EPOCH)?)
            .min_final_cltv_expiry_delta(80)
            .expiry_time(Duration::from_secs(36_000))
            .basic_mpp()
            .build_signed(|digest| self.signer.sign_ecdsa_recoverable(digest, &self.key))
            .map_err(|error| anyhow!("an invoice: {error}"))?;
        let request = invoice.to_string();
        let msat = i64::try_from(msat)?;
        ledger.expect_payment(request.clone(), Payable { hash, msat });
        Ok((request, hash))
    }
}

/// What an answer says about money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// OK.
    Done,
    /// `executed: "yes"`.
    DoneButFailed,
    /// `executed: "no"`.
    NotDone { retryable: bool },
    /// `executed: "unknown"`.
    Unknown,
    /// The process was killed before it could say anything.
    Killed,
    /// No answer: the process was killed between two calls.
    Restarted,
}

impl Claim {
    /// Reads an answer; one that says nothing about `executed` is an error.
    pub fn of(reply: &Reply) -> Result<Self> {
        if reply.number == 0 {
            return Ok(Claim::Done);
        }
        match reply.json["executed"].as_str() {
            Some("yes") => Ok(Claim::DoneButFailed),
            Some("unknown") => Ok(Claim::Unknown),
            Some("no") => Ok(Claim::NotDone {
                retryable: reply.json["retryable"] == true,
            }),
            _ => Err(anyhow!("an answer without `executed`: {}", reply.json)),
        }
    }
}
