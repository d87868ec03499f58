//! BOLT11 payment requests of the simulated nodes: written with the node's own key, read with lnd's
//! checks in lnd's order and with its texts.

use std::{collections::HashMap, str::FromStr, sync::LazyLock, time::Duration};

use bech32::{
    Bech32, Checksum, Fe32, Hrp,
    primitives::checksum::{Engine, PackedFe32},
};
use bitcoin::{
    hashes::{Hash, sha256},
    secp256k1::{PublicKey, Secp256k1, SecretKey, SignOnly},
};
use lightning_invoice::{
    Bolt11InvoiceDescription, Currency, Description, InvoiceBuilder, PaymentSecret, Sha256,
    SignedRawBolt11Invoice,
};
use tonic::Status;

use super::amount;
use crate::proto::lnrpc::{Feature, PayReq};

/// The network of the devnet, in the payment request's prefix and in lnd's texts.
const PREFIX: &str = "bcrt";
const NETWORK: &str = "regtest";
/// More than this lnd does not look at.
const MAX_LENGTH: usize = 7089;
const CHECKSUM_LENGTH: usize = 6;
/// What BOLT11 says for a request that names no expiry and no final delta.
const DEFAULT_EXPIRY: u64 = 3600;
const DEFAULT_FINAL_DELTA: u64 = 18;
/// A tagged field counts its groups of five bits in ten bits.
const MAX_FIELD_GROUPS: usize = 1023;
/// lnd's names of pairs of feature bits that occur in payment requests.
const KNOWN_FEATURES: [(u32, &str); 6] = [
    (4, "tlv-onion"),
    (7, "payment-addr"),
    (8, "multi-path-payments"),
    (12, "route-blinding"),
    (15, "amp"),
    (24, "payment-metadata"),
];

/// Making one is dear, and invoices come by the thousand.
static SIGNING: LazyLock<Secp256k1<SignOnly>> = LazyLock::new(Secp256k1::signing_only);

/// What a payment request is to say.
pub(crate) struct Terms<'a> {
    pub memo: &'a str,
    pub description_hash: Option<[u8; 32]>,
    pub payment_hash: [u8; 32],
    pub payment_secret: [u8; 32],
    pub amount_msat: u64,
    pub created: i64,
    pub expiry: u64,
    pub final_delta: u64,
}

/// What a payment request says.
pub(crate) struct Request {
    pub destination: PublicKey,
    pub payment_hash: [u8; 32],
    pub payment_secret: Option<[u8; 32]>,
    pub amount_msat: Option<u64>,
    pub valid_until: i64,
    pub final_delta: u64,
}

/// Signs a payment request.
pub(crate) fn write(key: &SecretKey, terms: &Terms<'_>) -> Result<String, Status> {
    let description = match terms.description_hash {
        Some(hash) => Bolt11InvoiceDescription::Hash(Sha256(sha256::Hash::from_byte_array(hash))),
        None => Bolt11InvoiceDescription::Direct(description(terms.memo)?),
    };
    let created = Duration::from_secs(u64::try_from(terms.created).unwrap_or_default());
    let mut builder = InvoiceBuilder::new(Currency::Regtest)
        .invoice_description(description)
        .payment_hash(sha256::Hash::from_byte_array(terms.payment_hash))
        .payment_secret(PaymentSecret(terms.payment_secret))
        .duration_since_epoch(created)
        .min_final_cltv_expiry_delta(terms.final_delta)
        .expiry_time(Duration::from_secs(terms.expiry))
        .basic_mpp();
    if terms.amount_msat > 0 {
        builder = builder.amount_milli_satoshis(terms.amount_msat);
    }
    builder
        .build_signed(|message| SIGNING.sign_ecdsa_recoverable(message, key))
        .map(|invoice| invoice.to_string())
        .map_err(|error| Status::unknown(error.to_string()))
}

fn description(memo: &str) -> Result<Description, Status> {
    let groups = (memo.len() * 8).div_ceil(5);
    if groups > MAX_FIELD_GROUPS {
        let text = format!("data length too big to fit within 10 bits: {groups}");
        return Err(Status::unknown(text));
    }
    Description::new(memo.to_owned()).map_err(|error| Status::unknown(error.to_string()))
}

/// Reads a payment request of this network.
pub(crate) fn read(text: &str) -> Result<Request, Status> {
    terms(&parse(text)?)
}

fn parse(text: &str) -> Result<SignedRawBolt11Invoice, Status> {
    check_encoding(text).map_err(Status::unknown)?;
    SignedRawBolt11Invoice::from_str(&text.to_lowercase())
        .map_err(|error| Status::unknown(format!("invalid payment request: {error}")))
}

fn terms(invoice: &SignedRawBolt11Invoice) -> Result<Request, Status> {
    let destination = match invoice.payee_pub_key() {
        Some(key) if invoice.check_signature() => key.0,
        Some(_) => return Err(Status::unknown("invalid invoice signature")),
        None => {
            invoice
                .recover_payee_pub_key()
                .map_err(|error| Status::unknown(error.to_string()))?
                .0
        }
    };
    let Some(hash) = invoice.payment_hash() else {
        return Err(Status::unknown("no payment hash found"));
    };
    let expiry = invoice
        .expiry_time()
        .map_or(DEFAULT_EXPIRY, |expiry| expiry.as_seconds());
    let created = invoice.raw_invoice().data.timestamp.as_unix_timestamp();
    Ok(Request {
        destination,
        payment_hash: hash.0.to_byte_array(),
        payment_secret: invoice.payment_secret().map(|secret| secret.0),
        amount_msat: invoice.amount_pico_btc().map(|pico| pico / 10),
        valid_until: i64::try_from(created.saturating_add(expiry)).unwrap_or(i64::MAX),
        final_delta: invoice
            .min_final_cltv_expiry_delta()
            .map_or(DEFAULT_FINAL_DELTA, |delta| delta.0),
    })
}

