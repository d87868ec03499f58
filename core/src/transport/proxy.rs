//! TCP by way of a SOCKS5 proxy that resolves the name, as onion services need.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// Connects to the proxy itself.
#[derive(Clone)]
struct ProxyAddress {
    host: String,
    port: u16,
}

impl Service<Uri> for ProxyAddress {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { host, port } = self.clone();
        Box::pin(async move {
            Ok(TokioIo::new(
                TcpStream::connect((host.as_str(), port)).await?,
            ))
        })
    }
}

/// A TCP stream to `target` (`host:port`) through the proxy.
pub(super) async fn connect(proxy: &(String, u16), target: &str) -> io::Result<TcpStream> {
    let uri = |text: &str| {
        Uri::builder()
            .scheme("https")
            .authority(text)
            .path_and_query("/")
            .build()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
    };
    let address = ProxyAddress {
        host: proxy.0.clone(),
        port: proxy.1,
    };
    let authority = if proxy.0.contains(':') {
        format!("[{}]:{}", proxy.0, proxy.1)
    } else {
        format!("{}:{}", proxy.0, proxy.1)
    };
    let mut connector = SocksV5::new(uri(&authority)?, address).local_dns(false);
    let stream = connector
        .call(uri(target)?)
        .await
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(stream.into_inner())
}
