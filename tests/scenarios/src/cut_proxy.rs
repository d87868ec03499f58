//! A TCP proxy that loses answers, or everything, at a moment of the test's choice.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use parking_lot::{Condvar, Mutex};

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Everything goes through.
    Open,
    /// Connections are closed as soon as they come.
    Cut,
    /// Connections stay, but nothing goes through, in neither direction.
    Silent,
    /// Requests reach the node, its answers go nowhere.
    AnswersLost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToNode,
    ToPlayer,
}

/// A cut that happens by itself, in the middle of a message if need be.
#[derive(Debug)]
struct Trip {
    direction: Direction,
    /// Bytes that still go through.
    left: u64,
    then: Then,
}

/// What happens after so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Connections are closed; new ones go through at once.
    CutOnce,
    /// The line stays cut.
    CutForGood,
    /// Requests go on, answers are lost.
    LoseAnswers,
}

#[derive(Debug)]
struct Shared {
    way: Mutex<Way>,
    trip: Mutex<Option<Trip>>,
    changed: Condvar,
    node: SocketAddr,
    sockets: Mutex<Vec<TcpStream>>,
    /// Bytes that went on to the node.
    forwarded: AtomicU64,
    /// Bytes that went on to players.
    delivered: AtomicU64,
    /// Bytes that players sent, whether or not they went on.
    offered: AtomicU64,
    closing: AtomicBool,
}

/// Ends with everything it holds open when dropped.
#[derive(Debug)]
pub struct CutProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

