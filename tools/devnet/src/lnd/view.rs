//! What a node tells of itself: info, invoices, channels and balances, the same for gRPC and REST.

use std::collections::HashMap;

use tonic::Status;

use super::{
    channel_phase::Phase,
    invoice_terms::{self, NewInvoice},
    network::{Network, NodeId},
    paging::{self, Page},
    payment_request::{self, Terms},
};
use crate::{
    clock,
    proto::{
        invoicesrpc::{AddHoldInvoiceRequest, AddHoldInvoiceResp},
        lnrpc::{
            AddInvoiceResponse, Chain, Feature, GetInfoResponse, Invoice, ListInvoiceRequest,
            ListInvoiceResponse, ListPaymentsRequest, ListPaymentsResponse,
        },
    },
    random::random_bytes,
};

/// The release whose behaviour is simulated; the commit says that it is a simulation.
const VERSION: &str = "0.21.2-beta commit=arkgrpc-devnet";
const COMMIT: &str = "arkgrpc-devnet";
const NANOSECONDS: i64 = 1_000_000_000;
const COLOR: &str = "#3399ff";
/// Feature bits of the simulated node with lnd's names; an even bit is required.
const FEATURES: [(u32, &str); 9] = [
    (0, "data-loss-protect"),
    (5, "upfront-shutdown-script"),
    (7, "gossip-queries"),
    (8, "tlv-onion"),
    (12, "static-remote-key"),
    (14, "payment-addr"),
    (17, "multi-path-payments"),
    (23, "anchors-zero-fee-htlc-tx"),
    (27, "shutdown-any-segwit"),
];

impl Network {
    /// GetInfo.
    pub(crate) fn info(&self, id: NodeId) -> Result<GetInfoResponse, Status> {
        let node = self.known(id)?;
        let (identity, is_synced) = (&node.identity, !node.lags);
        let pending = self
            .all_channels_of(id)
            .filter(|(channel, _)| matches!(channel.phase, Phase::Pending))
            .count();
        let (mut active, mut inactive) = (0, 0);
        for (channel, _) in self.channels_of(id) {
            *(if self.is_up(channel) {
                &mut active
            } else {
                &mut inactive
            }) += 1;
        }
        let peers = self.links.of(id).count();
        Ok(GetInfoResponse {
            identity_pubkey: identity.pubkey.to_string(),
            alias: identity.alias.clone(),
            num_pending_channels: u32::try_from(pending).unwrap_or(u32::MAX),
            num_active_channels: active,
            num_inactive_channels: inactive,
            num_peers: u32::try_from(peers).unwrap_or(u32::MAX),
            block_height: self.chain.height(),
            block_hash: self.chain.tip(),
            synced_to_chain: is_synced,
            best_header_timestamp: self.chain.mined_at(),
            version: VERSION.to_owned(),
            chains: vec![chain()],
            color: COLOR.to_owned(),
            synced_to_graph: true,
            features: features(),
            commit_hash: COMMIT.to_owned(),
            wallet_synced: is_synced,
            ..GetInfoResponse::default()
        })
    }

    /// AddInvoice.
    pub(crate) fn add_invoice(
        &mut self,
        id: NodeId,
        request: &Invoice,
    ) -> Result<AddInvoiceResponse, Status> {
        let invoice = self.write_invoice(id, &invoice_terms::ordinary(request)?)?;
        Ok(AddInvoiceResponse {
            r_hash: invoice.r_hash,
            payment_request: invoice.payment_request,
            add_index: invoice.add_index,
            payment_addr: invoice.payment_addr,
        })
    }

    /// AddHoldInvoice.
    pub(crate) fn add_hold_invoice(
        &mut self,
        id: NodeId,
        request: &AddHoldInvoiceRequest,
    ) -> Result<AddHoldInvoiceResp, Status> {
        let invoice = self.write_invoice(id, &invoice_terms::hold(request)?)?;
        Ok(AddHoldInvoiceResp {
            payment_request: invoice.payment_request,
            add_index: invoice.add_index,
            payment_addr: invoice.payment_addr,
        })
    }

