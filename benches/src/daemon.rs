//! The other end of every measurement, a process of its own: TLS, HTTP/2 and gRPC as a daemon speaks
//! them, a macaroon that is checked, and answers that were encoded beforehand, so that the time of a
//! call is the client's as far as possible.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context, Result};
use bytes::{Buf, BufMut, Bytes};
use clap::Args;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Status, body::Body};
use tower_service::Service;

use crate::answer;
use crate::credentials::Credentials;
use crate::lnrpc::{GetStateResponse, WalletState};
use crate::load::pin;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    credentials: Credentials,
    /// The one core to run on
    #[arg(long)]
    core: Option<usize>,
}

/// Says its port on standard output and serves until standard input ends: whoever started it may die
/// without leaving it behind.
pub fn run(arguments: &Arguments) -> Result<()> {
    pin(arguments.core)?;
    let tls = TlsAcceptor::from(Arc::new(arguments.credentials.server()?));
    let answers = Arc::new(Answers {
        macaroon: HeaderValue::from_str(&arguments.credentials.macaroon_in_hex()?)?,
        get_info: answer::get_info().encode_to_vec().into(),
        get_state: GetStateResponse {
            state: WalletState::ServerActive.into(),
        }
        .encode_to_vec()
        .into(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_io()
        .build()
        .context("cannot start the daemon's threads")?;
    let socket = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    println!("{}", socket.local_addr()?.port());
    std::io::stdout().flush()?;
    runtime.spawn(accept(socket, tls, answers));
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .context("standard input")?;
    runtime.shutdown_background();
    Ok(())
}

async fn accept(socket: TcpListener, tls: TlsAcceptor, answers: Arc<Answers>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                let (tls, answers) = (tls.clone(), Arc::clone(&answers));
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, tls, answers).await {
                        eprintln!("daemon: a connection ended: {error:#}");
                    }
                });
            }
            Err(error) => eprintln!("daemon: cannot accept: {error}"),
        }
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, answers: Arc<Answers>) -> Result<()> {
    stream.set_nodelay(true)?;
    let stream = tls.accept(stream).await.context("TLS")?;
    let service = service_fn(move |request| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(answers.answer(request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    match connection {
        // Clients end without ceremony.
        Err(error) if !error.is_closed() && !is_reset(&error) => Err(error).context("HTTP/2"),
        _ => Ok(()),
    }
}

fn is_reset(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<std::io::Error>().is_some() {
            return true;
        }
        next = error.source();
    }
    false
}

struct Answers {
    macaroon: HeaderValue,
    get_info: Bytes,
    get_state: Bytes,
}

impl Answers {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let bytes = match request.uri().path() {
            // The one call that lnd answers to everybody.
            "/lnrpc.State/GetState" => &self.get_state,
            _ if request.headers().get("macaroon") != Some(&self.macaroon) => {
                return Status::unknown("verification failed: signature mismatch").into_http();
            }
            "/lnrpc.Lightning/GetInfo" => &self.get_info,
            _ => return Status::unimplemented("not a method of this daemon").into_http(),
        };
        Grpc::new(Encoded)
            .unary(Always(bytes.clone()), request)
            .await
    }
}

/// Gives the same answer to every request.
struct Always(Bytes);

impl Service<tonic::Request<()>> for Always {
    type Response = tonic::Response<Bytes>;
    type Error = Status;
    type Future = Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: tonic::Request<()>) -> Self::Future {
        ready(Ok(tonic::Response::new(self.0.clone())))
    }
}

/// Messages that are encoded already; what requests say is not looked at.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Encoded;
    type Decoder = Encoded;

    fn encoder(&mut self) -> Encoded {
        Encoded
    }

    fn decoder(&mut self) -> Encoded {
        Encoded
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}
