//! What the journal remembers of one operation.

use serde::{Deserialize, Serialize};

/// One write with an operation_id of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) operation_id: String,
    pub(crate) service: String,
    pub(crate) method: String,
    /// Identity key of the node.
    pub(crate) node: String,
    pub(crate) network: String,
    /// SHA-256 of the parameters in their canonical form, hex.
    pub(crate) parameters: String,
    /// Outputs that the write spends, as far as they are known beforehand: `txid:vout`.
    pub(crate) inputs: Vec<String>,
    /// Unix time of the first try, and of the latest.
    pub(crate) created: u64,
    pub(crate) attempted: u64,
    /// The chain's height at the first try; 0 where it does not matter.
    pub(crate) height: u32,
    pub(crate) progress: Progress,
    /// What the daemon made of it: a txid or a channel point.
    pub(crate) outcome: Option<String>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Progress {
    /// It may have been sent; nobody knows what became of it.
    Sending,
    /// Proven: no try had an effect, and none will.
    NotExecuted,
    /// The daemon did it.
    Done,
}

impl Record {
    /// In what a write with the same id differs, if it is another one.
    pub(crate) fn other_write(
        &self,
        service: &str,
        method: &str,
        parameters: &str,
    ) -> Option<&'static str> {
        if self.service != service || self.method != method {
            Some("method")
        } else if self.parameters != parameters {
            Some("set of parameters")
        } else {
            None
        }
    }
}