    fn write_invoice(&mut self, id: NodeId, new: &NewInvoice) -> Result<Invoice, Status> {
        let node = self.known_mut(id)?;
        let created = clock::unix_seconds();
        let payment_secret = random_bytes().map_err(|error| Status::unknown(error.to_string()))?;
        let payment_request = payment_request::write(
            &node.identity.key,
            &Terms {
                memo: &new.memo,
                description_hash: new.description_hash,
                payment_hash: new.hash,
                payment_secret,
                amount_msat: new.amount_msat,
                created,
                expiry: new.expiry,
                final_delta: new.final_delta,
            },
        )?;
        node.invoices
            .add(new, payment_request, payment_secret, created)
            .cloned()
    }

    /// LookupInvoice; an empty hash is looked up as zeros.
    pub(crate) fn lookup_invoice(&mut self, id: NodeId, hash: &[u8]) -> Result<Invoice, Status> {
        let hash = match hash.len() {
            0 => [0; 32],
            length => hash.try_into().map_err(|_| {
                Status::unknown(format!(
                    "payment hash must be exactly 32 bytes, is instead {length}"
                ))
            })?,
        };
        self.known_mut(id)?.invoices.lookup(&hash)
    }

    /// ListInvoices.
    pub(crate) fn list_invoices(
        &mut self,
        id: NodeId,
        request: &ListInvoiceRequest,
    ) -> Result<ListInvoiceResponse, Status> {
        let between = Dates::new(request.creation_date_start, request.creation_date_end)?;
        let mut all = self.known_mut(id)?.invoices.list(request.pending_only);
        all.retain(|(_, invoice)| between.contain(invoice.creation_date));
        let wanted = Page {
            offset: request.index_offset,
            size: request.num_max_invoices,
            reversed: request.reversed,
        };
        let page = paging::page(all, &wanted);
        let (first_index_offset, last_index_offset) = paging::ends(&page);
        let invoices = page
            .into_iter()
            .map(|(_, invoice)| invoice.clone())
            .collect();
        Ok(ListInvoiceResponse {
            invoices,
            last_index_offset,
            first_index_offset,
        })
    }

    /// ListPayments.
    pub(crate) fn list_payments(
        &self,
        id: NodeId,
        request: &ListPaymentsRequest,
    ) -> Result<ListPaymentsResponse, Status> {
        let between = Dates::new(request.creation_date_start, request.creation_date_end)?;
        let book = &self.known(id)?.payments;
        let mut all = book.list(request.include_incomplete);
        all.retain(|(_, payment)| between.contain(payment.creation_time_ns / NANOSECONDS));
        let wanted = Page {
            offset: request.index_offset,
            size: request.max_payments,
            reversed: request.reversed,
        };
        let page = paging::page(all, &wanted);
        let (first_index_offset, last_index_offset) = paging::ends(&page);
        let payments = page
            .into_iter()
            .map(|(_, payment)| payment.clone())
            .collect();
        Ok(ListPaymentsResponse {
            payments,
            first_index_offset,
            last_index_offset,
            total_num_payments: match request.count_total_payments {
                true => book.count(),
                false => 0,
            },
        })
    }
}

/// Between which moments a list is wanted; zero leaves an end open.
struct Dates {
    start: u64,
    end: u64,
}

impl Dates {
    fn new(start: u64, end: u64) -> Result<Self, Status> {
        if end != 0 && start > end {
            return Err(Status::unknown(format!(
                "start date({start}) must be before end date({end})"
            )));
        }
        Ok(Self { start, end })
    }

    fn contain(&self, moment: i64) -> bool {
        let moment = u64::try_from(moment).unwrap_or_default();
        moment >= self.start && (self.end == 0 || moment <= self.end)
    }
}

// The field is deprecated in lnd's API and still filled by lnd.
#[allow(deprecated)]
fn chain() -> Chain {
    Chain {
        chain: "bitcoin".to_owned(),
        network: "regtest".to_owned(),
    }
}

/// The features that every node of the devnet announces.
pub(crate) fn features() -> HashMap<u32, Feature> {
    let feature = |(bit, name): (u32, &str)| {
        (
            bit,
            Feature {
                name: name.to_owned(),
                is_required: bit % 2 == 0,
                is_known: true,
            },
        )
    };
    FEATURES.into_iter().map(feature).collect()
}
