//! One dial: TCP, Unix socket or proxy, then TLS, then HTTP/2, all within one connect timeout.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::body::Body;

use super::activity::{Activity, Watched};
use super::certificate::Certificates;
use super::dial_error::{DialError, DialFault};
use super::proxy;
use crate::config::{ServiceConfig, Target};

/// Fixed windows: the adaptive one sends pings that lnd counts as abuse.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Makes connections to one daemon.
#[derive(Debug)]
pub(super) struct Dialer {
    target: Target,
    proxy: Option<(String, u16)>,
    timeout: Duration,
    certificates: Certificates,
}

/// A connection that the peer has answered on.
#[derive(Clone)]
pub(super) struct Dialed {
    pub(super) sender: SendRequest<Body>,
    pub(super) activity: Arc<Activity>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Dialer {
    pub(super) fn new(config: &ServiceConfig) -> Result<Self, DialError> {
        Ok(Self {
            target: config.target.clone(),
            proxy: config.proxy.clone(),
            timeout: config.connect_timeout,
            certificates: Certificates::load(config.tls.clone())?,
        })
    }

    /// Dials; after a TLS failure once more if the certificate file has changed meanwhile.
    pub(super) async fn dial(&self) -> Result<Dialed, DialError> {
        match self.dial_within_timeout().await {
            Err(error) if error.fault == DialFault::Tls && self.certificates.reload() => {
                tracing::info!(target: "arkgrpc::transport", "certificate file changed, dialling again");
                self.dial_within_timeout().await
            }
            other => other,
        }
    }

    async fn dial_within_timeout(&self) -> Result<Dialed, DialError> {
        match tokio::time::timeout(self.timeout, self.dial_once()).await {
            Ok(result) => result,
            Err(_) => Err(DialError::new(
                DialFault::TimedOut,
                format_args!(
                    "{} did not complete TCP, TLS and HTTP/2 within {} ms",
                    self.target.display(),
                    self.timeout.as_millis()
                ),
                "check that host and port are the daemon's and that no firewall swallows the packets",
            )),
        }
    }

    async fn dial_once(&self) -> Result<Dialed, DialError> {
        let raw = self
            .raw_stream()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let stream: Box<dyn Stream> = match self.certificates.client() {
            None => raw,
            Some(client) => {
                let tls = TlsConnector::from(client)
                    .connect(self.server_name(), raw)
                    .await
                    .map_err(|error| self.handshake_failed(&error))?;
                if tls.get_ref().1.alpn_protocol() != Some(b"h2") {
                    return Err(self.not_grpc());
                }
                Box::new(tls)
            }
        };
        self.http2(stream).await
    }

    async fn raw_stream(&self) -> io::Result<Box<dyn Stream>> {
        match (&self.target, &self.proxy) {
            (Target::Unix { path }, _) => Ok(Box::new(UnixStream::connect(path).await?)),
            (target, Some(proxy)) => {
                let stream = proxy::connect(proxy, &target.display()).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            (Target::Tcp { host, port }, None) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }

    async fn http2(&self, stream: Box<dyn Stream>) -> Result<Dialed, DialError> {
        let activity = Activity::new();
        let keepalive_timeout = Duration::from_secs(if self.proxy.is_some() { 30 } else { 10 });
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .adaptive_window(false)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(keepalive_timeout)
            // lnd counts pings without open calls as abuse and closes the connection.
            .keep_alive_while_idle(false)
            .handshake(TokioIo::new(Watched::new(stream, Arc::clone(&activity))))
            .await
            .map_err(|error| self.unreachable(&io::Error::other(error)))?;
        let mut driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(target: "arkgrpc::transport", %error, "connection ended");
            }
        });
        let spoke = Arc::clone(&activity);
        match select(Box::pin(spoke.first_byte()), &mut driver).await {
            Either::Left(_) => Ok(Dialed { sender, activity }),
            Either::Right(_) => Err(DialError::new(
                DialFault::Unreachable,
                format_args!(
                    "{} closed the connection before it spoke HTTP/2",
                    self.target.display()
                ),
                "check that the daemon is running and that the port is its gRPC port",
            )),
        }
    }

    /// Pins ignore the name, authorities need it. A Unix socket has the name that lnd's certificates carry.
    fn server_name(&self) -> ServerName<'static> {
        let name = match &self.target {
            Target::Tcp { host, .. } => host.clone(),
            Target::Unix { .. } => "unix".to_owned(),
        };
        ServerName::try_from(name)
            .unwrap_or_else(|_| ServerName::from(std::net::IpAddr::from([127, 0, 0, 1])))
    }

    fn unreachable(&self, error: &io::Error) -> DialError {
        DialError::new(
            DialFault::Unreachable,
            format_args!("{} cannot be reached: {error}", self.target.display()),
            "check that the daemon is running and listens there: lnd and tapd listen on localhost alone \
             unless rpclisten says otherwise",
        )
    }

    fn handshake_failed(&self, error: &io::Error) -> DialError {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let place = self.target.display();
        match tls {
            None => self.unreachable(error),
            Some(rustls::Error::InvalidMessage(_)) => DialError::new(
                DialFault::WrongProtocol,
                format_args!("{place} does not speak TLS"),
                "check the port; for an arkd without TLS set tls_mode to \"plaintext\"",
            ),
            Some(rustls::Error::InvalidCertificate(reason)) => DialError::new(
                DialFault::Tls,
                format_args!("{place}: {}", certificate_reason(reason)),
                "copy the daemon's current tls.cert to the configured path; if nobody renewed it, \
                 somebody else answers there",
            ),
            Some(other) => DialError::new(
                DialFault::Tls,
                format_args!("the TLS handshake with {place} failed: {other}"),
                "check that the port is the daemon's gRPC port and that tls_cert is its certificate",
            ),
        }
    }

    fn not_grpc(&self) -> DialError {
        DialError::new(
            DialFault::WrongProtocol,
            format_args!("{} speaks TLS but not HTTP/2", self.target.display()),
            "this looks like a REST port; gRPC is usually 10009 (lnd), 10029 (tapd) or 7070 (arkd)",
        )
    }
}

fn certificate_reason(reason: &rustls::CertificateError) -> String {
    match reason {
        rustls::CertificateError::Other(other) => other.0.to_string(),
        other => format!("the daemon's certificate is refused: {other}"),
    }
}
