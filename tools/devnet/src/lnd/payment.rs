//! The payments of one node: one record a payment hash, started again only after a failure, and
//! everybody who watches it told of each change.

use std::{collections::HashMap, sync::Arc};

use bitcoin::secp256k1::PublicKey;
use parking_lot::Mutex;
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};
use tonic::Status;

use super::{
    amount::{self, MSAT},
    route::Hop,
    watchers::Watchers,
};
use crate::{
    clock,
    proto::lnrpc::{
        HtlcAttempt, Payment, PaymentFailureReason, Route, htlc_attempt::HtlcStatus,
        payment::PaymentStatus,
    },
};

/// lnd shows this for a payment without a preimage.
const NO_PREIMAGE: [u8; 32] = [0; 32];

/// What is to be paid, to whom, at what price and until when.
#[derive(Clone)]
pub(crate) struct Intent {
    pub payment_request: String,
    pub hash: [u8; 32],
    pub secret: Option<[u8; 32]>,
    pub destination: PublicKey,
    pub amount_msat: u64,
    pub fee_limit_msat: u64,
    pub final_delta: u64,
    /// No attempt starts after this; what is in flight goes on.
    pub deadline: Option<Instant>,
}

/// A hop with the HTLC that is locked on it.
pub(crate) type LockedHop = (Hop, u64);

/// One payment.
pub(crate) struct Record {
    pub intent: Intent,
    pub view: Payment,
    /// The way of the attempt in flight.
    pub locked: Vec<LockedHop>,
    watchers: Watchers<Payment>,
    /// Those who watch every payment of the node.
    node_watchers: Arc<Mutex<Watchers<Payment>>>,
}

/// All payments of a node.
#[derive(Default)]
pub(crate) struct PaymentBook {
    by_hash: HashMap<[u8; 32], Record>,
    started: u64,
    attempts: u64,
    watchers: Arc<Mutex<Watchers<Payment>>>,
}

impl PaymentBook {
    /// How many watch every payment.
    pub(crate) fn watching(&self) -> usize {
        self.watchers.lock().count()
    }
}

impl PaymentBook {
    /// Starts a payment, or says with lnd's code and text why its hash cannot be started.
    pub(crate) fn initiate(&mut self, intent: Intent) -> Result<(), Status> {
        if let Some(earlier) = self.by_hash.get(&intent.hash) {
            match earlier.view.status() {
                PaymentStatus::Succeeded => {
                    return Err(Status::already_exists("invoice is already paid"));
                }
                PaymentStatus::Failed => {}
                _ if earlier.view.htlcs.is_empty() => {
                    return Err(Status::already_exists("payment already exists"));
                }
                _ => return Err(Status::already_exists("payment is in transition")),
            }
        }
        self.started += 1;
        let view = Payment {
            payment_hash: hex::encode(intent.hash),
            payment_preimage: hex::encode(NO_PREIMAGE),
            value_sat: amount::sat(intent.amount_msat),
            value_msat: amount::signed(intent.amount_msat),
            payment_request: intent.payment_request.clone(),
            status: PaymentStatus::InFlight.into(),
            creation_time_ns: clock::unix_nanoseconds(),
            payment_index: self.started,
            ..Payment::default()
        };
        let record = Record {
            view,
            locked: Vec::new(),
            watchers: Watchers::default(),
            node_watchers: Arc::clone(&self.watchers),
            intent,
        };
        self.watchers.lock().tell(&record.view);
        self.by_hash.insert(record.intent.hash, record);
        Ok(())
    }

    /// The payment's state now and each later one, until it is final.
    pub(crate) fn watch(&mut self, hash: &[u8; 32]) -> Result<UnboundedReceiver<Payment>, Status> {
        let record = self
            .by_hash
            .get_mut(hash)
            .ok_or_else(|| Status::not_found("payment isn't initiated"))?;
        let updates = record.watchers.add_with(vec![record.view.clone()]);
        if record.is_final() {
            record.watchers.end();
        }
        Ok(updates)
    }

    /// The payments under way now, then every update of every payment.
    pub(crate) fn watch_all(&mut self) -> UnboundedReceiver<Payment> {
        let under_way = self.list(true).into_iter().map(|(_, view)| view);
        let under_way = under_way.filter(|view| !is_final(view));
        self.watchers.lock().add_with(under_way.cloned().collect())
    }

