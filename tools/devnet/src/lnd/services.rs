//! The gRPC services of the simulated lnd, thin over the shared network.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};
use tonic::{Request, Response, Status, metadata::MetadataMap};

use super::{
    invoice_terms::exactly_32,
    network::{NodeId, Shared},
    payment, payment_flow,
};
use crate::proto::{
    lnrpc::{
        AddInvoiceResponse, GetInfoRequest, GetInfoResponse, GetStateRequest, GetStateResponse,
        Invoice, Payment, PaymentHash, lightning_server::Lightning, state_server::State,
    },
    routerrpc::{SendPaymentRequest, TrackPaymentRequest, router_server::Router},
};

/// The services of one node.
pub(crate) struct Services {
    pub network: Shared,
    pub node: NodeId,
}

/// The updates of a payment on their way to a client.
pub(crate) type Updates = Pin<Box<dyn Stream<Item = Result<Payment, Status>> + Send>>;

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
        let hash = &request.get_ref().r_hash;
        self.network
            .lock()
            .lookup_invoice(self.node, hash)
            .map(Response::new)
    }
}

#[tonic::async_trait]
impl Router for Services {
    async fn send_payment_v2(
        &self,
        request: Request<SendPaymentRequest>,
    ) -> Result<Response<Updates>, Status> {
        let deadline = client_deadline(request.metadata());
        let request = request.into_inner();
        let updates = payment_flow::send(&self.network, self.node, &request)?;
        follow(updates, request.no_inflight_updates, deadline)
            .await
            .map(Response::new)
    }

    async fn track_payment_v2(
        &self,
        request: Request<TrackPaymentRequest>,
    ) -> Result<Response<Updates>, Status> {
        let deadline = client_deadline(request.metadata());
        let request = request.into_inner();
        let hash = exactly_32("hash", &request.payment_hash)?;
        let updates = self
            .network
            .lock()
            .known_mut(self.node)?
            .payments
            .watch(&hash)?;
        follow(updates, request.no_inflight_updates, deadline)
            .await
            .map(Response::new)
    }
}

/// A stream of a payment's updates. Like grpc-go it gives no headers before its first message.
pub(crate) async fn follow(
    mut updates: UnboundedReceiver<Payment>,
    final_only: bool,
    deadline: Option<Instant>,
) -> Result<Updates, Status> {
    let first = match next(&mut updates, final_only, deadline).await {
        Some(first) => first?,
        None => return Ok(Box::pin(stream::empty())),
    };
    let rest = stream::unfold(Some(updates), move |updates| async move {
        let mut updates = updates?;
        match next(&mut updates, final_only, deadline).await? {
            Ok(update) => Some((Ok(update), Some(updates))),
            Err(status) => Some((Err(status), None)),
        }
    });
    Ok(Box::pin(stream::once(async { Ok(first) }).chain(rest)))
}

async fn next(
    updates: &mut UnboundedReceiver<Payment>,
    final_only: bool,
    deadline: Option<Instant>,
) -> Option<Result<Payment, Status>> {
    let over = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            update = updates.recv() => match update {
                Some(update) if final_only && !payment::is_final(&update) => {}
                update => return update.map(Ok),
            },
            () = &mut over => {
                return Some(Err(Status::deadline_exceeded("context deadline exceeded")));
            }
        }
    }
}

/// When the client stops waiting, which ends a stream here too, though never the payment.
fn client_deadline(metadata: &MetadataMap) -> Option<Instant> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(count.checked_mul(3600)?),
        "M" => Duration::from_secs(count.checked_mul(60)?),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}
