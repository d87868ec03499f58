//! The gRPC services of the simulated lnd beside its main one, thin over the shared network.

use tonic::{Request, Response, Status};

use super::{
    invoice_terms::exactly_32,
    network::{NodeId, Shared},
    payment, payment_flow,
    updates::{Updates, client_deadline, follow},
};
use crate::proto::{
    invoicesrpc::{
        AddHoldInvoiceRequest, AddHoldInvoiceResp, CancelInvoiceMsg, CancelInvoiceResp,
        SettleInvoiceMsg, SettleInvoiceResp, invoices_server::Invoices,
    },
    lnrpc::{GetStateRequest, GetStateResponse, Payment, state_server::State},
    routerrpc::{
        RouteFeeRequest, RouteFeeResponse, SendPaymentRequest, TrackPaymentRequest,
        TrackPaymentsRequest, router_server::Router,
    },
};

/// The services of one node.
pub(crate) struct Services {
    pub network: Shared,
    pub node: NodeId,
}

#[tonic::async_trait]
impl State for Services {
    async fn get_state(
        &self,
        _: Request<GetStateRequest>,
    ) -> Result<Response<GetStateResponse>, Status> {
        let state = self.network.lock().known(self.node)?.wallet;
        Ok(Response::new(GetStateResponse {
            state: state.into(),
        }))
    }
}

/// Which updates of a payment a client wants.
pub(crate) fn wanted_payments(final_only: bool) -> fn(&Payment) -> bool {
    match final_only {
        true => payment::is_final,
        false => |_| true,
    }
}

#[tonic::async_trait]
impl Router for Services {
    async fn send_payment_v2(
        &self,
        request: Request<SendPaymentRequest>,
    ) -> Result<Response<Updates<Payment>>, Status> {
        let deadline = client_deadline(request.metadata());
        let request = request.into_inner();
        let updates = payment_flow::send(&self.network, self.node, &request)?;
        let wanted = wanted_payments(request.no_inflight_updates);
        follow(updates, wanted, deadline).await.map(Response::new)
    }

    async fn track_payment_v2(
        &self,
        request: Request<TrackPaymentRequest>,
    ) -> Result<Response<Updates<Payment>>, Status> {
        let deadline = client_deadline(request.metadata());
        let request = request.into_inner();
        let hash = exactly_32("hash", &request.payment_hash)?;
        let updates = self
            .network
            .lock()
            .known_mut(self.node)?
            .payments
            .watch(&hash)?;
        let wanted = wanted_payments(request.no_inflight_updates);
        follow(updates, wanted, deadline).await.map(Response::new)
    }

    async fn track_payments(
        &self,
        request: Request<TrackPaymentsRequest>,
    ) -> Result<Response<Updates<Payment>>, Status> {
        let deadline = client_deadline(request.metadata());
        let updates = self
            .network
            .lock()
            .known_mut(self.node)?
            .payments
            .watch_all();
        let wanted = wanted_payments(request.get_ref().no_inflight_updates);
        follow(updates, wanted, deadline).await.map(Response::new)
    }

    async fn estimate_route_fee(
        &self,
        request: Request<RouteFeeRequest>,
    ) -> Result<Response<RouteFeeResponse>, Status> {
        self.network
            .lock()
            .estimate_route_fee(self.node, request.get_ref())
            .map(Response::new)
    }
}

#[tonic::async_trait]
impl Invoices for Services {
    async fn add_hold_invoice(
        &self,
        request: Request<AddHoldInvoiceRequest>,
    ) -> Result<Response<AddHoldInvoiceResp>, Status> {
        self.network
            .lock()
            .add_hold_invoice(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn settle_invoice(
        &self,
        request: Request<SettleInvoiceMsg>,
    ) -> Result<Response<SettleInvoiceResp>, Status> {
        self.network
            .lock()
            .settle_invoice(self.node, &request.get_ref().preimage)
            .map(|()| Response::new(SettleInvoiceResp {}))
    }

    async fn cancel_invoice(
        &self,
        request: Request<CancelInvoiceMsg>,
    ) -> Result<Response<CancelInvoiceResp>, Status> {
        self.network
            .lock()
            .cancel_invoice(self.node, &request.get_ref().payment_hash)
            .map(|()| Response::new(CancelInvoiceResp {}))
    }
}
