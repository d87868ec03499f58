//! One listening port of a simulated daemon: TLS, HTTP/1 or HTTP/2, and a stop that closes the port
//! and cuts every connection, as the end of a process would.

use std::{
    convert::Infallible,
    future::Future,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    pin::Pin,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::{net::TcpStream, sync::oneshot, task::JoinSet};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{error::DevnetError, random::random_bytes, runtime::Runtime};

/// Below the range from which systems draw ports for outgoing connections: a port of a stopped node
/// stays free until the node starts again, and a client cannot connect to itself on it.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 200;
/// How long a restart waits for its port, in case the system still holds it.
const REBIND: Duration = Duration::from_secs(5);
const REBIND_PAUSE: Duration = Duration::from_millis(5);

/// A body of either protocol.
pub(crate) type Body = UnsyncBoxBody<bytes::Bytes, tonic::Status>;
type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
/// What a port does with a request.
pub(crate) type Handler = Arc<dyn Fn(Request<Incoming>) -> Answer + Send + Sync>;

/// Which protocol a port speaks; both daemons' REST and gRPC ports know one each here.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    /// gRPC: grpc-go refuses a peer that did not agree on it.
    Http2,
    /// REST.
    Http1,
}

impl Protocol {
    /// Its name in the TLS handshake.
    pub(crate) fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http2 => b"h2",
            Self::Http1 => b"http/1.1",
        }
    }
}

/// A port that is open; dropping it closes it a little later, `stop` at once.
pub(crate) struct Listener {
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

/// Finds a free port.
pub(crate) fn free_port() -> Result<TcpListener, DevnetError> {
    for _ in 0..TRIES {
        let offset = u16::from_le_bytes(random_bytes()?) % (PORTS.end - PORTS.start);
        if let Ok(socket) = bind(PORTS.start + offset) {
            return Ok(socket);
        }
    }
    bind(0).map_err(DevnetError::io("cannot find a free port"))
}

/// Takes a certain port again.
pub(crate) fn same_port(port: u16) -> Result<TcpListener, DevnetError> {
    let deadline = Instant::now() + REBIND;
    loop {
        match bind(port) {
            Ok(socket) => return Ok(socket),
            Err(_) if Instant::now() < deadline => thread::sleep(REBIND_PAUSE),
            Err(error) => {
                return Err(DevnetError::io(format!("cannot listen on port {port}"))(
                    error,
                ));
            }
        }
    }
}

fn bind(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl Listener {
    /// Serves a bound socket.
    pub(crate) fn serve(
        runtime: &Runtime,
        socket: TcpListener,
        protocol: Protocol,
        tls: Arc<ServerConfig>,
        handler: Handler,
    ) -> Result<Self, DevnetError> {
        let guard = runtime.handle().enter();
        let socket =
            tokio::net::TcpListener::from_std(socket).map_err(DevnetError::io("cannot listen"))?;
        drop(guard);
        let (stop, mut stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        runtime.handle().spawn(async move {
            let mut connections = JoinSet::new();
            let acceptor = TlsAcceptor::from(tls);
            loop {
                tokio::select! {
                    _ = &mut stopping => break,
                    // Reaps what has ended; an empty set gives no answer and is left alone.
                    Some(_) = connections.join_next() => {}
                    accepted = socket.accept() => if let Ok((stream, _)) = accepted {
                        let (acceptor, handler) = (acceptor.clone(), Arc::clone(&handler));
                        connections.spawn(connection(stream, acceptor, protocol, handler));
                    },
                }
            }
            drop(socket);
            connections.shutdown().await;
            // Whoever waits for the stop may have given up.
            done.send(()).ok();
        });
        Ok(Self { stop, stopped })
    }

    /// Closes the port, cuts its connections and returns when that is done.
    pub(crate) fn stop(self, runtime: &Runtime) -> Result<(), DevnetError> {
        drop(self.stop);
        runtime.wait(self.stopped)?.map_err(|_| DevnetError::Ended)
    }
}

/// A client that does not finish its handshake, or breaks off, ends its own connection and nothing
/// else.
async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    protocol: Protocol,
    handler: Handler,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    match protocol {
        Protocol::Http2 => serve_http2(stream, handler).await,
        Protocol::Http1 => serve_http1(stream, handler).await,
    }
}

async fn serve_http2(stream: TlsStream<TcpStream>, handler: Handler) {
    if stream.get_ref().1.alpn_protocol() != Some(Protocol::Http2.alpn()) {
        return;
    }
    let mut server = conn::http2::Builder::new(TokioExecutor::new());
    // As grpc-go: streams without limit, and no quarrel with clients that give up many of them.
    server
        .max_concurrent_streams(None)
        .max_pending_accept_reset_streams(usize::MAX)
        .max_local_error_reset_streams(None);
    let service = service_fn(move |request| answer(handler(request)));
    drop(server.serve_connection(TokioIo::new(stream), service).await);
}

async fn serve_http1(stream: TlsStream<TcpStream>, handler: Handler) {
    let service = service_fn(move |request| answer(handler(request)));
    drop(
        conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

async fn answer(response: Answer) -> Result<Response<Body>, Infallible> {
    Ok(response.await)
}
