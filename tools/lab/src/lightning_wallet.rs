//! Making and unlocking the wallet of an lnd that asks for a password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::error::{LabError, Result};
use crate::lightning_node::{LightningNode, NodeState};
use crate::rest::Rest;

/// The password of every wallet that the lab makes.
pub const WALLET_PASSWORD: &str = "regtest-only-password";

/// Makes a wallet from a new seed; the node is active and known by its identity afterwards.
pub fn initialise(node: &LightningNode) -> Result<()> {
    let rest = Rest::new(&node.access().rest_url, None)?;
    let seed = rest.call("GET", "/v1/genseed", None)?;
    let words = seed
        .get("cipher_seed_mnemonic")
        .filter(|words| words.is_array());
    let words = words.ok_or_else(|| LabError::unexpected("GenSeed", "no mnemonic"))?;
    let wallet = json!({"wallet_password": password(), "cipher_seed_mnemonic": words});
    rest.call("POST", "/v1/initwallet", Some(&wallet))?;
    node.wait_until_active()?;
    // From now on a start ends at the locked wallet.
    node.set_awaited(NodeState::Locked);
    Ok(())
}

pub fn unlock(node: &LightningNode) -> Result<()> {
    let rest = Rest::new(&node.access().rest_url, None)?;
    rest.call(
        "POST",
        "/v1/unlockwallet",
        Some(&json!({"wallet_password": password()})),
    )?;
    node.wait_until_active()
}

fn password() -> Value {
    Value::String(BASE64.encode(WALLET_PASSWORD))
}
