//! The node's port: TLS, HTTP/2, and the faults. What is executed is executed on a task of its own, as in
//! a daemon: a client that gives up stops nothing that has begun.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use arkgrpc_devnet::proto::lnrpc::lightning_server::LightningServer;
use arkgrpc_devnet::proto::routerrpc::router_server::RouterServer;
use bytes::Bytes;
use h2::Reason;
use http::{Request, Response, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use super::Inner;
use super::fault::{Fault, refuses_dial};
use super::services::Services;

/// The ends of one connection.
#[derive(Default)]
struct Line {
    cut: Notify,
    go_away: Notify,
}

pub async fn accept_all(node: Arc<Inner>, listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let refused = refuses_dial(&mut node.lot.lock());
        if refused || stream.set_nodelay(true).is_err() {
            node.count("dial refused");
            continue;
        }
        tokio::spawn(connection(Arc::clone(&node), stream, acceptor.clone()));
    }
}

async fn connection(node: Arc<Inner>, stream: TcpStream, acceptor: TlsAcceptor) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let line = Arc::new(Line::default());
    let mut server = http2::Builder::new(TokioExecutor::new());
    server
        .max_concurrent_streams(None)
        .max_pending_accept_reset_streams(usize::MAX)
        .max_local_error_reset_streams(None);
    let service = service_fn({
        let (node, line) = (Arc::clone(&node), Arc::clone(&line));
        move |request| serve(Arc::clone(&node), Arc::clone(&line), request)
    });
    let mut serving = pin!(server.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            _ = serving.as_mut() => return,
            () = line.cut.notified() => return,
            () = line.go_away.notified() => serving.as_mut().graceful_shutdown(),
            () = node.closing.notified() => return,
        }
    }
}

async fn serve(
    node: Arc<Inner>,
    line: Arc<Line>,
    request: Request<Incoming>,
) -> Result<Response<Body>, h2::Error> {
    let (head, body) = request.into_parts();
    let fault = node.draw(head.uri.path());
    // What never arrived whole is never executed.
    let message = body.collect().await.map_err(|_| reset(Reason::CANCEL))?;
    let message = message.to_bytes();
    match fault {
        Fault::CutBefore => {
            line.cut.notify_one();
            return std::future::pending().await;
        }
        Fault::RefusedBefore => return Err(reset(Reason::REFUSED_STREAM)),
        Fault::UnavailableBefore => return Ok(unavailable()),
        Fault::GoAway => line.go_away.notify_one(),
        _ => {}
    }
    let executing = node.work();
    let execution = tokio::spawn({
        let services = Services(Arc::clone(&node.ledger));
        async move {
            if let Fault::Late(delay) = fault {
                tokio::time::sleep_until(Instant::now() + delay).await;
            }
            let answer = execute(services, head, message).await;
            drop(executing);
            answer
        }
    });
    let answer = execution.await.map_err(|_| reset(Reason::INTERNAL_ERROR))?;
    match fault {
        Fault::CutAfter => {
            line.cut.notify_one();
            std::future::pending().await
        }
        Fault::Mute => std::future::pending().await,
        Fault::ResetAfter => Err(reset(Reason::INTERNAL_ERROR)),
        Fault::RefusedAfter => Err(reset(Reason::REFUSED_STREAM)),
        Fault::UnavailableAfter => Ok(unavailable()),
        Fault::UnknownAfter => Ok(Status::unknown("unable to write to the log").into_http()),
        Fault::CutSoon(delay) => {
            tokio::spawn(async move {
                tokio::time::sleep_until(Instant::now() + delay).await;
                line.cut.notify_one();
            });
            Ok(answer)
        }
        _ => Ok(answer),
    }
}

async fn execute(services: Services, head: request::Parts, message: Bytes) -> Response<Body> {
    let router = head.uri.path().starts_with("/routerrpc.Router/");
    let request = Request::from_parts(head, Full::new(message));
    let answer = match router {
        true => RouterServer::new(services).call(request).await,
        false => LightningServer::new(services).call(request).await,
    };
    answer.unwrap_or_else(|never: Infallible| match never {})
}

fn reset(reason: Reason) -> h2::Error {
    h2::Error::from(reason)
}

fn unavailable() -> Response<Body> {
    Status::unavailable("transport is closing").into_http()
}
