//! What all connections of one fault server share: the fault, the daemon's books, and the counters that
//! decide what is true.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::HeaderValue;
use parking_lot::Mutex;
use tokio::sync::{mpsc::UnboundedSender, watch};

use super::act::{Act, Door, Mode};
use super::wire::Order;
use crate::daemon::{Answer, Daemon};

/// How long a restart takes.
const DOWN_TIME: Duration = Duration::from_millis(300);

/// Which requests are struck, and how.
#[derive(Clone, Debug)]
pub struct Strike {
    pub act: Act,
    pub mode: Mode,
    /// `package.Service/Method`
    pub target: String,
}

#[derive(Default)]
struct State {
    strike: Option<Strike>,
    struck: bool,
    requests: HashMap<String, Vec<Instant>>,
    executed: HashMap<String, usize>,
    dials: usize,
    lines: Vec<UnboundedSender<Order>>,
    macaroon: Option<String>,
}

pub struct Shared {
    state: Mutex<State>,
    daemon: Mutex<Box<dyn Daemon>>,
    pub door: watch::Sender<Door>,
    healed: watch::Sender<bool>,
}

impl Shared {
    pub fn new(daemon: Box<dyn Daemon>, door: Door) -> Self {
        Self {
            state: Mutex::default(),
            daemon: Mutex::new(daemon),
            door: watch::Sender::new(door),
            healed: watch::Sender::new(false),
        }
    }

    pub fn set_strike(&self, strike: Strike) {
        self.state.lock().strike = Some(strike);
    }

    /// Only this macaroon, in hex, is taken.
    pub fn require_macaroon(&self, macaroon: &str) {
        self.state.lock().macaroon = Some(macaroon.to_owned());
    }

    pub(super) fn is_welcome(&self, macaroon: Option<&HeaderValue>) -> bool {
        let state = self.state.lock();
        let given = macaroon.and_then(|value| value.to_str().ok());
        state
            .macaroon
            .as_deref()
            .is_none_or(|wanted| given == Some(wanted))
    }

    /// Counts the request and says whether and how it is struck.
    pub(super) fn note_request(&self, path: &str) -> Option<Act> {
        let mut state = self.state.lock();
        let seen = state.requests.entry(path.to_owned()).or_default();
        seen.push(Instant::now());
        if *self.healed.borrow() {
            return None;
        }
        let strike = state.strike.clone()?;
        let is_target = strike.target == path;
        let strikes = match strike.mode {
            Mode::Once => is_target && !state.struck,
            Mode::Lasting => is_target || state.struck,
            Mode::Outset => true,
        };
        state.struck |= is_target;
        strikes.then_some(strike.act)
    }

    /// The handler: from here on the request counts as executed.
    pub(super) fn execute(&self, path: &str, message: &[u8]) -> Answer {
        let mut daemon = self.daemon.lock();
        *self
            .state
            .lock()
            .executed
            .entry(path.to_owned())
            .or_default() += 1;
        daemon.answer(path, message)
    }

    pub(super) fn note_dial(&self) {
        self.state.lock().dials += 1;
    }

    pub(super) fn add_line(&self, line: UnboundedSender<Order>) {
        self.state.lock().lines.push(line);
    }

    /// The same order for every connection.
    pub fn order_all(&self, order: &Order) {
        for line in &self.state.lock().lines {
            // A line that is closed already takes no orders.
            let _ = line.send(order.clone());
        }
    }

    /// Down and up again on the same port, with every connection reset.
    pub(super) fn restart(&self) {
        self.door.send_replace(Door::Refused);
        self.order_all(&Order::Reset);
        let door = self.door.clone();
        tokio::spawn(async move {
            elapse(DOWN_TIME).await;
            door.send_replace(Door::Open);
        });
    }

    /// Lets what was written reach the peer before something else happens to the connection.
    pub(super) async fn settle(&self) {
        elapse(Duration::from_millis(30)).await;
    }

    /// The fault ends: the peer behaves from now on.
    pub fn heal(&self) {
        self.healed.send_replace(true);
        self.door.send_replace(Door::Open);
    }

    pub(super) fn healing(&self) -> watch::Receiver<bool> {
        self.healed.subscribe()
    }

    /// Waits until the fault ends.
    pub(super) async fn healed(&self) {
        // The sender lives as long as this.
        let _ = self.healed.subscribe().wait_for(|healed| *healed).await;
    }

    /// How often the handler of this method ran.
    pub fn executed(&self, path: &str) -> usize {
        self.state.lock().executed.get(path).copied().unwrap_or(0)
    }

    /// When requests to this method came.
    pub fn requests(&self, path: &str) -> Vec<Instant> {
        self.state
            .lock()
            .requests
            .get(path)
            .cloned()
            .unwrap_or_default()
    }

    pub fn dials(&self) -> usize {
        self.state.lock().dials
    }
}

/// The simulated peer's own slowness; no test waits by it.
async fn elapse(span: Duration) {
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(span, never).await;
}
