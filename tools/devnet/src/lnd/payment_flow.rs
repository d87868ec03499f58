//! How a payment goes through the network: lnd's checks of the request, attempts over a route, and
//! what the payee's verdict does to both ledgers.

use std::time::Duration;

use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};
use tonic::Status;

use super::{
    amount,
    channel_phase::Event,
    invoice::{Arrival, Verdict},
    invoice_terms::exactly_32,
    network::{Network, NodeId, Shared},
    payment::{self, Intent, LockedHop},
    route::{FORWARDING_DELTA, Hop, Wanted},
};
use crate::proto::{
    lnrpc::{self, Payment, PaymentFailureReason, Route},
    routerrpc::SendPaymentRequest,
};

/// Between two attempts of a payment whose last one failed for the time being.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(20);
const INCORRECT_DETAILS: PaymentFailureReason =
    PaymentFailureReason::FailureReasonIncorrectPaymentDetails;

/// Starts a payment, which from then on needs nobody's connection, and gives its updates.
pub(crate) fn send(
    network: &Shared,
    payer: NodeId,
    request: &SendPaymentRequest,
) -> Result<UnboundedReceiver<Payment>, Status> {
    let mut locked = network.lock();
    let intent = locked.intent(payer, request)?;
    let hash = intent.hash;
    let node = locked.known_mut(payer)?;
    node.payments.initiate(intent)?;
    let updates = node.payments.watch(&hash)?;
    drop(locked);
    tokio::spawn(drive(network.clone(), payer, hash));
    Ok(updates)
}

/// Makes attempts until the payment is under way, has ended, or its node has stopped.
pub(crate) async fn drive(network: Shared, payer: NodeId, hash: [u8; 32]) {
    loop {
        let next = network.lock().attempt(payer, &hash);
        match next {
            Next::Wait => tokio::time::sleep(ATTEMPT_PAUSE).await,
            Next::Done => return,
        }
    }
}

/// What is left to do for a payment after an attempt.
pub(crate) enum Next {
    Done,
    Wait,
}

