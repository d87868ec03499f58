//! lnd's main service, thin over the shared network.

use tonic::{Request, Response, Status};

use super::{payment_request, services::Services};
use crate::proto::lnrpc::{
    AddInvoiceResponse, ChannelBalanceRequest, ChannelBalanceResponse, ClosedChannelsRequest,
    ClosedChannelsResponse, GetInfoRequest, GetInfoResponse, Invoice, ListChannelsRequest,
    ListChannelsResponse, ListInvoiceRequest, ListInvoiceResponse, ListPaymentsRequest,
    ListPaymentsResponse, ListPeersRequest, ListPeersResponse, PayReq, PayReqString, PaymentHash,
    PendingChannelsRequest, PendingChannelsResponse, lightning_server::Lightning,
};

#[tonic::async_trait]
impl Lightning for Services {
    async fn get_info(
        &self,
        _: Request<GetInfoRequest>,
    ) -> Result<Response<GetInfoResponse>, Status> {
        self.network.lock().info(self.node).map(Response::new)
    }

    async fn add_invoice(
        &self,
        request: Request<Invoice>,
    ) -> Result<Response<AddInvoiceResponse>, Status> {
        self.network
            .lock()
            .add_invoice(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn lookup_invoice(
        &self,
        request: Request<PaymentHash>,
    ) -> Result<Response<Invoice>, Status> {
        self.network
            .lock()
            .lookup_invoice(self.node, &request.get_ref().r_hash)
            .map(Response::new)
    }

    async fn list_invoices(
        &self,
        request: Request<ListInvoiceRequest>,
    ) -> Result<Response<ListInvoiceResponse>, Status> {
        self.network
            .lock()
            .list_invoices(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        self.network
            .lock()
            .list_payments(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn channel_balance(
        &self,
        _: Request<ChannelBalanceRequest>,
    ) -> Result<Response<ChannelBalanceResponse>, Status> {
        self.network
            .lock()
            .channel_balance(self.node)
            .map(Response::new)
    }

    async fn list_channels(
        &self,
        request: Request<ListChannelsRequest>,
    ) -> Result<Response<ListChannelsResponse>, Status> {
        self.network
            .lock()
            .list_channels(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn pending_channels(
        &self,
        _: Request<PendingChannelsRequest>,
    ) -> Result<Response<PendingChannelsResponse>, Status> {
        self.network
            .lock()
            .pending_channels(self.node)
            .map(Response::new)
    }

    async fn closed_channels(
        &self,
        request: Request<ClosedChannelsRequest>,
    ) -> Result<Response<ClosedChannelsResponse>, Status> {
        self.network
            .lock()
            .closed_channels(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn list_peers(
        &self,
        _: Request<ListPeersRequest>,
    ) -> Result<Response<ListPeersResponse>, Status> {
        self.network.lock().list_peers(self.node).map(Response::new)
    }

    async fn decode_pay_req(
        &self,
        request: Request<PayReqString>,
    ) -> Result<Response<PayReq>, Status> {
        payment_request::decode(&request.get_ref().pay_req).map(Response::new)
    }
}
