//! new_address: an address of the node's wallet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address_type;
use super::context::Context;
use super::writing::{WriteFailure, write};
use crate::error::{Error, Executed, Reconcile, Status};
use crate::resilience::Attempt;
use crate::transport::generated::lnrpc::NewAddressRequest;

/// What callers of the product before this one get when they name no type.
const USUAL_TYPE: &str = "np2wkh";

/// Which kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAddressParams {
    /// `p2wkh`, `np2wkh` (default) or `p2tr`: a fresh address each time; `unused_p2wkh`, `unused_np2wkh`
    /// or `unused_p2tr`: the latest one as long as nothing has been paid to it. Long names such as
    /// `nested_pubkey_hash` are taken too.
    #[serde(default)]
    address_type: Option<String>,
}

/// The address.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NewAddressResult {
    /// The address.
    pub(super) address: String,
    /// Its type under the short name.
    pub(super) address_type: String,
    /// The generated id.
    pub(super) operation_id: Option<String>,
}

pub(crate) async fn new_address(
    context: &Context,
    params: NewAddressParams,
) -> Result<NewAddressResult, Error> {
    refuse_id(context)?;
    let kind = address_type::read(params.address_type.as_deref().unwrap_or(USUAL_TYPE))?;
    let address_type = address_type::name(kind as i32);
    let client = context.node().writing_lightning();
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let message = NewAddressRequest {
            r#type: kind as i32,
            account: String::new(),
        };
        let request = context.request_on(&attempt, generation, message);
        async move { client.new_address(request).await }
    };
    match write(context, send).await {
        Ok(answer) => Ok(NewAddressResult {
            address: answer.into_inner().address,
            address_type,
            operation_id: context.operation_id(),
        }),
        Err(WriteFailure::NotStarted(error)) => Err(error),
        Err(WriteFailure::Attempt(failure)) => {
            let error = context.error(&failure);
            Err(match error.executed() {
                Executed::Unknown => error.with_reconcile(recipe(&address_type)),
                _ => error,
            })
        }
    }
}

/// The latest unused address is the one whose answer was lost.
fn recipe(address_type: &str) -> Reconcile {
    let bare = address_type.trim_start_matches("unused_");
    Reconcile {
        method: "new_address",
        params: json!({ "address_type": format!("unused_{bare}") }),
        decisive_after: None,
    }
}

/// lnd keeps no name with an address, so a promise to give the same one again could not be kept.
fn refuse_id(context: &Context) -> Result<(), Error> {
    if context.operation().is_some_and(|operation| operation.given) {
        return Err(Error::local(
            Status::InvalidArgument,
            "option `operation_id`: new_address takes none, lnd keeps no name with an address",
            "leave it out: asking again does no harm, and an unused_ type gives the same address again",
        ));
    }
    Ok(())
}
