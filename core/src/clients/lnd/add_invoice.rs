//! add_invoice: we choose the preimage, so the hash is known before anything is sent, lnd refuses a
//! second invoice with it, and a lost answer is found again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::context::Context;
use super::invoice_view::InvoiceView;
use super::lookup_invoice::{find_invoice, is_not_found};
use super::preimage;
use super::recognition::ready_for_write;
use super::writing::{WriteFailure, write};
use crate::clients::json::{Hex32, Millisatoshis, Satoshis};
use crate::error::{Error, Executed, Reconcile, Status};
use crate::resilience::{Attempt, AttemptError, Fault};
use crate::transport::generated::lnrpc::Invoice;

const DEFAULT_EXPIRY: u32 = 3600;
const LONGEST_EXPIRY: u32 = 365 * 24 * 60 * 60;
const LONGEST_MEMO: usize = 1024;
/// Sending again after a look-up found nothing.
const SENDS: u32 = 3;

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
    /// Text for the payer, at most 1024 bytes.
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

/// The new invoice.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AddInvoiceResult {
    #[serde(flatten)]
    pub(super) invoice: InvoiceView,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
    /// Whether an earlier call had made it.
    pub(super) replayed: bool,
}

pub(crate) async fn add_invoice(
    context: &Context,
    params: AddInvoiceParams,
) -> Result<AddInvoiceResult, Error> {
    let wanted = Wanted::check(&params)?;
    refuse_id_without_secret(context, &params)?;
    // The node must be recognised before the preimage is derived: its key is part of it.
    ready_for_write(context).await?;
    let preimage = preimage::choose(context, params.preimage, "add_invoice")?;
    let hash = preimage::payment_hash(&preimage);
    let mut sends = 0;
    loop {
        sends += 1;
        let failure = match send(context, &wanted, preimage).await {
            Ok(()) => return created(context, &wanted, hash).await,
            Err(WriteFailure::NotStarted(error)) => return Err(error),
            Err(WriteFailure::Attempt(failure)) => failure,
        };
        let error = context.error(&failure);
        if error.status() == Status::AlreadyExists {
            // Made by an earlier call, unless an earlier send of this one was not answered.
            let invoice = look(context, hash)
                .await
                .map_err(|failure| context.error(&failure))?;
            return invoice.map_or(Err(error), |invoice| {
                wanted.compare(context, invoice, sends == 1)
            });
        }
        if error.executed() != Executed::Unknown {
            return Err(error);
        }
        let error = error.with_reconcile(recipe(hash));
        if matches!(failure.fault, Fault::DeadlineExceeded | Fault::Cancelled) {
            return Err(error);
        }
        match look(context, hash).await {
            Ok(Some(invoice)) => return wanted.compare(context, invoice, false),
            // The node dedupes by the preimage: sending again cannot make a second one.
            Ok(None) if sends < SENDS && context.call().may_repeat() => {}
            _ => return Err(error),
        }
    }
}

fn recipe(hash: Hex32) -> Reconcile {
    let params = json!({ "payment_hash": hash });
    Reconcile {
        method: "lookup_invoice",
        params,
        decisive_after: None,
    }
}

/// The parameters, checked and in lnd's units.
struct Wanted {
    value_msat: u64,
    memo: String,
    expiry: u32,
    private: bool,
}

