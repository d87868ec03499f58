//! add_invoice: we choose the preimage, so the hash is known before anything is sent, lnd refuses a
//! second invoice with it, and a lost answer is found again.

use schemars::JsonSchema;
use serde::Deserialize;

use super::context::Context;
use super::invoice_terms::{Asked, Terms};
use super::made_invoice::{self, MadeInvoice};
use super::preimage;
use super::recognition::ready_for_write;
use crate::clients::json::{Hex32, Millisatoshis, Satoshis};
use crate::error::{Error, Status};
use crate::resilience::Attempt;
use crate::transport::generated::lnrpc::Invoice;

/// What to ask for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddInvoiceParams {
    /// Amount in satoshis; 0 only with any_amount.
    #[serde(default)]
    amount: Option<Satoshis>,
    /// Amount in millisatoshis, in place of amount.
    #[serde(default)]
    amount_msat: Option<Millisatoshis>,
    /// Text for the payer, at most 639 bytes.
    #[serde(default)]
    memo: Option<String>,
    /// Seconds until it expires: 1 to 31536000, default 3600.
    #[serde(default)]
    expiry: Option<u32>,
    /// Lets the payer choose the amount.
    #[serde(default)]
    any_amount: bool,
    /// Adds route hints over private channels.
    #[serde(default)]
    private: bool,
    /// The preimage, 64 hex digits; must be unguessable.
    #[serde(default)]
    preimage: Option<Hex32>,
}

impl AddInvoiceParams {
    pub(super) fn preimage(&self) -> Option<Hex32> {
        self.preimage
    }
}

pub(crate) type AddInvoiceResult = MadeInvoice;

pub(crate) async fn add_invoice(
    context: &Context,
    params: AddInvoiceParams,
) -> Result<AddInvoiceResult, Error> {
    let terms = Terms::check(&Asked {
        amount: params.amount,
        amount_msat: params.amount_msat,
        any_amount: params.any_amount,
        memo: params.memo.as_deref(),
        expiry: params.expiry,
        private: params.private,
        cltv_expiry: None,
        hold: false,
    })?;
    refuse_id_without_secret(context, &params)?;
    // The node must be recognised before the preimage is derived: its key is part of it.
    ready_for_write(context).await?;
    let preimage = preimage::choose(context, params.preimage, "add_invoice")?;
    let client = context.node().writing_lightning();
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let invoice = Invoice {
            memo: terms.memo.clone(),
            r_preimage: preimage.0.to_vec(),
            value_msat: terms.value_msat,
            expiry: terms.expiry,
            private: terms.private,
            ..Invoice::default()
        };
        let request = context.request_on(&attempt, generation, invoice);
        async move { client.add_invoice(request).await.map(|_| ()) }
    };
    made_invoice::make(context, &terms, preimage::payment_hash(&preimage), send).await
}

/// Found before anything is asked of the node.
fn refuse_id_without_secret(context: &Context, params: &AddInvoiceParams) -> Result<(), Error> {
    let given = context.operation().is_some_and(|operation| operation.given);
    if given && params.preimage.is_none() && context.operation_secret()?.is_none() {
        return Err(Error::local(
            Status::InvalidArgument,
            "option `operation_id`: an invoice with an operation_id needs operation_secret",
            "set state_dir or operation_secret (at least 32 random bytes as hex) in the configuration, or give \
             `preimage`",
        ));
    }
    Ok(())
}
