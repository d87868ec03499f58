//! The invoices of one node: their states from open to settled or canceled, and what arrives for
//! them.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::mpsc::UnboundedReceiver;
use tonic::Status;

use super::{
    amount,
    identity::NodeId,
    invoice_terms::{NewInvoice, sha256},
    watchers::Watchers,
};
use crate::{
    clock,
    proto::lnrpc::{Invoice, InvoiceHtlc, InvoiceHtlcState, invoice::InvoiceState},
};

/// An HTLC that has arrived for an invoice, and whose payment it belongs to.
pub(crate) struct Arrival {
    pub payer: NodeId,
    pub amount_msat: u64,
    pub secret: Option<[u8; 32]>,
    pub channel_id: u64,
    pub htlc_index: u64,
    pub height: u32,
    pub expiry: u32,
}

/// What the payee does with an HTLC.
pub(crate) enum Verdict {
    Settle([u8; 32]),
    Hold,
    Refuse,
}

struct Record {
    view: Invoice,
    hold: bool,
    payer: Option<NodeId>,
}

/// All invoices of a node.
#[derive(Default)]
pub(crate) struct InvoiceBook {
    by_add_index: BTreeMap<u64, Record>,
    add_index_of: HashMap<[u8; 32], u64>,
    settled: u64,
    watchers: Watchers<Invoice>,
}

impl InvoiceBook {
    /// Writes a new invoice down.
    pub(crate) fn add(
        &mut self,
        new: &NewInvoice,
        payment_request: String,
        payment_addr: [u8; 32],
        created: i64,
    ) -> Result<&Invoice, Status> {
        if self.find(&new.hash).is_some() {
            return Err(Status::unknown("invoice with payment hash already exists"));
        }
        let add_index = self.by_add_index.len() as u64 + 1;
        let view = Invoice {
            memo: new.memo.clone(),
            r_preimage: new.preimage.map(Vec::from).unwrap_or_default(),
            r_hash: new.hash.to_vec(),
            value: amount::sat(new.amount_msat),
            value_msat: amount::signed(new.amount_msat),
            creation_date: created,
            payment_request,
            description_hash: new.description_hash.map(Vec::from).unwrap_or_default(),
            expiry: amount::signed(new.expiry),
            cltv_expiry: new.final_delta,
            add_index,
            state: InvoiceState::Open.into(),
            payment_addr: payment_addr.to_vec(),
            ..Invoice::default()
        };
        let record = Record {
            view,
            hold: new.preimage.is_none(),
            payer: None,
        };
        self.add_index_of.insert(new.hash, add_index);
        self.watchers.tell(&record.view);
        Ok(&self.by_add_index.entry(add_index).or_insert(record).view)
    }

    /// An invoice by its hash.
    pub(crate) fn lookup(&mut self, hash: &[u8; 32]) -> Result<Invoice, Status> {
        if self.by_add_index.is_empty() {
            return Err(Status::not_found("there are no existing invoices"));
        }
        self.find(hash)
            .map(|record| record.view.clone())
            .ok_or_else(|| Status::not_found("unable to locate invoice"))
    }

    /// All invoices by their index, or those alone that may still be paid or settled.
    pub(crate) fn list(&mut self, pending_only: bool) -> Vec<(u64, &Invoice)> {
        self.by_add_index.values_mut().for_each(expire);
        self.by_add_index
            .iter()
            .filter(|(_, record)| !pending_only || !is_final(record.view.state()))
            .map(|(index, record)| (*index, &record.view))
            .collect()
    }

    /// Takes, holds or refuses what arrives.
    pub(crate) fn arrive(&mut self, hash: &[u8; 32], arrival: &Arrival) -> Verdict {
        let settle_index = self.settled + 1;
        let Some(record) = self.find(hash) else {
            return Verdict::Refuse;
        };
        let asked = u64::try_from(record.view.value_msat).unwrap_or(u64::MAX);
        let addressed = arrival
            .secret
            .is_some_and(|secret| secret[..] == record.view.payment_addr);
        if record.view.state() != InvoiceState::Open || !addressed || arrival.amount_msat < asked {
            return Verdict::Refuse;
        }
        record.payer = Some(arrival.payer);
        record.view.htlcs = vec![htlc_view(arrival)];
        if record.hold {
            record.view.set_state(InvoiceState::Accepted);
            return Verdict::Hold;
        }
        let Ok(preimage) = <[u8; 32]>::try_from(record.view.r_preimage.as_slice()) else {
            return Verdict::Refuse;
        };
        settle(record, preimage, settle_index);
        let view = record.view.clone();
        self.watchers.tell(&view);
        self.settled = settle_index;
        Verdict::Settle(preimage)
    }