impl Wanted {
    fn check(params: &AddInvoiceParams) -> Result<Self, Error> {
        let value_msat = match (params.amount, params.amount_msat) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "amount",
                    "given beside amount_msat",
                    "give one of the two",
                ));
            }
            (Some(amount), None) => amount.in_millisatoshis(),
            (None, Some(amount)) => amount.0,
            (None, None) if params.any_amount => 0,
            (None, None) => {
                return Err(invalid(
                    "amount",
                    "missing",
                    "give amount in satoshis, or any_amount: true to let the payer choose",
                ));
            }
        };
        if value_msat == 0 && !params.any_amount {
            return Err(invalid(
                "amount",
                "0 without any_amount",
                "give 1 satoshi or more, or any_amount: true to let the payer choose",
            ));
        }
        if value_msat > 0 && params.any_amount {
            return Err(invalid(
                "any_amount",
                "true beside an amount",
                "leave any_amount out, or give no amount",
            ));
        }
        let memo = params.memo.clone().unwrap_or_default();
        if memo.len() > LONGEST_MEMO {
            return Err(invalid(
                "memo",
                format!("{} bytes long", memo.len()),
                "shorten it to 1024 bytes",
            ));
        }
        let expiry = params.expiry.unwrap_or(DEFAULT_EXPIRY);
        if !(1..=LONGEST_EXPIRY).contains(&expiry) {
            return Err(invalid(
                "expiry",
                format!("{expiry} seconds"),
                "give 1 to 31536000 seconds (one year)",
            ));
        }
        Ok(Self {
            value_msat,
            memo,
            expiry,
            private: params.private,
        })
    }

    /// The result for an invoice that the node has, if it is the wanted one.
    fn compare(
        &self,
        context: &Context,
        invoice: Invoice,
        replayed: bool,
    ) -> Result<AddInvoiceResult, Error> {
        let invoice = InvoiceView::from(invoice);
        if let Some(field) = self.difference(&invoice) {
            return Err(Error::local(
                Status::OperationConflict,
                format!("an invoice with this preimage exists already, with another {field}"),
                "draw a fresh operation_id or preimage for an invoice with other parameters",
            )
            .with_result(serde_json::to_value(&invoice).unwrap_or_default()));
        }
        Ok(AddInvoiceResult {
            invoice,
            operation_id: context.operation_id(),
            replayed,
        })
    }

    /// The parameter in which an existing invoice differs.
    fn difference(&self, invoice: &InvoiceView) -> Option<&'static str> {
        if invoice.value_msat.0 != self.value_msat {
            Some("amount")
        } else if invoice.memo != self.memo {
            Some("memo")
        } else if invoice.expiry != i64::from(self.expiry) {
            Some("expiry")
        } else {
            None
        }
    }
}

fn invalid(field: &str, wrong: impl std::fmt::Display, valid: &str) -> Error {
    Error::local(
        Status::InvalidArgument,
        format!("field `{field}`: {wrong}"),
        valid.to_owned(),
    )
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

async fn send(context: &Context, wanted: &Wanted, preimage: Hex32) -> Result<(), WriteFailure> {
    let client = context.node().writing_lightning();
    let value_msat = i64::try_from(wanted.value_msat).unwrap_or(i64::MAX);
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let invoice = Invoice {
            memo: wanted.memo.clone(),
            r_preimage: preimage.0.to_vec(),
            value_msat,
            expiry: i64::from(wanted.expiry),
            private: wanted.private,
            ..Invoice::default()
        };
        let request = context.request_on(&attempt, generation, invoice);
        async move { client.add_invoice(request).await.map(|_| ()) }
    };
    write(context, send).await
}

/// The node said that it made the invoice: what is left is to show it.
async fn created(
    context: &Context,
    wanted: &Wanted,
    hash: Hex32,
) -> Result<AddInvoiceResult, Error> {
    let unseen = |error: Error| {
        error
            .with_executed(Executed::Yes)
            .with_reconcile(recipe(hash))
    };
    match look(context, hash).await {
        Ok(Some(invoice)) => wanted.compare(context, invoice, false),
        Ok(None) => Err(unseen(Error::server(
            Status::NotFound,
            "lnd made the invoice but does not find it",
            "look it up again",
        ))),
        Err(failure) => Err(unseen(context.error(&failure))),
    }
}

/// The node's invoice with this hash, if there is one.
async fn look(context: &Context, hash: Hex32) -> Result<Option<Invoice>, AttemptError> {
    match find_invoice(context, hash).await {
        Ok(invoice) => Ok(Some(invoice)),
        Err(failure) if is_not_found(context, &failure) => Ok(None),
        Err(failure) => Err(failure),
    }
}
