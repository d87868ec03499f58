//! The node's gRPC services: as much of lnd as the four writes need, thin over the ledger.

use std::pin::Pin;
use std::sync::Arc;

use arkgrpc_devnet::proto::lnrpc::lightning_server::Lightning;
use arkgrpc_devnet::proto::lnrpc::open_status_update::Update;
use arkgrpc_devnet::proto::lnrpc::{
    AddInvoiceResponse, Chain, ClosedChannelsRequest, ClosedChannelsResponse, GetInfoRequest,
    GetInfoResponse, GetTransactionsRequest, Invoice, ListChannelsRequest, ListChannelsResponse,
    OpenChannelRequest, OpenStatusUpdate, Payment, PaymentHash, PendingChannelsRequest,
    PendingChannelsResponse, PendingUpdate, SendCoinsRequest, SendCoinsResponse,
    TransactionDetails,
};
use arkgrpc_devnet::proto::routerrpc::router_server::Router;
use arkgrpc_devnet::proto::routerrpc::{SendPaymentRequest, TrackPaymentRequest};
use futures_util::{Stream, StreamExt, future, stream};
use tonic::{Request, Response, Status};

use super::ledger::{Ledger, PaymentCourse};

/// Any point of the curve: the node's key.
pub const NODE_KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

type Updates<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

pub struct Services(pub Arc<Ledger>);

/// Under way first, the verdict when it is due.
fn updates(course: PaymentCourse) -> Response<Updates<Payment>> {
    let first = stream::once(future::ready(Ok(course.first())));
    let last = stream::once(async move {
        tokio::time::sleep_until(course.decided.into()).await;
        Ok(course.last)
    });
    Response::new(first.chain(last).boxed())
}

#[tonic::async_trait]
impl Router for Services {
    async fn send_payment_v2(
        &self,
        request: Request<SendPaymentRequest>,
    ) -> Result<Response<Updates<Payment>>, Status> {
        self.0.pay(&request.get_ref().payment_request).map(updates)
    }

    async fn track_payment_v2(
        &self,
        request: Request<TrackPaymentRequest>,
    ) -> Result<Response<Updates<Payment>>, Status> {
        self.0.payment(&request.get_ref().payment_hash).map(updates)
    }
}

#[tonic::async_trait]
impl Lightning for Services {
    async fn get_info(
        &self,
        _: Request<GetInfoRequest>,
    ) -> Result<Response<GetInfoResponse>, Status> {
        Ok(Response::new(GetInfoResponse {
            identity_pubkey: NODE_KEY.to_owned(),
            alias: "ledger".to_owned(),
            version: "0.21.2-beta".to_owned(),
            synced_to_chain: true,
            block_height: 500,
            chains: vec![Chain {
                network: "regtest".to_owned(),
                ..Chain::default()
            }],
            ..GetInfoResponse::default()
        }))
    }

    async fn add_invoice(
        &self,
        request: Request<Invoice>,
    ) -> Result<Response<AddInvoiceResponse>, Status> {
        let made = self.0.add_invoice(request.get_ref())?;
        Ok(Response::new(AddInvoiceResponse {
            r_hash: made.r_hash,
            payment_request: made.payment_request,
            add_index: made.add_index,
            ..AddInvoiceResponse::default()
        }))
    }

    async fn lookup_invoice(
        &self,
        request: Request<PaymentHash>,
    ) -> Result<Response<Invoice>, Status> {
        self.0.invoice(&request.get_ref().r_hash).map(Response::new)
    }

    async fn send_coins(
        &self,
        request: Request<SendCoinsRequest>,
    ) -> Result<Response<SendCoinsResponse>, Status> {
        let txid = self.0.send_coins(request.get_ref());
        Ok(Response::new(SendCoinsResponse { txid }))
    }

    async fn get_transactions(
        &self,
        _: Request<GetTransactionsRequest>,
    ) -> Result<Response<TransactionDetails>, Status> {
        Ok(Response::new(TransactionDetails {
            transactions: self.0.transactions(),
            ..TransactionDetails::default()
        }))
    }

    async fn open_channel(
        &self,
        request: Request<OpenChannelRequest>,
    ) -> Result<Response<Updates<OpenStatusUpdate>>, Status> {
        let txid = self.0.open_channel(request.get_ref()).to_vec();
        let pending = PendingUpdate {
            txid,
            ..PendingUpdate::default()
        };
        let update = OpenStatusUpdate {
            update: Some(Update::ChanPending(pending)),
            pending_chan_id: vec![1; 32],
        };
        let only = stream::once(future::ready(Ok(update)));
        Ok(Response::new(only.boxed()))
    }

    async fn pending_channels(
        &self,
        _: Request<PendingChannelsRequest>,
    ) -> Result<Response<PendingChannelsResponse>, Status> {
        Ok(Response::new(PendingChannelsResponse {
            pending_open_channels: self.0.channels(),
            ..PendingChannelsResponse::default()
        }))
    }

    async fn list_channels(
        &self,
        _: Request<ListChannelsRequest>,
    ) -> Result<Response<ListChannelsResponse>, Status> {
        Ok(Response::new(ListChannelsResponse::default()))
    }

    async fn closed_channels(
        &self,
        _: Request<ClosedChannelsRequest>,
    ) -> Result<Response<ClosedChannelsResponse>, Status> {
        Ok(Response::new(ClosedChannelsResponse::default()))
    }
}
