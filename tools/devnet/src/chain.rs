//! The simulated Bitcoin chain: blocks, a mempool, transactions and the coins that they leave.
//! Nothing is signed or validated beyond who spends what, since no client of these daemons sees
//! more of it than they tell.

use std::collections::{BTreeMap, HashMap, HashSet};

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime, script::Builder, transaction::Version,
};
use sha2::{Digest, Sha256};

use crate::clock;

/// High enough that coins of the first blocks would be mature and every soft fork active.
const FIRST_HEIGHT: u32 = 450;

/// Where a transaction was confirmed.
#[derive(Clone)]
pub(crate) struct Place {
    pub height: u32,
    /// Place in the block; the block's own reward would be the first.
    pub index: u32,
    pub block: String,
    pub mined_at: i64,
}

/// A transaction that was broadcast.
pub(crate) struct Broadcast {
    pub transaction: Transaction,
    /// The outputs that its inputs spend.
    pub spent: Vec<TxOut>,
    pub seen_at: i64,
    /// None while it is in the mempool.
    pub place: Option<Place>,
}

/// The chain that all nodes follow.
pub(crate) struct Chain {
    height: u32,
    tip: [u8; 32],
    mined_at: i64,
    transactions: HashMap<Txid, Broadcast>,
    order: Vec<Txid>,
    mempool: Vec<Txid>,
    coins: BTreeMap<OutPoint, TxOut>,
    paid: HashSet<ScriptBuf>,
}

impl Chain {
    /// A chain with some blocks, the last one mined just now.
    pub(crate) fn new() -> Self {
        let mut chain = Self {
            height: FIRST_HEIGHT,
            tip: [0; 32],
            mined_at: 0,
            transactions: HashMap::new(),
            order: Vec::new(),
            mempool: Vec::new(),
            coins: BTreeMap::new(),
            paid: HashSet::new(),
        };
        chain.mine();
        chain
    }

    /// Adds a block with all of the mempool and says what was in it.
    pub(crate) fn mine(&mut self) -> Vec<Txid> {
        self.height += 1;
        self.mined_at = clock::unix_seconds();
        let mut header = Sha256::new();
        header.update(self.tip);
        header.update(self.height.to_le_bytes());
        header.update(self.mined_at.to_le_bytes());
        self.tip = header.finalize().into();
        let confirmed = std::mem::take(&mut self.mempool);
        for (index, txid) in (1..).zip(&confirmed) {
            if let Some(broadcast) = self.transactions.get_mut(txid) {
                broadcast.place = Some(Place {
                    height: self.height,
                    index,
                    block: hex::encode(self.tip),
                    mined_at: self.mined_at,
                });
            }
        }
        confirmed
    }

    /// Takes a transaction into the mempool, if the coins that it spends are there.
    pub(crate) fn broadcast(&mut self, transaction: Transaction) -> Result<Txid, String> {
        let mut spent = Vec::new();
        for input in &transaction.input {
            match self.coins.get(&input.previous_output) {
                Some(output) => spent.push(output.clone()),
                None => {
                    let missing = input.previous_output;
                    return Err(format!("the coin {missing} does not exist or is spent"));
                }
            }
        }
        for input in &transaction.input {
            self.coins.remove(&input.previous_output);
        }
        Ok(self.accept(transaction, spent))
    }

    /// Makes coins out of nothing, as miners do.
    pub(crate) fn issue(&mut self, output: Vec<TxOut>) -> Txid {
        // The number makes each of these transactions another one, like a reward's height.
        let number = i64::try_from(self.order.len()).unwrap_or(i64::MAX);
        let script_sig = Builder::new()
            .push_int(i64::from(self.height))
            .push_int(number)
            .into_script();
        let input = vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig,
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }];
        self.accept(transaction(input, output), Vec::new())
    }

    fn accept(&mut self, transaction: Transaction, spent: Vec<TxOut>) -> Txid {
        let txid = transaction.compute_txid();
        for (vout, output) in (0..).zip(&transaction.output) {
            self.coins.insert(OutPoint { txid, vout }, output.clone());
            self.paid.insert(output.script_pubkey.clone());
        }
        let broadcast = Broadcast {
            transaction,
            spent,
            seen_at: clock::unix_seconds(),
            place: None,
        };
        self.transactions.insert(txid, broadcast);
        self.order.push(txid);
        self.mempool.push(txid);
        txid
    }

    /// The height of the tip.
    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    /// The hash of the tip as it is displayed.
    pub(crate) fn tip(&self) -> String {
        hex::encode(self.tip)
    }

    /// When the tip was mined, in unix seconds.
    pub(crate) fn mined_at(&self) -> i64 {
        self.mined_at
    }

    /// A transaction by its hash.
    pub(crate) fn get(&self, txid: &Txid) -> Option<&Broadcast> {
        self.transactions.get(txid)
    }

    /// All transactions, in the order in which they were first seen.
    pub(crate) fn transactions(&self) -> impl Iterator<Item = (&Txid, &Broadcast)> {
        self.order
            .iter()
            .filter_map(|txid| Some((txid, self.transactions.get(txid)?)))
    }

    /// How many blocks stand on a transaction, its own included.
    pub(crate) fn confirmations(&self, txid: &Txid) -> u32 {
        let place = self
            .get(txid)
            .and_then(|broadcast| broadcast.place.as_ref());
        place.map_or(0, |place| self.height + 1 - place.height)
    }

    /// All coins that nobody has spent, not even in the mempool.
    pub(crate) fn coins(&self) -> impl Iterator<Item = (&OutPoint, &TxOut)> {
        self.coins.iter()
    }

    /// Whether anything was ever paid to a script.
    pub(crate) fn has_paid(&self, script: &ScriptBuf) -> bool {
        self.paid.contains(script)
    }
}

/// A transaction of these parts; nobody looks for signatures.
pub(crate) fn transaction(input: Vec<TxIn>, output: Vec<TxOut>) -> Transaction {
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input,
        output,
    }
}

/// An input that spends this coin.
pub(crate) fn spend(previous_output: OutPoint) -> TxIn {
    TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    }
}

/// An output of so many satoshis to a script.
pub(crate) fn pay(sat: u64, script_pubkey: ScriptBuf) -> TxOut {
    TxOut {
        value: Amount::from_sat(sat),
        script_pubkey,
    }
}
