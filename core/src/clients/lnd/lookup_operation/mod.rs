//! lookup_operation: what became of a write, told from its parameters and operation_id by the daemon's
//! own record, in a new process too. Each write has its own look-up; the table below names them all.

mod chain_writes;
mod finding;
mod invoices;
mod payments;
mod peers;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::finding::{Lookup, Sought};
use super::context::Context;
use crate::clients::options::check_id;
use crate::error::{Error, Status};

/// Every write that can be looked up.
const LOOKUPS: &[(&str, Lookup)] = &[
    ("add_invoice", |context, sought| {
        Box::pin(invoices::added(context, sought))
    }),
    ("add_hold_invoice", |context, sought| {
        Box::pin(invoices::hold_added(context, sought))
    }),
    ("settle_invoice", |context, sought| {
        Box::pin(invoices::settled(context, sought))
    }),
    ("cancel_invoice", |context, sought| {
        Box::pin(invoices::canceled(context, sought))
    }),
    ("connect_peer", |context, sought| {
        Box::pin(peers::connected(context, sought))
    }),
    ("open_channel", |context, sought| {
        Box::pin(chain_writes::opened(context, sought))
    }),
    ("send_onchain", |context, sought| {
        Box::pin(chain_writes::sent(context, sought))
    }),
    ("close_channel", |context, sought| {
        Box::pin(chain_writes::closed(context, sought))
    }),
    ("send_payment", |context, sought| {
        Box::pin(payments::sent(context, sought))
    }),
];

/// Which write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupOperationParams {
    /// The operation_id of the write.
    operation_id: String,
    /// Its method.
    method: String,
    /// Its parameters.
    params: Value,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LookupOperationResult {
    pub(super) operation_id: String,
    pub(super) method: String,
    /// `done`, `failed`, `in_flight`, `not_found` or `unknown`.
    pub(super) state: &'static str,
    /// Whether the state is final; for not_found: whether nothing happened and nothing will.
    pub(super) decisive: bool,
    /// From which unix time on not_found is final; null when it is now, or never.
    pub(super) decisive_after: Option<u64>,
    /// The view of what was found; null when nothing was.
    pub(super) result: Option<Value>,
}

/// Whether the method is a write that can be looked up.
pub(crate) fn is_looked_up(method: &str) -> bool {
    LOOKUPS.iter().any(|(known, _)| *known == method)
}

pub(crate) async fn lookup_operation(
    context: &Context,
    params: LookupOperationParams,
) -> Result<LookupOperationResult, Error> {
    check_id("field `operation_id`", &params.operation_id)?;
    let known = LOOKUPS.iter().find(|(method, _)| *method == params.method);
    let (_, look_up) = known.ok_or_else(unknown_write)?;
    let sought = Sought {
        operation_id: &params.operation_id,
        params: &params.params,
    };
    let finding = look_up(context, sought).await?;
    Ok(LookupOperationResult {
        operation_id: params.operation_id,
        method: params.method,
        state: finding.state.name(),
        decisive: finding.decisive,
        decisive_after: finding.decisive_after,
        result: finding.result,
    })
}

fn unknown_write() -> Error {
    let names: Vec<&str> = LOOKUPS.iter().map(|(method, _)| *method).collect();
    Error::local(
        Status::InvalidArgument,
        "field `method`: not a write of lnd that can be looked up",
        format!("use one of: {}", names.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::registry::{Class, METHODS};

    #[test]
    fn every_row_of_the_table_is_a_write() {
        for (method, _) in LOOKUPS {
            let row = METHODS.iter().find(|row| row.name == *method).unwrap();
            assert_ne!(row.class, Class::Read, "{method}");
        }
    }

    #[test]
    fn every_keyed_write_can_be_looked_up() {
        for row in METHODS.iter().filter(|row| row.service == "lnd") {
            let listed = LOOKUPS.iter().any(|(method, _)| *method == row.name);
            assert!(listed || row.class != Class::KeyedWrite, "{}", row.name);
        }
    }
}