impl CutProxy {
    pub fn start(node: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("binding the proxy")?;
        let address = listener.local_addr().context("the proxy's address")?;
        let shared = Arc::new(Shared {
            way: Mutex::new(Way::Open),
            trip: Mutex::new(None),
            changed: Condvar::new(),
            node,
            sockets: Mutex::default(),
            forwarded: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            offered: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        });
        let acceptor = thread::spawn({
            let shared = shared.clone();
            move || accept_all(&listener, &shared)
        });
        Ok(Self {
            shared,
            address,
            acceptor: Some(acceptor),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and every new one at once.
    pub fn cut(&self) {
        self.turn(Way::Cut);
        self.shared.close_sockets();
    }

    /// Cuts once, as soon as that many more bytes have gone in that direction.
    pub fn cut_after(&self, direction: Direction, bytes: u64, stays: bool) {
        let then = match stays {
            true => Then::CutForGood,
            false => Then::CutOnce,
        };
        self.arm(direction, bytes, then);
    }

    /// Loses the node's answers, as soon as that many more bytes have gone to it.
    pub fn lose_answers_after(&self, bytes: u64) {
        self.arm(Direction::ToNode, bytes, Then::LoseAnswers);
    }

    fn arm(&self, direction: Direction, bytes: u64, then: Then) {
        let left = bytes;
        *self.shared.trip.lock() = Some(Trip {
            direction,
            left,
            then,
        });
    }

    pub fn silence(&self) {
        self.turn(Way::Silent);
    }

    pub fn lose_answers(&self) {
        self.turn(Way::AnswersLost);
    }

    /// Lets new connections through. Those that lost bytes are closed: they cannot be healed.
    pub fn heal(&self) {
        self.shared.trip.lock().take();
        let before = self.turn(Way::Open);
        if before != Way::Open {
            self.shared.close_sockets();
        }
    }

    pub fn forwarded_bytes(&self) -> u64 {
        self.shared.forwarded.load(Ordering::SeqCst)
    }

    pub fn delivered_bytes(&self) -> u64 {
        self.shared.delivered.load(Ordering::SeqCst)
    }

    pub fn offered_bytes(&self) -> u64 {
        self.shared.offered.load(Ordering::SeqCst)
    }

    fn turn(&self, way: Way) -> Way {
        let before = std::mem::replace(&mut *self.shared.way.lock(), way);
        self.shared.changed.notify_all();
        before
    }
}

impl Drop for CutProxy {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the acceptor, which then sees that it is to end.
        let woken = TcpStream::connect(self.address).map_err(|error| anyhow!("{error}"));
        if let (Ok(_), Some(acceptor)) = (woken, self.acceptor.take()) {
            // A panic of the acceptor has been printed by then.
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn close_sockets(&self) {
        for socket in self.sockets.lock().drain(..) {
            // Fails only on sockets that are closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether bytes of that direction may go on. Withheld ones wait until the way changes, and are lost
    /// all the same: healing closes their connection.
    fn may_pass(&self, direction: Direction) -> bool {
        let mut way = self.way.lock();
        match (*way, direction) {
            (Way::Open, _) | (Way::AnswersLost, Direction::ToNode) => return true,
            (Way::Cut, _) => {}
            (Way::Silent, _) | (Way::AnswersLost, Direction::ToPlayer) => {
                self.changed.wait(&mut way);
            }
        }
        false
    }

    /// How many of these bytes go on before the line is cut; `None`: all of them, and it is not.
    fn trips_after(&self, direction: Direction, count: usize) -> Option<usize> {
        let mut armed = self.trip.lock();
        let trip = armed.as_mut().filter(|trip| trip.direction == direction)?;
        let count = count as u64;
        if count < trip.left {
            trip.left -= count;
            return None;
        }
        let (left, then) = (trip.left, trip.then);
        armed.take();
        match then {
            Then::CutOnce => {}
            Then::CutForGood => *self.way.lock() = Way::Cut,
            Then::LoseAnswers => {
                *self.way.lock() = Way::AnswersLost;
                return None;
            }
        }
        usize::try_from(left).ok()
    }

    fn count(&self, direction: Direction, bytes: usize) {
        let counter = match direction {
            Direction::ToNode => &self.forwarded,
            Direction::ToPlayer => &self.delivered,
        };
        counter.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

fn accept_all(listener: &TcpListener, shared: &Arc<Shared>) {
    for player in listener.incoming() {
        if shared.closing.load(Ordering::SeqCst) {
            return;
        }
        let Ok(player) = player else { continue };
        if *shared.way.lock() == Way::Cut {
            continue;
        }
        // A node that is down looks to the player like a connection that closes at once.
        let Ok(node) = TcpStream::connect(shared.node) else {
            continue;
        };
        if let Err(error) = connect(shared, player, node) {
            eprintln!("cut proxy: {error}");
        }
    }
}

fn connect(shared: &Arc<Shared>, player: TcpStream, node: TcpStream) -> std::io::Result<()> {
    for socket in [&player, &node] {
        socket.set_nodelay(true)?;
    }
    let mut sockets = shared.sockets.lock();
    sockets.extend([player.try_clone()?, node.try_clone()?]);
    for (from, to, direction) in [
        (player.try_clone()?, node.try_clone()?, Direction::ToNode),
        (node, player, Direction::ToPlayer),
    ] {
        let shared = shared.clone();
        thread::spawn(move || pump(&shared, from, to, direction));
    }
    Ok(())
}

fn pump(shared: &Shared, mut from: TcpStream, mut to: TcpStream, direction: Direction) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match from.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(count) if count > 0 => count,
            _ => break,
        };
        let Some(bytes) = buffer.get(..count) else {
            break;
        };
        if direction == Direction::ToNode {
            shared.offered.fetch_add(count as u64, Ordering::SeqCst);
        }
        if !shared.may_pass(direction) {
            break;
        }
        let cut = shared.trips_after(direction, count);
        let bytes = bytes.get(..cut.unwrap_or(count)).unwrap_or(bytes);
        // Counted before they go: what nobody counted has certainly not left.
        shared.count(direction, bytes.len());
        if to.write_all(bytes).is_err() {
            break;
        }
        if cut.is_some() {
            shared.close_sockets();
            break;
        }
    }
    for socket in [&from, &to] {
        // Fails only on sockets that are closed already.
        let _ = socket.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                thread::spawn(move || std::io::copy(&mut socket.try_clone().unwrap(), &mut socket));
            }
        });
        address
    }

    fn connect(proxy: &CutProxy) -> TcpStream {
        let socket = TcpStream::connect(proxy.address()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        socket
    }

    fn echo(socket: &mut TcpStream) -> std::io::Result<usize> {
        socket.write_all(b"ping")?;
        socket.read(&mut [0; 16])
    }

    #[test]
    fn bytes_go_through_until_cut_and_again_after_healing() {
        let proxy = CutProxy::start(echo_server()).unwrap();
        let mut socket = connect(&proxy);
        assert_eq!(echo(&mut socket).unwrap(), 4);
        assert_eq!(proxy.forwarded_bytes(), 4);
        proxy.cut();
        assert!(!matches!(echo(&mut socket), Ok(4)));
        assert!(!matches!(echo(&mut connect(&proxy)), Ok(4)));
        assert_eq!(proxy.forwarded_bytes(), 4);
        proxy.heal();
        assert_eq!(echo(&mut connect(&proxy)).unwrap(), 4);
    }

    #[test]
    fn silence_keeps_everything_and_delivers_nothing_later() {
        let proxy = CutProxy::start(echo_server()).unwrap();
        proxy.silence();
        let mut socket = connect(&proxy);
        assert_eq!(echo(&mut socket).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!((proxy.offered_bytes(), proxy.forwarded_bytes()), (4, 0));
        proxy.heal();
        assert_eq!(socket.read(&mut [0; 16]).unwrap(), 0, "closed by healing");
        assert_eq!(proxy.forwarded_bytes(), 0);
    }

    #[test]
    fn a_trip_cuts_in_the_middle_of_a_message() {
        let proxy = CutProxy::start(echo_server()).unwrap();
        proxy.cut_after(Direction::ToPlayer, 6, false);
        let mut socket = connect(&proxy);
        assert_eq!(echo(&mut socket).unwrap(), 4);
        assert_eq!(echo(&mut socket).unwrap(), 2);
        assert!(!matches!(echo(&mut socket), Ok(1..)));
        assert_eq!(echo(&mut connect(&proxy)).unwrap(), 4, "cut only once");

        proxy.cut_after(Direction::ToNode, 0, true);
        assert!(!matches!(echo(&mut connect(&proxy)), Ok(1..)));
        assert!(!matches!(echo(&mut connect(&proxy)), Ok(1..)), "stays cut");
        proxy.heal();
        assert_eq!(echo(&mut connect(&proxy)).unwrap(), 4);
    }

    #[test]
    fn answers_are_lost_while_requests_arrive() {
        let proxy = CutProxy::start(echo_server()).unwrap();
        proxy.lose_answers();
        let mut socket = connect(&proxy);
        assert!(echo(&mut socket).is_err());
        assert_eq!(proxy.forwarded_bytes(), 4);
    }
}
