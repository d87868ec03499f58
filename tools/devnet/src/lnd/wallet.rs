//! The on-chain wallet of a node: which scripts are its own, and the labels of its transactions.
//! The coins themselves are on the chain.

use std::collections::HashMap;

use bitcoin::{
    Address, CompressedPublicKey, KnownHrp, NetworkKind, OutPoint, ScriptBuf, Txid,
    secp256k1::{PublicKey, Secp256k1, SecretKey},
};
use sha2::{Digest, Sha256};
use tonic::Status;

use crate::{chain::Chain, proto::lnrpc::AddressType};

/// The kinds of addresses; change has a line of its own, as in every such wallet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Witness,
    Nested,
    Taproot,
    Change,
}

impl Kind {
    /// How lnd's API calls it.
    pub(crate) fn address_type(self) -> AddressType {
        match self {
            Self::Witness => AddressType::WitnessPubkeyHash,
            Self::Nested => AddressType::NestedPubkeyHash,
            Self::Taproot | Self::Change => AddressType::TaprootPubkey,
        }
    }
}

/// A coin of a wallet.
#[derive(Clone)]
pub(crate) struct Coin {
    pub outpoint: OutPoint,
    pub sat: u64,
    pub script: ScriptBuf,
    pub confirmations: u32,
    pub kind: Kind,
}

/// Scripts and labels of a node.
pub(crate) struct Wallet {
    seed: [u8; 32],
    own: HashMap<ScriptBuf, Kind>,
    drawn: HashMap<Kind, u32>,
    latest: HashMap<Kind, Address>,
    pub labels: HashMap<Txid, String>,
}

impl Wallet {
    /// A wallet without coins.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            own: HashMap::new(),
            drawn: HashMap::new(),
            latest: HashMap::new(),
            labels: HashMap::new(),
        }
    }

    /// The next address of a kind.
    pub(crate) fn next_address(&mut self, kind: Kind) -> Result<Address, Status> {
        let drawn = self.drawn.entry(kind).or_default();
        let mut derivation = Sha256::new();
        derivation.update(self.seed);
        derivation.update([kind as u8]);
        derivation.update(drawn.to_le_bytes());
        *drawn += 1;
        let key = SecretKey::from_slice(&derivation.finalize())
            .map_err(|error| Status::internal(error.to_string()))?;
        let secp = Secp256k1::signing_only();
        let key = CompressedPublicKey(PublicKey::from_secret_key(&secp, &key));
        let address = match kind {
            Kind::Witness => Address::p2wpkh(&key, KnownHrp::Regtest),
            Kind::Nested => Address::p2shwpkh(&key, NetworkKind::Test),
            Kind::Taproot | Kind::Change => {
                let secp = Secp256k1::verification_only();
                let (internal, _) = key.0.x_only_public_key();
                Address::p2tr(&secp, internal, None, KnownHrp::Regtest)
            }
        };
        self.own.insert(address.script_pubkey(), kind);
        self.latest.insert(kind, address.clone());
        Ok(address)
    }

    /// The latest address of a kind, or the next one once that has been paid to.
    pub(crate) fn unused_address(&mut self, kind: Kind, chain: &Chain) -> Result<Address, Status> {
        match self.latest.get(&kind) {
            Some(address) if !chain.has_paid(&address.script_pubkey()) => Ok(address.clone()),
            _ => self.next_address(kind),
        }
    }

    /// Whether a script is this node's.
    pub(crate) fn owns(&self, script: &ScriptBuf) -> bool {
        self.own.contains_key(script)
    }

    /// The coins with at least this many confirmations, the largest first.
    pub(crate) fn coins(&self, chain: &Chain, min_confs: u32) -> Vec<Coin> {
        let mut coins: Vec<Coin> = chain
            .coins()
            .filter_map(|(outpoint, output)| {
                Some(Coin {
                    outpoint: *outpoint,
                    sat: output.value.to_sat(),
                    script: output.script_pubkey.clone(),
                    confirmations: chain.confirmations(&outpoint.txid),
                    kind: *self.own.get(&output.script_pubkey)?,
                })
            })
            .filter(|coin| coin.confirmations >= min_confs)
            .collect();
        coins.sort_by_key(|coin| std::cmp::Reverse(coin.sat));
        coins
    }

    /// What these coins are worth together.
    pub(crate) fn balance(&self, chain: &Chain, min_confs: u32) -> u64 {
        let coins = self.coins(chain, min_confs);
        coins.iter().map(|coin| coin.sat).sum()
    }
}
