//! settle_invoice: takes the payment that waits at a hold invoice, by its preimage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::invoice_ending::end;
use super::invoice_view::InvoiceView;
use super::preimage;
use crate::clients::json::Hex32;
use crate::error::{Error, Status};
use crate::resilience::Attempt;
use crate::transport::generated::invoicesrpc::SettleInvoiceMsg;
use crate::transport::generated::lnrpc::invoice::InvoiceState;

/// Which invoice, and its secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleInvoiceParams {
    /// Payment hash, 64 hex digits. Not needed, since the preimage has only one; when given, it is
    /// compared before anything is sent.
    #[serde(default)]
    payment_hash: Option<Hex32>,
    /// The preimage, 64 hex digits.
    preimage: Hex32,
}

impl SettleInvoiceParams {
    /// The hash that the preimage opens.
    pub(super) fn checked_hash(&self) -> Result<Hex32, Error> {
        let hash = preimage::payment_hash(&self.preimage);
        match self.payment_hash {
            Some(given) if given != hash => Err(Error::local(
                Status::InvalidArgument,
                format!("field `preimage`: its SHA-256 is {hash}, not the payment_hash {given}"),
                "give the preimage of this invoice: the hash is made over its 32 bytes, not over its hex text",
            )),
            _ => Ok(hash),
        }
    }
}

/// The settled invoice.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SettleInvoiceResult {
    /// Payment hash.
    pub(super) payment_hash: Hex32,
    /// Always true: anything else is an error.
    pub(super) settled: bool,
    /// Whether it had been settled before this call.
    pub(super) replayed: bool,
    /// The invoice as in lookup_invoice; null when lnd could not be asked for it afterwards.
    pub(super) invoice: Option<InvoiceView>,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
}

pub(crate) async fn settle_invoice(
    context: &Context,
    params: SettleInvoiceParams,
) -> Result<SettleInvoiceResult, Error> {
    let payment_hash = params.checked_hash()?;
    let client = context.node().writing_invoices();
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let message = SettleInvoiceMsg {
            preimage: params.preimage.0.to_vec(),
        };
        let request = context.request_on(&attempt, generation, message);
        async move { client.settle_invoice(request).await.map(|_| ()) }
    };
    let ended = end(context, payment_hash, InvoiceState::Settled, send).await?;
    Ok(SettleInvoiceResult {
        payment_hash,
        settled: true,
        replayed: ended.replayed,
        invoice: ended.invoice,
        operation_id: context.operation_id(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_ZEROS: &str = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";

    fn params(payment_hash: Option<&str>) -> SettleInvoiceParams {
        SettleInvoiceParams {
            payment_hash: payment_hash.map(|text| Hex32::from_text(text).unwrap()),
            preimage: Hex32([0; 32]),
        }
    }

    #[test]
    fn the_hash_is_made_over_the_bytes_and_compared() {
        let hash = params(None).checked_hash().unwrap();
        assert_eq!(hash.to_string(), OF_ZEROS);
        assert!(params(Some(OF_ZEROS)).checked_hash().is_ok());
        let error = params(Some(&"ab".repeat(32))).checked_hash().unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(
            !error.message().contains(&"00".repeat(32)),
            "no preimage in messages"
        );
    }
}
