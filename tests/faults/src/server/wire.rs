//! The line between the TLS connection and the HTTP/2 server: bytes go through until an order says
//! otherwise. Below HTTP/2, so that it can say what no HTTP/2 server would.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval_at};
use tokio_rustls::server::TlsStream;

/// What is to happen to a line.
#[derive(Clone, Debug)]
pub enum Order {
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    Close,
    Reset,
    /// Closes the sending side alone.
    HalfClose,
    /// What the server sends goes out at one byte a second.
    Trickle,
    /// Nothing goes through any more, in neither direction.
    Swallow,
    /// Reset as soon as the peer sends something: the peer's machine has forgotten the connection.
    ForgetPeer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Through,
    Trickle,
    Swallow,
    ReadOnly,
    ResetOnWord,
}

/// Runs the line until it is closed; a line that was disturbed is closed when the fault ends.
pub async fn run(
    mut peer: TlsStream<TcpStream>,
    mut server: DuplexStream,
    mut orders: mpsc::UnboundedReceiver<Order>,
    mut healed: watch::Receiver<bool>,
) {
    let mut flow = Flow::Through;
    let mut held: std::collections::VecDeque<u8> = std::collections::VecDeque::new();
    let second = Duration::from_secs(1);
    let mut tick = interval_at(Instant::now() + second, second);
    let (mut from_peer, mut from_server) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            // Orders first: what was ordered before bytes came holds for those bytes.
            biased;
            order = orders.recv() => match order {
                None | Some(Order::Close) => break,
                Some(Order::Say(bytes)) => {
                    // The peer may be gone already, which is no concern of this side.
                    let _ = peer.write_all(&bytes).await;
                    break;
                }
                Some(Order::Reset) => return reset(&peer),
                Some(Order::HalfClose) => {
                    let _ = peer.shutdown().await;
                    flow = Flow::ReadOnly;
                }
                Some(Order::Trickle) => flow = Flow::Trickle,
                Some(Order::Swallow) => flow = Flow::Swallow,
                Some(Order::ForgetPeer) => flow = Flow::ResetOnWord,
            },
            read = peer.read(&mut from_peer) => {
                let Some(bytes) = read.ok().filter(|count| *count > 0)
                    .and_then(|count| from_peer.get(..count)) else { break };
                match flow {
                    Flow::Swallow => {}
                    Flow::ResetOnWord => return reset(&peer),
                    _ if server.write_all(bytes).await.is_err() => break,
                    _ => {}
                }
            }
            read = server.read(&mut from_server) => {
                let Some(bytes) = read.ok().filter(|count| *count > 0)
                    .and_then(|count| from_server.get(..count)) else { break };
                match flow {
                    Flow::Trickle => held.extend(bytes),
                    Flow::Through if peer.write_all(bytes).await.is_err() => break,
                    Flow::Through if peer.flush().await.is_err() => break,
                    _ => {}
                }
            }
            _ = tick.tick(), if flow == Flow::Trickle => {
                if let Some(byte) = held.pop_front() {
                    let _ = peer.write_all(&[byte]).await;
                    let _ = peer.flush().await;
                }
            }
            changed = healed.changed() => if changed.is_err() || flow != Flow::Through { break },
        }
    }
    let _ = peer.shutdown().await;
}

fn reset(peer: &TlsStream<TcpStream>) {
    // On failure it is closed in order instead, which the cell's counters do not hide.
    let _ = peer.get_ref().0.set_zero_linger();
}

/// A GOAWAY frame (RFC 9113 section 6.8).
pub fn goaway(last_stream: u32, reason: u32, debug: &str) -> Vec<u8> {
    let length = u32::try_from(8 + debug.len()).unwrap_or(8);
    let mut frame = length.to_be_bytes().get(1..).unwrap_or_default().to_vec();
    frame.extend([7, 0, 0, 0, 0, 0]);
    frame.extend(last_stream.to_be_bytes());
    frame.extend(reason.to_be_bytes());
    frame.extend(debug.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_goaway_frame_is_laid_out_as_the_standard_says() {
        let frame = super::goaway(3, 11, "ab");
        assert_eq!(
            frame,
            [
                0, 0, 10, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 11, b'a', b'b'
            ]
        );
    }
}