impl Network {
    /// Tries a payment once.
    pub(crate) fn attempt(&mut self, payer: NodeId, hash: &[u8; 32]) -> Next {
        let Some(node) = self.node_mut(payer) else {
            return Next::Done;
        };
        let is_active = node.is_active();
        let Some(record) = node.payments.get(hash) else {
            return Next::Done;
        };
        if record.is_final() || !record.locked.is_empty() || !is_active {
            return Next::Done;
        }
        let intent = record.intent.clone();
        if intent
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            record.failed(PaymentFailureReason::FailureReasonTimeout);
            return Next::Done;
        }
        let wanted = Wanted {
            payer,
            payee: self.find(&intent.destination),
            amount_msat: intent.amount_msat,
            fee_limit_msat: intent.fee_limit_msat,
        };
        match self.route(&wanted) {
            Err(reason) => {
                self.with_payment(payer, hash, |record| record.failed(reason));
                Next::Done
            }
            Ok(hops) => self.dispatch(payer, &intent, hops),
        }
    }

    /// Locks the HTLCs of a route and lets the payee decide.
    fn dispatch(&mut self, payer: NodeId, intent: &Intent, hops: Vec<Hop>) -> Next {
        let final_delta = u32::try_from(intent.final_delta).unwrap_or(u32::MAX / 2);
        let expiry = self.chain.height() + final_delta;
        let route = self.route_view(&hops, intent, expiry);
        let is_refused = self.is_refused(&hops);
        let locked = self.lock(hops, intent.hash, expiry);
        let Some((last, htlc_index)) = locked.last().cloned() else {
            return Next::Done;
        };
        let Some(node) = self.node_mut(payer) else {
            return Next::Done;
        };
        let attempt = payment::attempt(node.payments.next_attempt(), route);
        self.with_payment(payer, &intent.hash, |record| {
            record.attempted(attempt, locked)
        });
        if is_refused {
            self.conclude(payer, &intent.hash, Outcome::Failed(None));
            return Next::Wait;
        }
        let arrival = Arrival {
            payer,
            amount_msat: last.htlc_msat,
            secret: intent.secret,
            channel_id: self
                .channels
                .get(last.channel)
                .map_or(0, |channel| channel.id),
            htlc_index,
            height: self.chain.height(),
            expiry,
        };
        let verdict = self.node_mut(last.to).map_or(Verdict::Refuse, |payee| {
            payee.invoices.arrive(&intent.hash, &arrival)
        });
        let outcome = match verdict {
            Verdict::Settle(preimage) => Outcome::Settled(preimage),
            Verdict::Refuse => Outcome::Failed(Some(INCORRECT_DETAILS)),
            Verdict::Hold => return Next::Done,
        };
        self.conclude(payer, &intent.hash, outcome);
        Next::Done
    }

    fn is_refused(&self, hops: &[Hop]) -> bool {
        let refuses = |end: NodeId| self.node(end).is_some_and(|node| node.refuses_htlcs);
        hops.iter().any(|hop| refuses(hop.from) || refuses(hop.to))
    }

    fn lock(&mut self, hops: Vec<Hop>, hash: [u8; 32], expiry: u32) -> Vec<LockedHop> {
        let lock = |hop: Hop| {
            let channel = self.channels.get_mut(hop.channel)?;
            let index = channel.lock(hop.from, hop.htlc_msat, hash, expiry);
            self.tell_channel(hop.channel, Event::Updated);
            Some((hop, index))
        };
        hops.into_iter().filter_map(lock).collect()
    }

    /// Settles a hold invoice and with it the payment that it held.
    pub(crate) fn settle_invoice(&mut self, payee: NodeId, preimage: &[u8]) -> Result<(), Status> {
        let preimage = exactly_32("preimage", preimage)?;
        let node = self.known_mut(payee)?;
        if let Some(payer) = node.invoices.settle_held(preimage)? {
            let hash = super::invoice_terms::sha256(&preimage);
            self.conclude(payer, &hash, Outcome::Settled(preimage));
        }
        Ok(())
    }

    /// Cancels an invoice and fails the payment that it held.
    pub(crate) fn cancel_invoice(&mut self, payee: NodeId, hash: &[u8]) -> Result<(), Status> {
        let hash = exactly_32("hash", hash)?;
        let node = self.known_mut(payee)?;
        if let Some(payer) = node.invoices.cancel(&hash)? {
            self.conclude(payer, &hash, Outcome::Failed(Some(INCORRECT_DETAILS)));
        }
        Ok(())
    }

    /// Ends the attempt in flight on every channel of its way and in the payment's record.
    fn conclude(&mut self, payer: NodeId, hash: &[u8; 32], outcome: Outcome) {
        let settled = matches!(outcome, Outcome::Settled(_));
        let locked = self
            .with_payment(payer, hash, |record| match outcome {
                Outcome::Settled(preimage) => record.succeeded(preimage),
                Outcome::Failed(reason) => record.attempt_failed(reason),
            })
            .unwrap_or_default();
        for (hop, index) in locked {
            if let Some(channel) = self.channels.get_mut(hop.channel) {
                channel.resolve(hop.from, index, settled);
                self.tell_channel(hop.channel, Event::Updated);
            }
        }
    }

    fn with_payment<T>(
        &mut self,
        payer: NodeId,
        hash: &[u8; 32],
        act: impl FnOnce(&mut payment::Record) -> T,
    ) -> Option<T> {
        self.node_mut(payer)?.payments.get(hash).map(act)
    }

    fn route_view(&self, hops: &[Hop], intent: &Intent, final_expiry: u32) -> Route {
        let forwards = u32::try_from(hops.len().saturating_sub(1)).unwrap_or_default();
        let total_msat = hops.first().map_or(intent.amount_msat, |hop| hop.htlc_msat);
        let view = |(place, hop): (u32, &Hop)| lnrpc::Hop {
            chan_id: self
                .channels
                .get(hop.channel)
                .map_or(0, |channel| channel.id),
            expiry: final_expiry + forwards.saturating_sub(place + 1) * FORWARDING_DELTA,
            amt_to_forward_msat: amount::signed(hop.htlc_msat - hop.fee_msat),
            fee_msat: amount::signed(hop.fee_msat),
            pub_key: self
                .node(hop.to)
                .map(|node| node.identity.pubkey.to_string())
                .unwrap_or_default(),
        };
        Route {
            total_time_lock: final_expiry + forwards * FORWARDING_DELTA,
            hops: (0..).zip(hops).map(view).collect(),
            total_fees_msat: amount::signed(total_msat - intent.amount_msat),
            total_amt_msat: amount::signed(total_msat),
        }
    }
}

/// How an attempt ended; a failure without a reason leaves room for another attempt.
enum Outcome {
    Settled([u8; 32]),
    Failed(Option<PaymentFailureReason>),
}
