//! tonic as its users have it: a stock `Channel` over TLS, the generated client, a macaroon on each
//! request, and the typed answer.

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context, Result, ensure};
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tower_service::Service;

use super::Arguments;
use crate::lnrpc::GetInfoRequest;
use crate::lnrpc::lightning_client::LightningClient;

/// Clones share the connection.
#[derive(Clone)]
pub struct Client {
    lightning: LightningClient<Channel>,
    macaroon: MetadataValue<Ascii>,
}

impl Client {
    pub async fn connect(arguments: &Arguments) -> Result<Self> {
        let connector = TlsConnector::from(Arc::new(arguments.credentials.client()?));
        let channel = Endpoint::from_static("http://localhost")
            .connect_with_connector(Dialer {
                connector,
                port: arguments.port,
            })
            .await
            .context("cannot connect")?;
        let macaroon = arguments.credentials.macaroon_in_hex()?.parse()?;
        Ok(Self {
            lightning: LightningClient::new(channel),
            macaroon,
        })
    }

    pub async fn get_info(&mut self) -> Result<()> {
        let mut request = tonic::Request::new(GetInfoRequest {});
        request
            .metadata_mut()
            .insert("macaroon", self.macaroon.clone());
        let info = self
            .lightning
            .get_info(request)
            .await
            .context("GetInfo")?
            .into_inner();
        ensure!(info.features.len() == 19, "an unexpected answer: {info:?}");
        Ok(())
    }
}

struct Dialer {
    connector: TlsConnector,
    port: u16,
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (connector, port) = (self.connector.clone(), self.port);
        Box::pin(async move {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
            Ok(TokioIo::new(connector.connect(name, stream).await?))
        })
    }
}
