//! An lnd with one open channel, one invoice of each kind and one payment; it remembers what it is told
//! and dedupes by the keys by which lnd does.

use std::collections::HashMap;

use arkgrpc_devnet::proto::invoicesrpc::{
    AddHoldInvoiceRequest, CancelInvoiceMsg, SettleInvoiceMsg,
};
use arkgrpc_devnet::proto::lnrpc::invoice::InvoiceState;
use arkgrpc_devnet::proto::lnrpc::payment::PaymentStatus;
use arkgrpc_devnet::proto::lnrpc::pending_channels_response::{
    PendingChannel, PendingOpenChannel, WaitingCloseChannel,
};
use arkgrpc_devnet::proto::lnrpc::{
    Chain, Channel, CloseStatusUpdate, ConnectPeerRequest, GetInfoResponse, GetStateResponse,
    Invoice, ListChannelsResponse, ListPeersResponse, NewAddressResponse, OpenChannelRequest,
    OpenStatusUpdate, OutputDetail, Payment, PaymentHash, Peer, PendingChannelsResponse,
    PendingUpdate, SendCoinsRequest, SendCoinsResponse, Transaction, TransactionDetails,
    WalletState, close_status_update, open_status_update,
};
use arkgrpc_devnet::proto::routerrpc::{SendPaymentRequest, TrackPaymentRequest};
use lightning_invoice::Bolt11Invoice;
use prost::Message;
use sha2::{Digest, Sha256};

use super::{Answer, Daemon};

const NODE_KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// Preimage of the hold invoice at which a payment waits.
const HELD_PREIMAGE: [u8; 32] = [1; 32];
/// Hash of the open invoice.
const OPEN_HASH: [u8; 32] = [2; 32];
/// Hash of the payment that has succeeded.
const PAID_HASH: [u8; 32] = [3; 32];
/// Transactions that this node makes, by their first byte: funding of the open channel, of the new one,
/// the payment on chain, the close.
const FUNDING: [u8; 32] = [4; 32];
const OPENED: [u8; 32] = [5; 32];
const SENT: [u8; 32] = [6; 32];
const CLOSED: [u8; 32] = [7; 32];

pub struct Lnd {
    invoices: HashMap<Vec<u8>, Invoice>,
    payments: HashMap<Vec<u8>, Payment>,
    peers: Vec<Peer>,
    open: Vec<Channel>,
    pending: PendingChannelsResponse,
    transactions: Vec<Transaction>,
}

impl Lnd {
    pub fn new() -> Self {
        let mut lnd = Self {
            invoices: HashMap::new(),
            payments: HashMap::new(),
            peers: Vec::new(),
            open: vec![Channel {
                channel_point: format!("{}:0", hex::encode(FUNDING)),
                remote_pubkey: NODE_KEY.to_owned(),
                capacity: 1_000_000,
                active: true,
                ..Channel::default()
            }],
            pending: PendingChannelsResponse::default(),
            transactions: Vec::new(),
        };
        let held = Sha256::digest(HELD_PREIMAGE).to_vec();
        lnd.keep(held, InvoiceState::Accepted, Invoice::default());
        lnd.keep(OPEN_HASH.to_vec(), InvoiceState::Open, Invoice::default());
        lnd.pay(PAID_HASH.to_vec(), 21_000);
        lnd
    }

    fn keep(&mut self, hash: Vec<u8>, state: InvoiceState, invoice: Invoice) {
        let invoice = Invoice {
            r_hash: hash.clone(),
            state: state as i32,
            ..invoice
        };
        self.invoices.insert(hash, invoice);
    }

    fn pay(&mut self, hash: Vec<u8>, value_msat: i64) {
        let payment = Payment {
            payment_hash: hex::encode(&hash),
            payment_preimage: "08".repeat(32),
            value_msat,
            value_sat: value_msat / 1000,
            status: PaymentStatus::Succeeded as i32,
            payment_index: 1,
            ..Payment::default()
        };
        self.payments.insert(hash, payment);
    }

    fn add_invoice(&mut self, hash: Vec<u8>, invoice: Invoice) -> Answer {
        if self.invoices.contains_key(&hash) {
            return refusal(2, "invoice with payment hash already exists");
        }
        self.keep(hash, InvoiceState::Open, invoice);
        empty()
    }

    fn end_invoice(&mut self, hash: &[u8], state: InvoiceState) -> Answer {
        match self.invoices.get_mut(hash) {
            Some(invoice) => invoice.state = state as i32,
            None => return refusal(2, "unable to locate invoice"),
        }
        empty()
    }

    fn send_payment(&mut self, request: &SendPaymentRequest) -> Answer {
        let Ok(invoice) = request.payment_request.parse::<Bolt11Invoice>() else {
            return refusal(2, "checksum failed. ");
        };
        let hash: &[u8] = invoice.payment_hash().as_ref();
        let hash = hash.to_vec();
        if self.payments.contains_key(&hash) {
            return refusal(6, "invoice is already paid");
        }
        let asked = invoice.amount_milli_satoshis().unwrap_or(0);
        self.pay(hash.clone(), i64::try_from(asked).unwrap_or(i64::MAX));
        self.track(&hash)
    }

    fn track(&self, hash: &[u8]) -> Answer {
        match self.payments.get(hash) {
            Some(payment) => message(payment),
            None => refusal(5, "payment isn't initiated"),
        }
    }