    /// Settles an accepted hold invoice and says whose payment that completes; nobody's if it was
    /// settled.
    pub(crate) fn settle_held(&mut self, preimage: [u8; 32]) -> Result<Option<NodeId>, Status> {
        let settle_index = self.settled + 1;
        let record = self.find(&sha256(&preimage)).ok_or_else(not_located)?;
        match record.view.state() {
            InvoiceState::Open => Err(Status::unknown("invoice still open")),
            InvoiceState::Canceled => Err(Status::unknown("invoice already canceled")),
            InvoiceState::Settled => Ok(None),
            InvoiceState::Accepted => {
                let payer = record.payer;
                settle(record, preimage, settle_index);
                let view = record.view.clone();
                self.watchers.tell(&view);
                self.settled = settle_index;
                Ok(payer)
            }
        }
    }

    /// Cancels an invoice and says whose payment that fails; nobody's if nothing was held.
    pub(crate) fn cancel(&mut self, hash: &[u8; 32]) -> Result<Option<NodeId>, Status> {
        let record = self.find(hash).ok_or_else(not_located)?;
        match record.view.state() {
            InvoiceState::Settled => return Err(Status::unknown("invoice already settled")),
            InvoiceState::Canceled => return Ok(None),
            InvoiceState::Open | InvoiceState::Accepted => {}
        }
        record.view.set_state(InvoiceState::Canceled);
        resolve_htlcs(&mut record.view, InvoiceHtlcState::Canceled);
        Ok(record.payer)
    }

    /// Everything added and everything settled after these indexes, then what comes; an index of
    /// zero asks for nothing that was. Invoices that are held or canceled are not told of.
    pub(crate) fn subscribe(
        &mut self,
        add_index: u64,
        settle_index: u64,
    ) -> UnboundedReceiver<Invoice> {
        let views = || self.by_add_index.values().map(|record| &record.view);
        let mut backlog: Vec<Invoice> = Vec::new();
        if add_index > 0 {
            let added = views().filter(|view| view.add_index > add_index);
            backlog.extend(added.filter(|view| is_told(view.state())).cloned());
        }
        if settle_index > 0 {
            let settled = views().filter(|view| view.settle_index > settle_index);
            let mut settled: Vec<_> = settled.cloned().collect();
            settled.sort_by_key(|view| view.settle_index);
            backlog.extend(settled);
        }
        self.watchers.add_with(backlog)
    }

    fn find(&mut self, hash: &[u8; 32]) -> Option<&mut Record> {
        let record = self.by_add_index.get_mut(self.add_index_of.get(hash)?)?;
        expire(record);
        Some(record)
    }
}

/// lnd cancels an open invoice by itself when its time is over; a held one stays.
fn expire(record: &mut Record) {
    let end = record.view.creation_date.saturating_add(record.view.expiry);
    if record.view.state() == InvoiceState::Open && end < clock::unix_seconds() {
        record.view.set_state(InvoiceState::Canceled);
    }
}

fn is_told(state: InvoiceState) -> bool {
    matches!(state, InvoiceState::Open | InvoiceState::Settled)
}

fn not_located() -> Status {
    Status::unknown("unable to locate invoice")
}

fn is_final(state: InvoiceState) -> bool {
    matches!(state, InvoiceState::Settled | InvoiceState::Canceled)
}

fn settle(record: &mut Record, preimage: [u8; 32], settle_index: u64) {
    let view = &mut record.view;
    let paid: u64 = view.htlcs.iter().map(|htlc| htlc.amt_msat).sum();
    view.r_preimage = preimage.to_vec();
    view.set_state(InvoiceState::Settled);
    view.settle_date = clock::unix_seconds();
    view.settle_index = settle_index;
    view.amt_paid_sat = amount::sat(paid);
    view.amt_paid_msat = amount::signed(paid);
    resolve_htlcs(view, InvoiceHtlcState::Settled);
}

fn resolve_htlcs(view: &mut Invoice, state: InvoiceHtlcState) {
    for htlc in &mut view.htlcs {
        htlc.set_state(state);
        htlc.resolve_time = clock::unix_seconds();
    }
}

fn htlc_view(arrival: &Arrival) -> InvoiceHtlc {
    InvoiceHtlc {
        chan_id: arrival.channel_id,
        htlc_index: arrival.htlc_index,
        amt_msat: arrival.amount_msat,
        accept_height: i32::try_from(arrival.height).unwrap_or(i32::MAX),
        accept_time: clock::unix_seconds(),
        resolve_time: 0,
        expiry_height: i32::try_from(arrival.expiry).unwrap_or(i32::MAX),
        state: InvoiceHtlcState::Accepted.into(),
    }
}
