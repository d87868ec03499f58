//! On-chain addresses in requests, with lnd's checks and texts.

use std::str::FromStr;

use bitcoin::{
    Address, Network, ScriptBuf, address::NetworkUnchecked, base58, secp256k1::PublicKey,
};
use tonic::Status;

const NETWORK: &str = "regtest";
/// The human-readable parts that lnd's library knows.
const PREFIXES: [&str; 4] = ["bc", "tb", "bcrt", "sb"];
const PUBKEY_DIGITS: [usize; 2] = [66, 130];

/// An address that may stand for another network.
pub(crate) enum Decoded {
    Own(ScriptBuf),
    Foreign,
}

/// Reads an address.
pub(crate) fn decode(text: &str) -> Result<Decoded, Status> {
    let segwit = text
        .rsplit_once('1')
        .is_some_and(|(prefix, _)| PREFIXES.contains(&prefix.to_lowercase().as_str()));
    if !segwit {
        check_base58(text)?;
    }
    match Address::<NetworkUnchecked>::from_str(text) {
        Ok(address) => Ok(match address.require_network(Network::Regtest) {
            Ok(address) => Decoded::Own(address.script_pubkey()),
            // Base58 of another network cannot be told from an unknown kind of address.
            Err(_) if !segwit => return Err(Status::unknown("unknown address type")),
            Err(_) => Decoded::Foreign,
        }),
        // lnd's library knows a network that this one does not.
        Err(_) if text.to_lowercase().starts_with("sb1") => Ok(Decoded::Foreign),
        Err(error) if segwit => Err(Status::unknown(format!("invalid checksum ({error})"))),
        Err(_) => Err(Status::unknown("unknown address type")),
    }
}

fn check_base58(text: &str) -> Result<(), Status> {
    if PUBKEY_DIGITS.contains(&text.len())
        && hex::decode(text).is_ok_and(|key| PublicKey::from_slice(&key).is_ok())
    {
        return Err(Status::unknown("cannot send coins to pubkeys"));
    }
    match base58::decode_check(text) {
        Ok(_) => Ok(()),
        Err(base58::Error::IncorrectChecksum(_)) => Err(Status::unknown("checksum mismatch")),
        Err(_) => Err(Status::unknown("decoded address is of unknown format")),
    }
}

/// The script that a request's address stands for.
pub(crate) fn script(text: &str) -> Result<ScriptBuf, Status> {
    match decode(text)? {
        Decoded::Own(script) => Ok(script),
        Decoded::Foreign => Err(Status::unknown(format!(
            "address: {text} is not valid for this network: {NETWORK}"
        ))),
    }
}

/// The same for a call that names address and amount in pairs: another text for another network.
pub(crate) fn script_of_pair(text: &str) -> Result<ScriptBuf, Status> {
    match decode(text)? {
        Decoded::Own(script) => Ok(script),
        Decoded::Foreign => Err(Status::unknown(format!("address is not for {NETWORK}"))),
    }
}
