//! Who a node is: its key, which signs its payment requests too, and its alias, drawn anew for each
//! devnet so that a test can tell an answer from a guess.

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};

use crate::{error::DevnetError, random::random_bytes};

/// A node's place in the network's list.
pub(crate) type NodeId = usize;

/// Key and alias of a node.
pub(crate) struct Identity {
    pub alias: String,
    pub key: SecretKey,
    pub pubkey: PublicKey,
}

impl Identity {
    /// A new one.
    pub(crate) fn new(name: &str) -> Result<Self, DevnetError> {
        let key = SecretKey::from_slice(&random_bytes::<32>()?)
            .map_err(|error| DevnetError::Key(error.to_string()))?;
        let pubkey = PublicKey::from_secret_key(&Secp256k1::signing_only(), &key);
        let alias = format!("{name}-{}", hex::encode(random_bytes::<4>()?));
        Ok(Self { alias, key, pubkey })
    }
}
