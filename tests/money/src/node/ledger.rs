//! What the node has done, by what it was done for. The library is never asked about it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use arkgrpc_devnet::proto::lnrpc::payment::PaymentStatus;
use arkgrpc_devnet::proto::lnrpc::pending_channels_response::{PendingChannel, PendingOpenChannel};
use arkgrpc_devnet::proto::lnrpc::{
    Invoice, OpenChannelRequest, OutputDetail, Payment, SendCoinsRequest, Transaction,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tonic::Status;

/// One payment in a hundred finds no route, one in ten takes its time.
const FAILING_PERCENT: u32 = 3;
const SLOW_PERCENT: u32 = 10;
const SLOWEST_MS: u64 = 40;

/// An invoice of somebody else that the node can pay.
pub struct Payable {
    pub hash: [u8; 32],
    pub msat: i64,
}

/// A payment's end, known here from its start, told from `decided` on.
#[derive(Clone)]
pub struct PaymentCourse {
    pub last: Payment,
    pub decided: Instant,
}

impl PaymentCourse {
    pub fn first(&self) -> Payment {
        Payment {
            status: PaymentStatus::InFlight.into(),
            payment_preimage: String::new(),
            ..self.last.clone()
        }
    }
}

struct Books {
    since: Instant,
    payable: HashMap<String, Payable>,
    payments: HashMap<[u8; 32], PaymentCourse>,
    invoices: HashMap<Vec<u8>, Invoice>,
    transactions: Vec<Transaction>,
    channels: Vec<PendingOpenChannel>,
    /// When something was done, by its purpose.
    effects: HashMap<String, Vec<Duration>>,
    numbers: u64,
}

/// The node's books.
pub struct Ledger {
    pub since: Instant,
    books: Mutex<Books>,
    lot: Mutex<fastrand::Rng>,
}

impl Ledger {
    pub fn new(seed: u64) -> Self {
        let since = Instant::now();
        Self {
            since,
            books: Mutex::new(Books::new(since)),
            lot: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    pub fn expect_payment(&self, request: String, payable: Payable) {
        self.books.lock().payable.insert(request, payable);
    }

    /// When it was done, each time.
    pub fn effects(&self, purpose: &str) -> Vec<Duration> {
        let books = self.books.lock();
        books.effects.get(purpose).cloned().unwrap_or_default()
    }

    /// As lnd: one hash is paid once, and started again only after it failed.
    pub fn pay(&self, request: &str) -> Result<PaymentCourse, Status> {
        let (fails, delay) = {
            let mut lot = self.lot.lock();
            let slow = lot.u32(0..100) < SLOW_PERCENT;
            let delay = if slow { lot.u64(0..SLOWEST_MS) } else { 0 };
            (
                lot.u32(0..100) < FAILING_PERCENT,
                Duration::from_millis(delay),
            )
        };
        let mut books = self.books.lock();
        let Some(payable) = books.payable.get(request) else {
            return Err(Status::unknown("checksum failed. nobody made this invoice"));
        };
        let (hash, msat) = (payable.hash, payable.msat);
        if let Some(earlier) = books.payments.get(&hash) {
            match earlier.last.status() {
                _ if Instant::now() < earlier.decided => {
                    return Err(Status::already_exists("payment is in transition"));
                }
                PaymentStatus::Failed => {}
                _ => return Err(Status::already_exists("invoice is already paid")),
            }
        }
        let status = match fails {
            true => PaymentStatus::Failed,
            false => PaymentStatus::Succeeded,
        };
        let last = Payment {
            payment_hash: hex::encode(hash),
            payment_preimage: hex::encode([if fails { 0 } else { 7 }; 32]),
            value_sat: msat / 1000,
            value_msat: msat,
            payment_request: request.to_owned(),
            status: status.into(),
            failure_reason: if fails { 2 } else { 0 },
            payment_index: books.number(),
            ..Payment::default()
        };
        let decided = Instant::now() + delay;
        let course = PaymentCourse { last, decided };
        books.payments.insert(hash, course.clone());
        if !fails {
            books.done(&hex::encode(hash));
        }
        Ok(course)
    }

    pub fn payment(&self, hash: &[u8]) -> Result<PaymentCourse, Status> {
        let hash = <[u8; 32]>::try_from(hash).map_err(|_| Status::unknown("hash length"))?;
        let found = self.books.lock().payments.get(&hash).cloned();
        found.ok_or_else(|| Status::not_found("payment isn't initiated"))
    }

    /// As lnd: one hash, one invoice.
    pub fn add_invoice(&self, asked: &Invoice) -> Result<Invoice, Status> {
        let hash = Sha256::digest(&asked.r_preimage).to_vec();
        let mut books = self.books.lock();
        if books.invoices.contains_key(&hash) {
            return Err(Status::unknown("invoice with payment hash already exists"));
        }
        let invoice = Invoice {
            r_hash: hash.clone(),
            value: asked.value_msat / 1000,
            payment_request: format!("lnbcrt1{}", hex::encode(&hash)),
            add_index: books.number(),
            ..asked.clone()
        };
        books.invoices.insert(hash, invoice.clone());
        books.done(&asked.memo);
        Ok(invoice)
    }

    pub fn invoice(&self, hash: &[u8]) -> Result<Invoice, Status> {
        let found = self.books.lock().invoices.get(hash).cloned();
        found.ok_or_else(|| Status::not_found("unable to locate invoice"))
    }

    /// As lnd: whoever asks twice pays twice.
    pub fn send_coins(&self, order: &SendCoinsRequest) -> String {
        let mut books = self.books.lock();
        let txid = books.fresh_txid();
        let output = OutputDetail {
            address: order.addr.clone(),
            amount: order.amount,
            ..OutputDetail::default()
        };
        let transaction = Transaction {
            tx_hash: txid.clone(),
            amount: -order.amount,
            label: order.label.clone(),
            output_details: vec![output],
            ..Transaction::default()
        };
        books.transactions.push(transaction);
        books.done(&order.addr);
        txid
    }

    pub fn transactions(&self) -> Vec<Transaction> {
        self.books.lock().transactions.clone()
    }

    /// As lnd: whoever asks twice opens twice. The memo's first word is the purpose.
    pub fn open_channel(&self, order: &OpenChannelRequest) -> [u8; 32] {
        let mut books = self.books.lock();
        let txid = books.fresh_txid();
        let channel = PendingChannel {
            remote_node_pub: hex::encode(&order.node_pubkey),
            channel_point: format!("{txid}:0"),
            capacity: order.local_funding_amount,
            private: order.private,
            memo: order.memo.clone(),
            ..PendingChannel::default()
        };
        books.channels.push(PendingOpenChannel {
            channel: Some(channel),
            ..PendingOpenChannel::default()
        });
        let purpose = order.memo.split(' ').next().unwrap_or_default();
        books.done(purpose);
        let mut bytes = [0; 32];
        // The number is of 32 bytes by its making; in the byte order of the wire it runs backwards.
        if hex::decode_to_slice(&txid, &mut bytes).is_ok() {
            bytes.reverse();
        }
        bytes
    }

    pub fn channels(&self) -> Vec<PendingOpenChannel> {
        self.books.lock().channels.clone()
    }
}

impl Books {
    fn new(since: Instant) -> Self {
        Self {
            since,
            payable: HashMap::new(),
            payments: HashMap::new(),
            invoices: HashMap::new(),
            transactions: Vec::new(),
            channels: Vec::new(),
            effects: HashMap::new(),
            numbers: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn fresh_txid(&mut self) -> String {
        hex::encode(Sha256::digest(self.number().to_le_bytes()))
    }

    fn done(&mut self, purpose: &str) {
        let when = self.since.elapsed();
        self.effects
            .entry(purpose.to_owned())
            .or_default()
            .push(when);
    }
}
