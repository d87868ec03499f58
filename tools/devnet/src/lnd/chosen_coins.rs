//! Coins that a request names.

use std::collections::HashSet;

use bitcoin::{OutPoint, Txid};
use tonic::Status;

use crate::proto::lnrpc;

/// The coins that a request names. Like lnd it reads the hash as text alone.
pub(crate) fn outpoints(named: &[lnrpc::OutPoint]) -> Result<Vec<OutPoint>, Status> {
    let mut outpoints = Vec::new();
    for outpoint in named {
        let digits = format!("{:0>64}", outpoint.txid_str);
        let txid: Txid = digits
            .parse()
            .map_err(|_| Status::unknown("can't create outpoints cannot create chainhash"))?;
        let vout = outpoint.output_index;
        outpoints.push(OutPoint { txid, vout });
    }
    let different: HashSet<_> = outpoints.iter().collect();
    match different.len() == outpoints.len() {
        true => Ok(outpoints),
        false => Err(Status::unknown(
            "selected outpoints contain duplicate values",
        )),
    }
}
