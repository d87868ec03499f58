//! close_channel: closes a channel once. The channel point is the key: lnd's books tell whether the
//! channel is being closed or closed already, and are asked before anything is sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::channel_search::{self, ChannelName, Found, Sought};
use super::context::Context;
use super::fee_choice::{self, FeeChoice};
use super::once::{Look, Once, Proof, make_once};
use super::operation_claim::Journal;
use super::writing::{WriteFailure, write};
use crate::clients::json::{OutPoint, shown_txid};
use crate::error::{Error, Status};
use crate::resilience::Attempt;
use crate::state::Record;
use crate::transport::generated::lnrpc::channel_point::FundingTxid;
use crate::transport::generated::lnrpc::close_status_update::Update;
use crate::transport::generated::lnrpc::{ChannelPoint, CloseChannelRequest, CloseStatusUpdate};

/// Which channel to close, and how.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseChannelParams {
    /// Channel point `txid:vout`, or the short channel id as a number or decimal text.
    channel_id: ChannelName,
    /// Publishes this node's commitment transaction instead of asking the peer; the funds are locked
    /// for a while.
    #[serde(default)]
    force: bool,
    /// Fee of a cooperative close in satoshis for each virtual byte, 1 to 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sat_per_byte: Option<u64>,
    /// Blocks within which a cooperative close should confirm, in place of sat_per_byte; default 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_conf: Option<u32>,
    /// Address for this node's part in a cooperative close; default the wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivery_address: Option<String>,
}

/// The close.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CloseChannelResult {
    /// Funding output, `txid:vout`.
    pub(super) channel_point: String,
    /// The transaction that closes it; null while lnd does not name one.
    pub(super) closing_txid: Option<String>,
    /// `closing` until the transaction is confirmed, then `closed`.
    pub(super) state: &'static str,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
    /// Whether it was being closed before this call.
    pub(super) replayed: bool,
}

pub(crate) async fn close_channel(
    context: &Context,
    params: CloseChannelParams,
) -> Result<CloseChannelResult, Error> {
    let closing = Closing::check(params)?;
    let (close, replayed) = make_once(context, &closing).await?;
    Ok(CloseChannelResult {
        operation_id: context.operation_id(),
        replayed,
        ..close
    })
}

/// A checked order.
pub(super) struct Closing {
    params: CloseChannelParams,
    fee: FeeChoice,
}

impl Closing {
    pub(super) fn check(params: CloseChannelParams) -> Result<Self, Error> {
        let cooperative_only = [
            ("sat_per_byte", params.sat_per_byte.is_some()),
            ("target_conf", params.target_conf.is_some()),
            ("delivery_address", params.delivery_address.is_some()),
        ];
        if let Some((field, _)) = cooperative_only
            .iter()
            .find(|(_, given)| params.force && *given)
        {
            return Err(Error::local(
                Status::InvalidArgument,
                format!("field `{field}`: given beside force"),
                "leave it out: a forced close publishes a transaction whose fee and outputs were fixed \
                 before",
            ));
        }
        Ok(Self {
            fee: fee_choice::choose(params.sat_per_byte, params.target_conf)?,
            params,
        })
    }

    fn message(&self, point: OutPoint) -> CloseChannelRequest {
        let mut wire = point.txid.to_vec();
        wire.reverse();
        let fee = Some(self.fee).filter(|_| !self.params.force);
        CloseChannelRequest {
            channel_point: Some(ChannelPoint {
                funding_txid: Some(FundingTxid::FundingTxidBytes(wire)),
                output_index: point.index,
            }),
            force: self.params.force,
            target_conf: fee.map_or(0, |fee| fee.target_conf),
            sat_per_vbyte: fee.map_or(0, |fee| fee.sat_per_vbyte),
            delivery_address: self.params.delivery_address.clone().unwrap_or_default(),
            ..CloseChannelRequest::default()
        }
    }
}

/// lnd's first word on the close.
fn begun(point: OutPoint, update: CloseStatusUpdate) -> Option<CloseChannelResult> {
    let (txid, state) = match update.update? {
        Update::ClosePending(pending) => (pending.txid, "closing"),
        Update::ChanClose(close) => (close.closing_txid, "closed"),
        // Only for requests that ask for it.
        Update::CloseInstant(_) => return None,
    };
    Some(CloseChannelResult {
        channel_point: point.to_string(),
        closing_txid: Some(shown_txid(&txid)),
        state,
        operation_id: None,
        replayed: false,
    })
}

impl Once for Closing {
    type Plan = OutPoint;
    type Done = CloseChannelResult;

    const JOURNAL: Journal = Journal::Helpful;

    fn canonical(&self) -> Value {
        json!({
            "channel": self.params.channel_id.canonical(),
            "force": self.params.force,
            "fee": self.fee,
            "delivery_address": self.params.delivery_address,
        })
    }

    fn original(&self) -> Value {
        serde_json::to_value(&self.params).unwrap_or_default()
    }

    /// The channel must be found in any case.
    fn unlooked(&self) -> Option<OutPoint> {
        None
    }

    async fn look(
        &self,
        context: &Context,
        record: Option<&Record>,
    ) -> Result<Look<OutPoint, CloseChannelResult>, Error> {
        let noted = record.and_then(|record| record.inputs.first());
        let sought = Sought {
            name: self.params.channel_id,
            noted: noted.and_then(|point| OutPoint::from_text(point)),
        };
        let gone = |point: OutPoint, closing_txid, state| {
            Look::Found(CloseChannelResult {
                channel_point: point.to_string(),
                closing_txid,
                state,
                operation_id: None,
                replayed: false,
            })
        };
        Ok(match channel_search::find(context, sought).await? {
            // A repeat closes nothing twice: the funding output can be spent once.
            Found::Open(point) => Look::Absent(point, Proof::RepeatIsHarmless),
            Found::Closing(point, txid) => gone(point, txid, "closing"),
            Found::Closed(point, txid) => gone(point, txid, "closed"),
        })
    }

    fn plan_in_journal(&self, plan: &OutPoint) -> (Vec<String>, u32) {
        (vec![plan.to_string()], 0)
    }

    async fn send(
        &self,
        context: &Context,
        point: &OutPoint,
    ) -> Result<CloseChannelResult, WriteFailure> {
        let client = context.node().writing_lightning();
        let point = *point;
        let send = |attempt: Attempt, generation| {
            let mut client = client.clone();
            let request = context.request_on(&attempt, generation, self.message(point));
            async move {
                let mut updates = client.close_channel(request).await?.into_inner();
                let first = updates.message().await?;
                first
                    .and_then(|update| begun(point, update))
                    .ok_or_else(|| {
                        let wrong = "the stream ended before lnd named the closing transaction";
                        tonic::Status::from_error(wrong.into())
                    })
            }
        };
        write(context, send).await
    }

    fn outcome(done: &CloseChannelResult) -> Option<String> {
        done.closing_txid.clone()
    }

    fn decisive_after(&self, _attempted: u64) -> Option<u64> {
        None
    }
}
