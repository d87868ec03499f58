//! A BOLT11 invoice to be paid: read and checked here, before any money can move.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lightning_invoice::{Bolt11Invoice, Currency};

use super::node::Identity;
use crate::clients::json::{Hex32, Millisatoshis, Satoshis};
use crate::error::{Error, Status};

/// How long after an invoice's expiry a payment to it may still be started by a late request.
const SETTLING_TIME: Duration = Duration::from_secs(120);

/// One invoice, its signature checked.
pub(super) struct PaymentRequest {
    pub(super) text: String,
    pub(super) payment_hash: Hex32,
    invoice: Bolt11Invoice,
}

impl PaymentRequest {
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let bare = bare(text);
        let invoice = Bolt11Invoice::from_str(bare).map_err(|error| {
            invalid("payment_request", &format!("not a valid BOLT11 invoice: {error}"),
                "copy the payee's whole invoice, which begins with lnbc, lntb, lntbs, lnsb or lnbcrt")
        })?;
        let mut hash = [0; 32];
        hash.copy_from_slice(invoice.payment_hash().as_ref());
        Ok(Self {
            text: bare.to_ascii_lowercase(),
            payment_hash: Hex32(hash),
            invoice,
        })
    }

    /// The amount to pay in millisatoshis, from invoice and parameters; they must agree.
    pub(super) fn amount_msat(
        &self,
        amount: Option<Satoshis>,
        amount_msat: Option<Millisatoshis>,
    ) -> Result<u64, Error> {
        let given = match (amount, amount_msat) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "amount",
                    "given beside amount_msat",
                    "give one of the two",
                ));
            }
            (Some(amount), None) => Some(amount.in_millisatoshis()),
            (None, amount) => amount.map(|amount| amount.0),
        };
        match (self.invoice.amount_milli_satoshis(), given) {
            (Some(asked), None) => Ok(asked),
            (Some(asked), Some(given)) if asked == given => Ok(asked),
            (Some(asked), Some(given)) => Err(invalid(
                "amount",
                &format!("{given} msat, but the invoice asks for {asked} msat"),
                "leave amount out, or give exactly the invoice's",
            )),
            (None, Some(given)) if given > 0 => Ok(given),
            (None, _) => Err(invalid(
                "amount",
                "missing or 0, and the invoice names none",
                "give amount in satoshis (or amount_msat): this invoice lets the payer choose",
            )),
        }
    }

    /// Whether lnd takes the amount from the invoice; only then it must not be told one.
    pub(super) fn names_amount(&self) -> bool {
        self.invoice.amount_milli_satoshis().is_some()
    }

    /// Refuses an invoice of another network than the node's.
    pub(super) fn check_network(&self, identity: Option<&Identity>) -> Result<(), Error> {
        let Some(network) = identity.map(|identity| identity.network.as_str()) else {
            return Ok(());
        };
        let matches = match self.invoice.currency() {
            Currency::Bitcoin => network == "mainnet",
            Currency::BitcoinTestnet => network == "testnet" || network == "testnet4",
            Currency::Regtest => network == "regtest",
            Currency::Simnet => network == "simnet",
            Currency::Signet => network == "signet",
        };
        if matches || network.is_empty() {
            return Ok(());
        }
        Err(invalid(
            "payment_request",
            &format!("an invoice of another network; the node is on {network}"),
            "pay it from a node on the invoice's network",
        ))
    }

    /// Refuses an expired invoice. Not before it is known that it was not paid earlier.
    pub(super) fn check_expiry(&self) -> Result<(), Error> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        if !self.invoice.would_expire(now) {
            return Ok(());
        }
        let expired = self.expires_at();
        Err(invalid(
            "payment_request",
            &format!("the invoice expired at unix time {expired}"),
            "ask the payee for a new invoice",
        ))
    }

    fn expires_at(&self) -> u64 {
        let created = self.invoice.duration_since_epoch();
        created.saturating_add(self.invoice.expiry_time()).as_secs()
    }

    /// From which unix time on no request that is still on its way can start a payment.
    pub(super) fn decisive_after(&self) -> u64 {
        self.expires_at().saturating_add(SETTLING_TIME.as_secs())
    }
}

/// An invoice without the scheme that wallets and QR codes put before it.
pub(super) fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.get(..10) {
        Some(scheme) if scheme.eq_ignore_ascii_case("lightning:") => text.get(10..).unwrap_or(text),
        _ => text,
    }
}

fn invalid(field: &str, wrong: &str, valid: &str) -> Error {
    Error::local(
        Status::InvalidArgument,
        format!("field `{field}`: {wrong}"),
        valid.to_owned(),
    )
}