    fn open_channel(&mut self, request: &OpenChannelRequest) -> Answer {
        let channel = PendingChannel {
            remote_node_pub: hex::encode(&request.node_pubkey),
            channel_point: format!("{}:0", hex::encode(OPENED)),
            capacity: request.local_funding_amount,
            private: request.private,
            memo: request.memo.clone(),
            ..PendingChannel::default()
        };
        self.pending.pending_open_channels.push(PendingOpenChannel {
            channel: Some(channel),
            ..PendingOpenChannel::default()
        });
        message(&OpenStatusUpdate {
            update: Some(open_status_update::Update::ChanPending(published(OPENED))),
            pending_chan_id: vec![9; 32],
        })
    }

    fn close_channel(&mut self) -> Answer {
        let Some(channel) = self.open.pop() else {
            return refusal(2, "channel not found");
        };
        let channel = PendingChannel {
            remote_node_pub: channel.remote_pubkey,
            channel_point: channel.channel_point,
            ..PendingChannel::default()
        };
        self.pending
            .waiting_close_channels
            .push(WaitingCloseChannel {
                channel: Some(channel),
                closing_txid: hex::encode(CLOSED),
                ..WaitingCloseChannel::default()
            });
        let update = close_status_update::Update::ClosePending(published(CLOSED));
        message(&CloseStatusUpdate {
            update: Some(update),
        })
    }

    fn send_coins(&mut self, request: SendCoinsRequest) -> Answer {
        self.transactions.push(Transaction {
            tx_hash: hex::encode(SENT),
            label: request.label,
            output_details: vec![OutputDetail {
                address: request.addr,
                amount: request.amount,
                ..OutputDetail::default()
            }],
            ..Transaction::default()
        });
        message(&SendCoinsResponse {
            txid: hex::encode(SENT),
        })
    }

    fn connect(&mut self, request: ConnectPeerRequest) -> Answer {
        let key = request.addr.unwrap_or_default().pubkey;
        if self.peers.iter().any(|peer| peer.pub_key == key) {
            return refusal(
                2,
                &format!("already connected to peer: {key}@127.0.0.1:9735"),
            );
        }
        self.peers.push(Peer {
            pub_key: key,
            ..Peer::default()
        });
        empty()
    }
}

impl Daemon for Lnd {
    fn answer(&mut self, path: &str, text: &[u8]) -> Answer {
        let (_, method) = path.rsplit_once('/').unwrap_or_default();
        match method {
            "GetInfo" => message(&info()),
            "GetState" => message(&GetStateResponse {
                state: WalletState::ServerActive as i32,
            }),
            "LookupInvoice" => match self.invoices.get(&read::<PaymentHash>(text).r_hash) {
                Some(invoice) => message(invoice),
                None => refusal(5, "unable to locate invoice"),
            },
            "AddInvoice" => {
                let invoice = read::<Invoice>(text);
                self.add_invoice(Sha256::digest(&invoice.r_preimage).to_vec(), invoice)
            }
            "AddHoldInvoice" => {
                let asked = read::<AddHoldInvoiceRequest>(text);
                let invoice = Invoice {
                    memo: asked.memo,
                    value_msat: asked.value_msat,
                    expiry: asked.expiry,
                    ..Invoice::default()
                };
                self.add_invoice(asked.hash, invoice)
            }
            "SettleInvoice" => {
                let preimage = read::<SettleInvoiceMsg>(text).preimage;
                self.end_invoice(&Sha256::digest(preimage), InvoiceState::Settled)
            }
            "CancelInvoice" => {
                let hash = read::<CancelInvoiceMsg>(text).payment_hash;
                self.end_invoice(&hash, InvoiceState::Canceled)
            }
            "SendPaymentV2" => self.send_payment(&read(text)),
            "TrackPaymentV2" => self.track(&read::<TrackPaymentRequest>(text).payment_hash),
            "ConnectPeer" => self.connect(read(text)),
            "ListPeers" => message(&ListPeersResponse {
                peers: self.peers.clone(),
            }),
            "NewAddress" => message(&NewAddressResponse {
                address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".to_owned(),
            }),
            "OpenChannel" => self.open_channel(&read(text)),
            "CloseChannel" => self.close_channel(),
            "ListChannels" => message(&ListChannelsResponse {
                channels: self.open.clone(),
            }),
            "PendingChannels" => message(&self.pending),
            "SendCoins" => self.send_coins(read(text)),
            "GetTransactions" => message(&TransactionDetails {
                transactions: self.transactions.clone(),
                ..TransactionDetails::default()
            }),
            // Everything else has nothing to tell: an empty message is a true one.
            _ => empty(),
        }
    }
}

fn info() -> GetInfoResponse {
    GetInfoResponse {
        identity_pubkey: NODE_KEY.to_owned(),
        synced_to_chain: true,
        synced_to_graph: true,
        block_height: 100,
        chains: vec![Chain {
            network: "regtest".to_owned(),
            ..Chain::default()
        }],
        ..GetInfoResponse::default()
    }
}

fn published(txid: [u8; 32]) -> PendingUpdate {
    PendingUpdate {
        txid: txid.to_vec(),
        ..PendingUpdate::default()
    }
}

/// What does not decode reads as an empty message: the library's own encoder is not on trial here.
fn read<M: Message + Default>(text: &[u8]) -> M {
    M::decode(text).unwrap_or_default()
}

fn message(message: &impl Message) -> Answer {
    Answer::Message(message.encode_to_vec())
}

fn empty() -> Answer {
    Answer::Message(Vec::new())
}

fn refusal(code: u32, text: &str) -> Answer {
    Answer::Refusal {
        code,
        text: text.to_owned(),
    }
}
