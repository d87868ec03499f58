//! The gRPC port of a simulated lnd: counts a call, lets the guard look at it, hands it to its
//! service.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use parking_lot::Mutex;
use tonic::{Status, body::Body as TonicBody};
use tower_service::Service;

use super::{guard::Guard, permission, services::Services};
use crate::{
    listener::{Body, Handler},
    proto::{
        invoicesrpc::invoices_server::InvoicesServer,
        lnrpc::{lightning_server::LightningServer, state_server::StateServer},
        routerrpc::router_server::RouterServer,
    },
};

/// What grpc-go accepts at lnd.
const MAX_REQUEST: usize = 200 * 1024 * 1024;
const MACAROON: &str = "macaroon";

/// How often each gRPC method was called, over all nodes.
pub(crate) type Calls = Arc<Mutex<BTreeMap<String, u64>>>;

/// What the port does with each request.
pub(crate) fn handler(guard: Arc<Guard>, calls: Calls) -> Handler {
    let services = Arc::new(Services {
        network: Arc::clone(&guard.network),
        node: guard.node,
    });
    Arc::new(move |request| {
        let (guard, calls, services) = (guard.clone(), calls.clone(), services.clone());
        Box::pin(async move { serve(&guard, &calls, services, request).await })
    })
}

async fn serve(
    guard: &Guard,
    calls: &Calls,
    services: Arc<Services>,
    request: Request<Incoming>,
) -> Response<Body> {
    let method = match permission::find_over_grpc(request.uri().path()) {
        Ok(method) => method,
        Err(text) => return refuse(Status::unimplemented(text)),
    };
    *calls.lock().entry(method.to_owned()).or_default() += 1;
    if let Err(status) = guard.admit(method, &macaroons(request.headers())) {
        return refuse(status);
    }
    let service = method.trim_start_matches('/').split('/').next();
    let answer = match service {
        Some("lnrpc.State") => StateServer::from_arc(services).call(request).await,
        Some("lnrpc.Lightning") => {
            let server = LightningServer::from_arc(services);
            server
                .max_decoding_message_size(MAX_REQUEST)
                .call(request)
                .await
        }
        Some("invoicesrpc.Invoices") => {
            let server = InvoicesServer::from_arc(services);
            server
                .max_decoding_message_size(MAX_REQUEST)
                .call(request)
                .await
        }
        _ => {
            let server = RouterServer::from_arc(services);
            server
                .max_decoding_message_size(MAX_REQUEST)
                .call(request)
                .await
        }
    };
    answer
        .unwrap_or_else(|never: Infallible| match never {})
        .map(BodyExt::boxed_unsync)
}

/// The macaroons that a call carries; what is no text counts, and is then found to be no
/// hexadecimal.
fn macaroons(headers: &HeaderMap) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers
        .get_all(MACAROON)
        .iter()
        .map(|value| text(value.as_bytes()))
        .collect()
}

fn refuse(status: Status) -> Response<Body> {
    status.into_http::<TonicBody>().map(BodyExt::boxed_unsync)
}
