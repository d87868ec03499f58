//! lnd's main service, thin over the shared network.

use tonic::{Request, Response, Status};

use super::{
    payment_request,
    services::Services,
    updates::{Updates, client_deadline, follow},
};
use crate::proto::lnrpc::{
    AddInvoiceResponse, ChannelBalanceRequest, ChannelBalanceResponse, ChannelEventSubscription,
    ChannelEventUpdate, CloseChannelRequest, CloseStatusUpdate, ClosedChannelsRequest,
    ClosedChannelsResponse, ConnectPeerRequest, ConnectPeerResponse, EstimateFeeRequest,
    EstimateFeeResponse, GetInfoRequest, GetInfoResponse, GetTransactionsRequest, Invoice,
    InvoiceSubscription, ListChannelsRequest, ListChannelsResponse, ListInvoiceRequest,
    ListInvoiceResponse, ListPaymentsRequest, ListPaymentsResponse, ListPeersRequest,
    ListPeersResponse, ListUnspentRequest, ListUnspentResponse, NewAddressRequest,
    NewAddressResponse, OpenChannelRequest, OpenStatusUpdate, PayReq, PayReqString, PaymentHash,
    PendingChannelsRequest, PendingChannelsResponse, SendCoinsRequest, SendCoinsResponse,
    Transaction, TransactionDetails, WalletBalanceRequest, WalletBalanceResponse,
    lightning_server::Lightning,
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

    async fn wallet_balance(
        &self,
        request: Request<WalletBalanceRequest>,
    ) -> Result<Response<WalletBalanceResponse>, Status> {
        self.network
            .lock()
            .wallet_balance(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn new_address(
        &self,
        request: Request<NewAddressRequest>,
    ) -> Result<Response<NewAddressResponse>, Status> {
        self.network
            .lock()
            .new_address(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn send_coins(
        &self,
        request: Request<SendCoinsRequest>,
    ) -> Result<Response<SendCoinsResponse>, Status> {
        self.network
            .lock()
            .send_coins(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn estimate_fee(
        &self,
        request: Request<EstimateFeeRequest>,
    ) -> Result<Response<EstimateFeeResponse>, Status> {
        self.network
            .lock()
            .estimate_fee(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn list_unspent(
        &self,
        request: Request<ListUnspentRequest>,
    ) -> Result<Response<ListUnspentResponse>, Status> {
        self.network
            .lock()
            .list_unspent(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn get_transactions(
        &self,
        request: Request<GetTransactionsRequest>,
    ) -> Result<Response<TransactionDetails>, Status> {
        self.network
            .lock()
            .get_transactions(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn connect_peer(
        &self,
        request: Request<ConnectPeerRequest>,
    ) -> Result<Response<ConnectPeerResponse>, Status> {
        self.network
            .lock()
            .connect_peer(self.node, request.get_ref())
            .map(Response::new)
    }

    async fn open_channel(
        &self,
        request: Request<OpenChannelRequest>,
    ) -> Result<Response<Updates<OpenStatusUpdate>>, Status> {
        let deadline = client_deadline(request.metadata());
        let updates = self
            .network
            .lock()
            .request_channel(self.node, request.get_ref())?;
        follow(updates, |_| true, deadline).await.map(Response::new)
    }

    async fn close_channel(
        &self,
        request: Request<CloseChannelRequest>,
    ) -> Result<Response<Updates<CloseStatusUpdate>>, Status> {
        let deadline = client_deadline(request.metadata());
        let updates = self
            .network
            .lock()
            .close_channel(self.node, request.get_ref())?;
        follow(updates, |_| true, deadline).await.map(Response::new)
    }

    async fn subscribe_invoices(
        &self,
        request: Request<InvoiceSubscription>,
    ) -> Result<Response<Updates<Invoice>>, Status> {
        let deadline = client_deadline(request.metadata());
        let InvoiceSubscription {
            add_index,
            settle_index,
        } = *request.get_ref();
        let updates = {
            let mut network = self.network.lock();
            let invoices = &mut network.known_mut(self.node)?.invoices;
            invoices.subscribe(add_index, settle_index)
        };
        // What a client has seen by its own account is not told again.
        let wanted = move |invoice: &Invoice| match invoice.settle_index {
            0 => invoice.add_index > add_index,
            settled => settled > settle_index,
        };
        follow(updates, wanted, deadline).await.map(Response::new)
    }

    async fn subscribe_transactions(
        &self,
        request: Request<GetTransactionsRequest>,
    ) -> Result<Response<Updates<Transaction>>, Status> {
        let deadline = client_deadline(request.metadata());
        let updates = self.network.lock().subscribe_transactions(self.node)?;
        follow(updates, |_| true, deadline).await.map(Response::new)
    }

    async fn subscribe_channel_events(
        &self,
        request: Request<ChannelEventSubscription>,
    ) -> Result<Response<Updates<ChannelEventUpdate>>, Status> {
        let deadline = client_deadline(request.metadata());
        let updates = self.network.lock().subscribe_channel_events(self.node)?;
        follow(updates, |_| true, deadline).await.map(Response::new)
    }

    async fn decode_pay_req(
        &self,
        request: Request<PayReqString>,
    ) -> Result<Response<PayReq>, Status> {
        payment_request::decode(&request.get_ref().pay_req).map(Response::new)
    }
}