/// DecodePayReq.
pub(crate) fn decode(text: &str) -> Result<PayReq, Status> {
    let invoice = parse(text)?;
    let terms = terms(&invoice)?;
    let timestamp = invoice.raw_invoice().data.timestamp.as_unix_timestamp();
    let created = i64::try_from(timestamp).unwrap_or(i64::MAX);
    let description = invoice.description().map(|text| text.as_inner().0.clone());
    let description_hash = invoice
        .description_hash()
        .map(|hash| hex::encode(hash.0.to_byte_array()));
    Ok(PayReq {
        destination: terms.destination.to_string(),
        payment_hash: hex::encode(terms.payment_hash),
        num_satoshis: amount::sat(terms.amount_msat.unwrap_or_default()),
        num_msat: amount::signed(terms.amount_msat.unwrap_or_default()),
        timestamp: created,
        expiry: terms.valid_until.saturating_sub(created),
        description: description.unwrap_or_default(),
        description_hash: description_hash.unwrap_or_default(),
        cltv_expiry: amount::signed(terms.final_delta),
        payment_addr: terms.payment_secret.unwrap_or_default().to_vec(),
        features: features(&invoice),
        ..PayReq::default()
    })
}

fn features(invoice: &SignedRawBolt11Invoice) -> HashMap<u32, Feature> {
    let Some(features) = invoice.features() else {
        return HashMap::new();
    };
    let is_set = |bit: u32| {
        let byte = features.le_flags().get(bit as usize / 8);
        byte.is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
    };
    let bits = (0..).take(features.le_flags().len() * 8);
    bits.filter(|bit| is_set(*bit))
        .map(|bit| {
            let known = KNOWN_FEATURES.iter().find(|(pair, _)| *pair == bit / 2);
            let feature = Feature {
                name: known.map_or("unknown", |(_, name)| name).to_owned(),
                is_required: bit % 2 == 0,
                is_known: known.is_some(),
            };
            (bit, feature)
        })
        .collect()
}

/// Everything that lnd checks before it looks into the fields.
fn check_encoding(text: &str) -> Result<(), String> {
    if text.len() > MAX_LENGTH {
        return Err("invoice is too large".to_owned());
    }
    if text.len() < 8 {
        return Err(format!("invalid bech32 string length {}", text.len()));
    }
    if let Some(stranger) = text.bytes().find(|byte| !(33..=126).contains(byte)) {
        return Err(format!(
            "invalid character in string: '{}'",
            char::from(stranger)
        ));
    }
    let lower = text.to_lowercase();
    if text != lower && text != text.to_uppercase() {
        return Err("string not all lowercase or all uppercase".to_owned());
    }
    let (prefix, data) = match lower.rsplit_once('1') {
        Some((prefix, data)) if !prefix.is_empty() && data.len() >= CHECKSUM_LENGTH => {
            (prefix, data)
        }
        _ => return Err("invalid index of 1".to_owned()),
    };
    check_checksum(prefix, data)?;
    let Some(network) = prefix.strip_prefix("ln") else {
        return Err(if prefix.len() < 3 {
            "hrp too short"
        } else {
            "prefix should be \"ln\""
        }
        .into());
    };
    if network.is_empty() {
        return Err("hrp too short".to_owned());
    }
    if !network.starts_with(PREFIX) {
        return Err(format!(
            "invoice not for current active network '{NETWORK}'"
        ));
    }
    Ok(())
}

fn check_checksum(prefix: &str, data: &str) -> Result<(), String> {
    let symbols = data
        .chars()
        .map(|symbol| {
            Fe32::from_char(symbol).map_err(|_| {
                format!(
                    "failed converting data to bytes: invalid character not part of charset: {}",
                    u32::from(symbol)
                )
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let prefix = Hrp::parse(prefix).map_err(|error| error.to_string())?;
    let (payload, given) = symbols.split_at(symbols.len() - CHECKSUM_LENGTH);
    let mut engine = Engine::<Bech32>::new();
    engine.input_hrp(prefix);
    payload.iter().for_each(|symbol| engine.input_fe(*symbol));
    engine.input_target_residue();
    let residue = engine.residue();
    let expected: Vec<Fe32> = (0..Bech32::CHECKSUM_LENGTH)
        .rev()
        .filter_map(|place| Fe32::try_from(residue.unpack(place)).ok())
        .collect();
    if expected == given {
        return Ok(());
    }
    let spelled = |symbols: &[Fe32]| {
        symbols
            .iter()
            .map(|symbol| symbol.to_char())
            .collect::<String>()
    };
    Err(format!(
        "checksum failed. Expected {}, got {}.",
        spelled(&expected),
        spelled(given)
    ))
}
