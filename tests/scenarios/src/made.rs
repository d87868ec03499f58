//! Values that a scenario makes itself: random bytes, hashes, other spellings of bytes, and BOLT11 invoices
//! that none of the nodes has made.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use lightning_invoice::{Currency, InvoiceBuilder, PaymentSecret};
use sha2::{Digest, Sha256};

/// Makes a value from its recipe:
/// `random N` (N bytes, hex) · `sha256 HEX` · `hex BASE64` · `base64 HEX` · `repeat N TEXT` · `text …` ·
/// `bolt11 NETWORK SAT [expired]` (by a key that nobody knows).
pub fn make(recipe: &str) -> Result<String> {
    let words: Vec<&str> = recipe.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["random", count] => hex::encode(random(count.parse().context("random: how many bytes")?)?),
        ["sha256", bytes] => hex::encode(Sha256::digest(hex::decode(bytes)?)),
        ["hex", text] => hex::encode(BASE64.decode(text)?),
        ["base64", bytes] => BASE64.encode(hex::decode(bytes)?),
        ["repeat", count, text] => text.repeat(count.parse().context("repeat: how often")?),
        ["text", ..] => recipe
            .trim_start()
            .trim_start_matches("text")
            .trim()
            .to_owned(),
        ["bolt11", network, sat] => bolt11(network, sat, false)?,
        ["bolt11", network, sat, "expired"] => bolt11(network, sat, true)?,
        _ => bail!("cannot make `{recipe}`"),
    })
}

/// Random bytes of the operating system.
pub fn random(count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random bytes: {error}"))?;
    Ok(bytes)
}

fn bolt11(network: &str, sat: &str, expired: bool) -> Result<String> {
    let currency = match network {
        "mainnet" => Currency::Bitcoin,
        "regtest" => Currency::Regtest,
        other => bail!("bolt11: unknown network {other}"),
    };
    let sat: u64 = sat.parse().context("bolt11: amount")?;
    let array = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| anyhow!("not 32 bytes"));
    let key = SecretKey::from_slice(&random(32)?)?;
    let made = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let age = Duration::from_secs(if expired { 7200 } else { 0 });
    let invoice = InvoiceBuilder::new(currency)
        .description("made by a test".into())
        .amount_milli_satoshis(sat * 1000)
        .payment_hash(sha256::Hash::from_byte_array(array(random(32)?)?))
        .payment_secret(PaymentSecret(array(random(32)?)?))
        .duration_since_epoch(made.saturating_sub(age))
        .min_final_cltv_expiry_delta(80)
        .expiry_time(Duration::from_secs(3600))
        .basic_mpp()
        .build_signed(|hash| Secp256k1::new().sign_ecdsa_recoverable(hash, &key))
        .map_err(|error| anyhow!("bolt11: {error}"))?;
    Ok(invoice.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lightning_invoice::Bolt11Invoice;

    #[test]
    fn bytes_are_spelled_both_ways() {
        assert_eq!(make("hex /wA=").unwrap(), "ff00");
        assert_eq!(make("base64 ff00").unwrap(), "/wA=");
        assert_eq!(make("random 32").unwrap().len(), 64);
        assert_ne!(make("random 32").unwrap(), make("random 32").unwrap());
        assert_eq!(make("repeat 3 ab").unwrap(), "ababab");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            make(&format!("sha256 {}", hex::encode("abc")))
                .unwrap()
                .len(),
            empty.len()
        );
        assert!(make("nonsense 1").is_err());
    }

    #[test]
    fn invoices_are_valid_and_expired_when_asked() {
        let fresh: Bolt11Invoice = make("bolt11 mainnet 21").unwrap().parse().unwrap();
        assert_eq!(fresh.amount_milli_satoshis(), Some(21_000));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!(!fresh.would_expire(now));
        let text = make("bolt11 regtest 21 expired").unwrap();
        assert!(text.starts_with("lnbcrt"));
        assert!(text.parse::<Bolt11Invoice>().unwrap().would_expire(now));
    }
}
