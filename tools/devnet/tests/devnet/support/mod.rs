//! Clients of the tests' own, apart from the library that the project builds: gRPC and REST over
//! TLS pinned to the node's certificate.

pub mod coins;
mod pair;
mod pin;
mod rest;

use std::{
    fs,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use arkgrpc_devnet::{
    NodeAccess,
    proto::{
        invoicesrpc::invoices_client::InvoicesClient,
        lnrpc::{
            GetInfoRequest, GetInfoResponse, Invoice, Payment, PaymentHash,
            lightning_client::LightningClient, state_client::StateClient,
        },
        routerrpc::{SendPaymentRequest, TrackPaymentRequest, router_client::RouterClient},
    },
};
use http::Uri;
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::{Request, Status, Streaming, body::Body};

pub use pair::{Pair, end, nodes};
pub use pin::{dial, stock_verdict};
pub use rest::{Rest, base64, from_base64};

/// Longer than anything here takes: what reaches it hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that is one and stays one: it does not dial again.
#[derive(Clone)]
pub struct Connection(http2::SendRequest<Body>);

impl tower_service::Service<http::Request<Body>> for Connection {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// A gRPC client with the macaroons of its choice.
#[derive(Clone)]
pub struct Grpc {
    connection: Connection,
    origin: Uri,
    macaroons: Vec<String>,
}

/// The hexadecimal of a macaroon file.
pub fn macaroon(file: &Path) -> String {
    hex::encode(fs::read(file).unwrap())
}

impl Grpc {
    /// With the admin macaroon.
    pub async fn connect(node: &NodeAccess) -> Self {
        Self::connect_with(node, vec![macaroon(&node.macaroon)]).await
    }

    /// With these macaroons.
    pub async fn connect_with(node: &NodeAccess, macaroons: Vec<String>) -> Self {
        let stream = dial(node, node.grpc_port, b"h2").await.unwrap();
        let (sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(driver);
        let origin = format!("https://{}:{}", node.grpc_host, node.grpc_port)
            .parse()
            .unwrap();
        Self {
            connection: Connection(sender),
            origin,
            macaroons,
        }
    }

    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for macaroon in &self.macaroons {
            request
                .metadata_mut()
                .append("macaroon", macaroon.parse().unwrap());
        }
        request
    }

    pub fn lightning(&self) -> LightningClient<Connection> {
        LightningClient::with_origin(self.connection.clone(), self.origin.clone())
    }

    pub fn router(&self) -> RouterClient<Connection> {
        RouterClient::with_origin(self.connection.clone(), self.origin.clone())
    }

    pub fn invoices(&self) -> InvoicesClient<Connection> {
        InvoicesClient::with_origin(self.connection.clone(), self.origin.clone())
    }

    pub fn state(&self) -> StateClient<Connection> {
        StateClient::with_origin(self.connection.clone(), self.origin.clone())
    }

    /// Any path, with an empty message.
    pub async fn raw(&self, path: &'static str) -> Result<(), Status> {
        let mut client =
            tonic::client::Grpc::with_origin(self.connection.clone(), self.origin.clone());
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<PaymentHash, PaymentHash>::default();
        let path = http::uri::PathAndQuery::from_static(path);
        client
            .unary(self.request(PaymentHash::default()), path, codec)
            .await
            .map(|_| ())
    }

    /// An invoice with these terms, as its payment request and hash.
    pub async fn invoice(&self, invoice: Invoice) -> Result<(String, Vec<u8>), Status> {
        let answer = self
            .lightning()
            .add_invoice(self.request(invoice))
            .await?
            .into_inner();
        Ok((answer.payment_request, answer.r_hash))
    }

    pub async fn lookup(&self, hash: &[u8]) -> Result<Invoice, Status> {
        let request = PaymentHash {
            r_hash: hash.to_vec(),
        };
        Ok(self
            .lightning()
            .lookup_invoice(self.request(request))
            .await?
            .into_inner())
    }

    pub async fn send(&self, request: SendPaymentRequest) -> Result<Streaming<Payment>, Status> {
        Ok(self
            .router()
            .send_payment_v2(self.request(request))
            .await?
            .into_inner())
    }

    /// All updates of a payment up to its end.
    pub async fn pay(&self, request: SendPaymentRequest) -> Result<Vec<Payment>, Status> {
        all(self.send(request).await?).await
    }

    pub async fn track(&self, hash: &[u8]) -> Result<Streaming<Payment>, Status> {
        let request = TrackPaymentRequest {
            payment_hash: hash.to_vec(),
            no_inflight_updates: false,
        };
        Ok(self
            .router()
            .track_payment_v2(self.request(request))
            .await?
            .into_inner())
    }
}

/// What a node tells of itself.
pub async fn info(client: &Grpc) -> Result<GetInfoResponse, Status> {
    let request = client.request(GetInfoRequest {});
    Ok(client.lightning().get_info(request).await?.into_inner())
}

/// Every message of a stream.
pub async fn all<T>(mut stream: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut updates = Vec::new();
    while let Some(update) = next(&mut stream).await? {
        updates.push(update);
    }
    Ok(updates)
}

/// The next message of a stream, within patience.
pub async fn next<T>(stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
    tokio::time::timeout(PATIENCE, stream.message())
        .await
        .expect("the stream hangs")
}

/// A request to pay a payment request, with room for fees.
pub fn to_pay(payment_request: &str) -> SendPaymentRequest {
    SendPaymentRequest {
        payment_request: payment_request.to_owned(),
        timeout_seconds: 10,
        fee_limit_msat: 100_000,
        ..SendPaymentRequest::default()
    }
}

/// An invoice over this many satoshis.
pub fn over(sat: i64) -> Invoice {
    Invoice {
        value: sat,
        memo: "coffee".to_owned(),
        ..Invoice::default()
    }
}

/// A code with the text that goes with it, for comparison.
pub fn told<T>(answer: Result<T, Status>) -> (i32, String) {
    match answer {
        Ok(_) => (0, String::new()),
        Err(status) => (status.code() as i32, status.message().to_owned()),
    }
}
