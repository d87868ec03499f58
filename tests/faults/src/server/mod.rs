//! A raw HTTP/2 server over TLS that does to its clients what no well-behaved server would.

mod act;
mod identity;
mod listening;
mod shared;
mod stream;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use act::{Act, Door, Mode};
pub use identity::Identities;
use listening::Port;
pub use shared::{Shared, Strike};
use stream::Stream;
pub use wire::Order;

use crate::daemon::Daemon;

/// One server with a port of its own.
pub struct Server {
    pub shared: Arc<Shared>,
    pub address: SocketAddr,
    acceptor: JoinHandle<()>,
}

impl Server {
    pub fn start(
        handle: &Handle,
        identities: Arc<Identities>,
        daemon: Box<dyn Daemon>,
        door: Door,
    ) -> Result<Self> {
        let shared = Arc::new(Shared::new(daemon, door));
        let _inside = handle.enter();
        let mut port = Port::take(Ipv4Addr::LOCALHOST).context("taking a port")?;
        let address = port.address();
        // Before anybody dials.
        match door {
            Door::Refused => {}
            Door::Full => handle.block_on(port.fill()).context("filling the line")?,
            _ => port.open().context("listening")?,
        }
        let acceptor = handle.spawn(accept_all(port, Arc::clone(&shared), identities));
        Ok(Self {
            shared,
            address,
            acceptor,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.heal();
        self.shared.order_all(&Order::Close);
        self.acceptor.abort();
    }
}

async fn accept_all(mut port: Port, shared: Arc<Shared>, identities: Arc<Identities>) {
    let mut doors = shared.door.subscribe();
    loop {
        let door = *doors.borrow_and_update();
        let accepted = match door {
            Door::Refused => port.close().map(|()| None),
            Door::Full => port.fill().await.map(|()| None),
            _ => {
                tokio::select! {
                    accepted = port.accept() => accepted.map(Some),
                    _ = doors.changed() => Ok(None),
                }
            }
        };
        match accepted {
            Ok(Some(peer)) => {
                shared.note_dial();
                let identities = Arc::clone(&identities);
                tokio::spawn(receive(peer, door, Arc::clone(&shared), identities));
            }
            Ok(None) if matches!(door, Door::Refused | Door::Full) => {
                if doors.changed().await.is_err() {
                    return;
                }
            }
            Ok(None) => {}
            Err(error) => {
                eprintln!("fault server: {error}");
                return;
            }
        }
    }
}

async fn receive(
    mut peer: TcpStream,
    door: Door,
    shared: Arc<Shared>,
    identities: Arc<Identities>,
) {
    // Small frames one by one: nothing of this may wait for company.
    let _ = peer.set_nodelay(true);
    let identity = match door {
        Door::AcceptReset => {
            let _ = peer.set_zero_linger();
            return;
        }
        Door::AcceptClose | Door::Refused | Door::Full => return,
        Door::AcceptSilent => return shared.healed().await,
        Door::Plaintext => {
            let _ = peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return shared.healed().await;
        }
        Door::OtherCertificate => &identities.other,
        Door::Open | Door::TlsSilent => &identities.usual,
    };
    // The client hangs up where it is to refuse the certificate.
    let Ok(tls) = TlsAcceptor::from(identity.config()).accept(peer).await else {
        return;
    };
    if door == Door::TlsSilent {
        return shared.healed().await;
    }
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (line, orders) = mpsc::unbounded_channel();
    shared.add_line(line.clone());
    tokio::spawn(wire::run(tls, far, orders, shared.healing()));
    let Ok(mut connection) = h2::server::handshake(near).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let stream = Stream {
            shared: Arc::clone(&shared),
            line: line.clone(),
            respond,
        };
        // Its error says that the peer is gone, as many faults are meant to bring about.
        tokio::spawn(async move { stream.play(request).await });
    }
}
