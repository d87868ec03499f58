//! What a payment would cost: lnd's estimate by its graph for a destination, by a probe for a
//! payment request.

use bitcoin::secp256k1::PublicKey;
use tonic::Status;

use super::{
    amount::{self, MSAT},
    network::{Network, NodeId},
    payment_request,
    route::{FORWARDING_DELTA, Wanted},
};
use crate::proto::{
    lnrpc::PaymentFailureReason,
    routerrpc::{RouteFeeRequest, RouteFeeResponse},
};

/// Above this lnd looks no further, by either way.
const FEE_LIMIT_MSAT: u64 = 100_000_000 * MSAT;
const DEFAULT_FINAL_DELTA: u64 = 80;
/// What lnd adds against blocks that come while an HTLC is on its way.
const BLOCK_PADDING: u64 = 3;
const PUBKEY_LENGTH: usize = 33;

impl Network {
    /// EstimateRouteFee.
    pub(crate) fn estimate_route_fee(
        &self,
        id: NodeId,
        request: &RouteFeeRequest,
    ) -> Result<RouteFeeResponse, Status> {
        match (request.dest.is_empty(), request.payment_request.is_empty()) {
            (false, true) => self.by_graph(id, request),
            (true, false) => self.by_probe(id, &request.payment_request),
            _ => Err(Status::unknown(
                "specify either a destination or an invoice",
            )),
        }
    }

    fn by_graph(&self, id: NodeId, request: &RouteFeeRequest) -> Result<RouteFeeResponse, Status> {
        if request.dest.len() != PUBKEY_LENGTH {
            return Err(Status::unknown("invalid length destination key"));
        }
        let sat = match u64::try_from(request.amt_sat) {
            Err(_) | Ok(0) => return Err(Status::unknown("amount must be greater than 0")),
            Ok(sat) => sat,
        };
        let key = PublicKey::from_slice(&request.dest).ok();
        let payee = key.and_then(|key| self.find(&key));
        self.price(id, payee, sat * MSAT, DEFAULT_FINAL_DELTA + BLOCK_PADDING)
            .map_err(|reason| {
                Status::unknown(match reason {
                    PaymentFailureReason::FailureReasonInsufficientBalance => {
                        "insufficient local balance"
                    }
                    _ => "unable to find a path to destination",
                })
            })
    }

    fn by_probe(&self, id: NodeId, text: &str) -> Result<RouteFeeResponse, Status> {
        let invoice = payment_request::read(text)?;
        let Some(amount_msat) = invoice.amount_msat else {
            return Err(Status::unknown(
                "payment request amount must be greater than 0",
            ));
        };
        if invoice.destination == self.known(id)?.identity.pubkey {
            return Err(Status::unknown("self-payments not allowed"));
        }
        let payee = self.find(&invoice.destination);
        let priced = self.price(id, payee, amount_msat, invoice.final_delta);
        // A probe that fails is an answer, not an error.
        Ok(priced.unwrap_or_else(|reason| RouteFeeResponse {
            failure_reason: reason.into(),
            ..RouteFeeResponse::default()
        }))
    }

    fn price(
        &self,
        payer: NodeId,
        payee: Option<NodeId>,
        amount_msat: u64,
        final_delta: u64,
    ) -> Result<RouteFeeResponse, PaymentFailureReason> {
        let hops = self.route(&Wanted {
            payer,
            payee,
            amount_msat,
            fee_limit_msat: FEE_LIMIT_MSAT,
        })?;
        let forwards = hops.len().saturating_sub(1) as u64;
        let height = u64::from(self.chain.height());
        Ok(RouteFeeResponse {
            routing_fee_msat: amount::signed(hops.iter().map(|hop| hop.fee_msat).sum()),
            time_lock_delay: amount::signed(
                height + final_delta + forwards * u64::from(FORWARDING_DELTA),
            ),
            failure_reason: PaymentFailureReason::FailureReasonNone.into(),
        })
    }
}
