//! What lnd accepts as a new invoice: its checks, in its order and with its texts, for ordinary and
//! hold invoices alike.

use sha2::{Digest, Sha256};
use tonic::Status;

use super::amount::{self, MSAT};
use crate::{
    proto::{invoicesrpc::AddHoldInvoiceRequest, lnrpc::Invoice},
    random::random_bytes,
};

const MAX_MEMO: usize = 1024;
const MAX_BITCOIN: u64 = 100_000;
const SATOSHIS_PER_BITCOIN: u64 = 100_000_000;
const DEFAULT_EXPIRY: u64 = 86_400;
const MAX_EXPIRY: u64 = 365 * 86_400;
const DEFAULT_FINAL_DELTA: u64 = 80;
const MIN_FINAL_DELTA: u64 = 24;
const MAX_FINAL_DELTA: u64 = 65_535;

/// An accepted invoice, not yet written down.
pub(crate) struct NewInvoice {
    pub memo: String,
    pub description_hash: Option<[u8; 32]>,
    pub hash: [u8; 32],
    /// A hold invoice has none until it is settled.
    pub preimage: Option<[u8; 32]>,
    pub amount_msat: u64,
    pub expiry: u64,
    pub final_delta: u64,
}

/// 32 bytes, or lnd's text about what there is instead.
pub(crate) fn exactly_32(what: &str, bytes: &[u8]) -> Result<[u8; 32], Status> {
    bytes
        .try_into()
        .map_err(|_| Status::unknown(format!("invalid {what} length of {}, want 32", bytes.len())))
}

/// SHA-256, which turns a preimage into its payment hash.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Checks an ordinary invoice; without a preimage it gets a random one.
pub(crate) fn ordinary(request: &Invoice) -> Result<NewInvoice, Status> {
    let amount_msat = amount::from_pair(request.value, request.value_msat)?;
    if request.is_amp {
        return Err(not_simulated("AMP invoices"));
    }
    let preimage = if request.r_preimage.is_empty() {
        random_bytes().map_err(|error| Status::unknown(error.to_string()))?
    } else {
        exactly_32("preimage", &request.r_preimage)?
    };
    checked(Asked {
        memo: &request.memo,
        description_hash: &request.description_hash,
        hash: sha256(&preimage),
        preimage: Some(preimage),
        amount_msat,
        expiry: request.expiry,
        cltv_expiry: request.cltv_expiry,
        fallback_addr: &request.fallback_addr,
    })
}

/// Checks a hold invoice, of which the node knows the hash alone.
pub(crate) fn hold(request: &AddHoldInvoiceRequest) -> Result<NewInvoice, Status> {
    let hash = exactly_32("hash", &request.hash)?;
    checked(Asked {
        memo: &request.memo,
        description_hash: &request.description_hash,
        hash,
        preimage: None,
        amount_msat: amount::from_pair(request.value, request.value_msat)?,
        expiry: request.expiry,
        cltv_expiry: request.cltv_expiry,
        fallback_addr: &request.fallback_addr,
    })
}

/// The fields that both kinds of request share.
struct Asked<'a> {
    memo: &'a str,
    description_hash: &'a [u8],
    hash: [u8; 32],
    preimage: Option<[u8; 32]>,
    amount_msat: u64,
    expiry: i64,
    cltv_expiry: u64,
    fallback_addr: &'a str,
}

fn checked(asked: Asked<'_>) -> Result<NewInvoice, Status> {
    if asked.memo.len() > MAX_MEMO {
        let length = asked.memo.len();
        return Err(Status::unknown(format!(
            "memo too large: {length} bytes (maxsize={MAX_MEMO})"
        )));
    }
    let description_hash = description_hash(asked.description_hash)?;
    let sat = asked.amount_msat / MSAT;
    if sat > MAX_BITCOIN * SATOSHIS_PER_BITCOIN {
        let amount = amount::in_bitcoin(sat);
        return Err(Status::unknown(format!(
            "invoice amount {amount} is too large, max is {MAX_BITCOIN} BTC"
        )));
    }
    if !asked.fallback_addr.is_empty() {
        return Err(not_simulated("fallback addresses"));
    }
    Ok(NewInvoice {
        memo: asked.memo.to_owned(),
        description_hash,
        hash: asked.hash,
        preimage: asked.preimage,
        amount_msat: asked.amount_msat,
        expiry: expiry(asked.expiry)?,
        final_delta: final_delta(asked.cltv_expiry)?,
    })
}

fn description_hash(bytes: &[u8]) -> Result<Option<[u8; 32]>, Status> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let length = bytes.len();
    bytes
        .try_into()
        .map(Some)
        .map_err(|_| Status::unknown(format!("description hash is {length} bytes, must be 32")))
}

fn expiry(asked: i64) -> Result<u64, Status> {
    match u64::try_from(asked) {
        Err(_) | Ok(0) => Ok(DEFAULT_EXPIRY),
        Ok(seconds) if seconds > MAX_EXPIRY => Err(Status::unknown(format!(
            "expiry of {} seconds greater than max expiry of {} seconds",
            as_go_prints_float(seconds),
            as_go_prints_float(MAX_EXPIRY)
        ))),
        Ok(seconds) => Ok(seconds),
    }
}

fn final_delta(asked: u64) -> Result<u64, Status> {
    match asked {
        0 => Ok(DEFAULT_FINAL_DELTA),
        delta if delta > MAX_FINAL_DELTA => Err(Status::unknown(format!(
            "CLTV delta of {delta} is too large, max accepted is: {MAX_FINAL_DELTA}"
        ))),
        delta if delta < MIN_FINAL_DELTA => Err(Status::unknown(format!(
            "CLTV delta of {delta} must be greater than minimum of {MIN_FINAL_DELTA}"
        ))),
        delta => Ok(delta),
    }
}

/// Go prints floats of this size with an exponent of two digits at least.
fn as_go_prints_float(value: u64) -> String {
    let scientific = format!("{:e}", value as f64);
    match scientific.split_once('e') {
        Some((digits, exponent)) => format!("{digits}e+{exponent:0>2}"),
        None => scientific,
    }
}

fn not_simulated(what: &str) -> Status {
    Status::unimplemented(format!("the devnet does not simulate {what}"))
}