    /// A payment by its hash.
    pub(crate) fn get(&mut self, hash: &[u8; 32]) -> Option<&mut Record> {
        self.by_hash.get_mut(hash)
    }

    /// A number for a new attempt.
    pub(crate) fn next_attempt(&mut self) -> u64 {
        self.attempts += 1;
        self.attempts
    }

    /// All payments by their index; lnd leaves out what has not succeeded unless told otherwise.
    pub(crate) fn list(&self, include_incomplete: bool) -> Vec<(u64, &Payment)> {
        let mut all: Vec<_> = self
            .by_hash
            .values()
            .filter(|record| include_incomplete || record.view.status() == PaymentStatus::Succeeded)
            .map(|record| (record.view.payment_index, &record.view))
            .collect();
        all.sort_by_key(|(index, _)| *index);
        all
    }

    /// How many payments there are, whatever became of them.
    pub(crate) fn count(&self) -> u64 {
        self.by_hash.len() as u64
    }

    /// Hashes of payments that wait for an attempt, as after a restart.
    pub(crate) fn unattempted(&self) -> Vec<[u8; 32]> {
        self.by_hash
            .values()
            .filter(|record| !record.is_final() && record.locked.is_empty())
            .map(|record| record.intent.hash)
            .collect()
    }
}

impl Record {
    /// An attempt has left.
    pub(crate) fn attempted(&mut self, attempt: HtlcAttempt, locked: Vec<LockedHop>) {
        self.view.htlcs.push(attempt);
        self.locked = locked;
        self.tell();
    }

    /// The attempt arrived and was settled; returns the hops it was locked on.
    pub(crate) fn succeeded(&mut self, preimage: [u8; 32]) -> Vec<LockedHop> {
        self.resolve_attempt(HtlcStatus::Succeeded, &preimage);
        self.view.payment_preimage = hex::encode(preimage);
        let fee_msat: u64 = self.locked.iter().map(|(hop, _)| hop.fee_msat).sum();
        self.view.fee_sat = amount::signed(fee_msat / MSAT);
        self.view.fee_msat = amount::signed(fee_msat);
        self.view.set_status(PaymentStatus::Succeeded);
        let locked = std::mem::take(&mut self.locked);
        self.tell();
        locked
    }

    /// The attempt came back, which a final reason makes the end of the payment; returns its hops.
    pub(crate) fn attempt_failed(
        &mut self,
        reason: Option<PaymentFailureReason>,
    ) -> Vec<LockedHop> {
        if let Some(reason) = reason {
            // lnd notes the reason first, while the attempt still counts as in flight, and tells of
            // both.
            self.view.set_failure_reason(reason);
            self.tell();
        }
        self.resolve_attempt(HtlcStatus::Failed, &[]);
        if reason.is_some() {
            self.view.set_status(PaymentStatus::Failed);
        }
        let locked = std::mem::take(&mut self.locked);
        self.tell();
        locked
    }

    /// The payment ends without an attempt in flight.
    pub(crate) fn failed(&mut self, reason: PaymentFailureReason) {
        self.view.set_failure_reason(reason);
        self.view.set_status(PaymentStatus::Failed);
        self.tell();
    }

    /// Whether nothing will change any more.
    pub(crate) fn is_final(&self) -> bool {
        is_final(&self.view)
    }

    fn resolve_attempt(&mut self, status: HtlcStatus, preimage: &[u8]) {
        if let Some(attempt) = self.view.htlcs.last_mut() {
            attempt.set_status(status);
            attempt.resolve_time_ns = clock::unix_nanoseconds();
            attempt.preimage = preimage.to_vec();
        }
    }

    /// Sends the state to the watchers; whoever has gone is forgotten, and a final state lets
    /// everybody go.
    fn tell(&mut self) {
        self.node_watchers.lock().tell(&self.view);
        self.watchers.tell(&self.view);
        if self.is_final() {
            self.watchers.end();
        }
    }
}

/// Whether a payment has ended.
pub(crate) fn is_final(view: &Payment) -> bool {
    matches!(
        view.status(),
        PaymentStatus::Succeeded | PaymentStatus::Failed
    )
}

/// An attempt that starts now.
pub(crate) fn attempt(attempt_id: u64, route: Route) -> HtlcAttempt {
    HtlcAttempt {
        status: HtlcStatus::InFlight.into(),
        route: Some(route),
        attempt_time_ns: clock::unix_nanoseconds(),
        resolve_time_ns: 0,
        preimage: Vec::new(),
        attempt_id,
    }
}
