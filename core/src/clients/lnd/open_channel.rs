//! open_channel: funds a channel once. lnd keeps no key for it, so the operation_id stands in the
//! channel's memo, and the journal remembers a try until its absence from lnd's books proves something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::channel_books::{self, Pending};
use super::context::Context;
use super::fee_choice::{self, FeeChoice};
use super::get_info;
use super::once::{Look, Once, Proof, make_once};
use super::opened_channel::{self as view, OpenChannelResult};
use super::operation_claim::{Journal, conflict, unix_now};
use super::operation_tag::{carries, tagged};
use super::writing::{WriteFailure, write};
use crate::clients::json::{OutPoint, PublicKey, Satoshis};
use crate::error::{Error, Status};
use crate::resilience::{Attempt, AttemptError};
use crate::state::{Progress, Record};
use crate::transport::generated::lnrpc::open_status_update::Update;
use crate::transport::generated::lnrpc::{
    ChannelCloseSummary, OpenChannelRequest, OpenStatusUpdate,
};

/// lnd gives a reservation up 10 minutes after the peer's last word; the rest is for its books.
const DECIDED_AFTER_S: u64 = 12 * 60;

/// Which channel to open.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenChannelParams {
    /// Identity key of the peer, 66 hex digits. The peer must be connected.
    pubkey: PublicKey,
    /// Size of the channel in satoshis, all of it from this node's wallet.
    amount: Satoshis,
    /// Keeps the channel out of the public graph.
    #[serde(default)]
    private: bool,
    /// Part of the amount that becomes the peer's, satoshis; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    push_amount: Option<Satoshis>,
    /// Fee in satoshis for each virtual byte, 1 to 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sat_per_byte: Option<u64>,
    /// Blocks within which the funding should confirm, in place of sat_per_byte; default 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_conf: Option<u32>,
    /// Text kept with the channel on this node; the operation_id is added to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    /// Address to which the wallet's part goes when the channel is closed cooperatively.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    close_address: Option<String>,
    /// Allows unconfirmed outputs of the wallet as inputs.
    #[serde(default)]
    spend_unconfirmed: bool,
}

pub(crate) async fn open_channel(
    context: &Context,
    params: OpenChannelParams,
) -> Result<OpenChannelResult, Error> {
    let id = context.operation_id().unwrap_or_default();
    let opening = Opening::check(params, &id)?;
    let (channel, replayed) = make_once(context, &opening).await?;
    Ok(OpenChannelResult {
        operation_id: context.operation_id(),
        replayed,
        ..channel
    })
}

/// A checked order.
pub(super) struct Opening {
    params: OpenChannelParams,
    operation_id: String,
    push: u64,
    memo: String,
    fee: FeeChoice,
}

impl Opening {
    pub(super) fn check(params: OpenChannelParams, operation_id: &str) -> Result<Self, Error> {
        let invalid = |field: &str, wrong: String, valid: &str| {
            Error::local(
                Status::InvalidArgument,
                format!("field `{field}`: {wrong}"),
                valid.to_owned(),
            )
        };
        let push = params.push_amount.map_or(0, |push| push.0);
        if params.amount.0 == 0 {
            let valid = "give the channel's size in satoshis; lnd takes 20000 or more";
            return Err(invalid("amount", "0".to_owned(), valid));
        }
        if push >= params.amount.0 {
            let wrong = format!("{push} is not less than the amount");
            return Err(invalid("push_amount", wrong, "give less than the amount"));
        }
        Ok(Self {
            push,
            memo: tagged(
                "memo",
                params.memo.as_deref().unwrap_or_default(),
                operation_id,
            )?,
            fee: fee_choice::choose(params.sat_per_byte, params.target_conf)?,
            operation_id: operation_id.to_owned(),
            params,
        })
    }

    fn pubkey_text(&self) -> String {
        self.params.pubkey.to_string()
    }

    fn message(&self) -> OpenChannelRequest {
        let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        OpenChannelRequest {
            sat_per_vbyte: self.fee.sat_per_vbyte,
            target_conf: self.fee.target_conf,
            node_pubkey: self.params.pubkey.0.to_vec(),
            local_funding_amount: signed(self.params.amount.0),
            push_sat: signed(self.push),
            private: self.params.private,
            spend_unconfirmed: self.params.spend_unconfirmed,
            min_confs: i32::from(!self.params.spend_unconfirmed),
            close_address: self.params.close_address.clone().unwrap_or_default(),
            memo: self.memo.clone(),
            ..OpenChannelRequest::default()
        }
    }

    /// lnd's first word on the channel.
    fn begun(&self, update: OpenStatusUpdate) -> Option<OpenChannelResult> {
        let point = match update.update? {
            Update::ChanPending(pending) => {
                OutPoint::from_wire(&pending.txid, pending.output_index)
            }
            Update::ChanOpen(open) => open.channel_point.and_then(view::funding_point),
        };
        let point = point?;
        let capacity = i64::try_from(self.params.amount.0).unwrap_or(i64::MAX);
        Some(OpenChannelResult {
            private: Some(self.params.private),
            pending_chan_id: Some(hex::encode(update.pending_chan_id)),
            memo: Some(self.memo.clone()),
            ..view::named(point.to_string(), self.pubkey_text(), capacity, "opening")
        })
    }

    /// A channel with our tag must be the one that was ordered.
    fn compare(&self, found: OpenChannelResult) -> Result<OpenChannelResult, Error> {
        let same = found.remote_pubkey == self.pubkey_text()
            && u64::try_from(found.capacity) == Ok(self.params.amount.0)
            && found
                .private
                .is_none_or(|private| private == self.params.private);
        if same {
            return Ok(found);
        }
        let shown = serde_json::to_value(&found).unwrap_or_default();
        Err(conflict("set of parameters").with_result(shown))
    }

    async fn find(
        &self,
        context: &Context,
        outcome: Option<&str>,
    ) -> Result<Option<OpenChannelResult>, AttemptError> {
        let ours = |point: &str, memo: &str| {
            carries(memo, &self.operation_id) || outcome.is_some_and(|known| known == point)
        };
        let being = |pending: Vec<Pending>| {
            let mut pending = pending.into_iter();
            pending.find(|it| ours(&it.channel.channel_point, &it.channel.memo))
        };
        if let Some(found) = being(channel_books::pending(context).await?) {
            return Ok(Some(view::from_pending(found)));
        }
        let mut open = channel_books::open(context).await?.into_iter();
        if let Some(found) = open.find(|it| ours(&it.channel_point, &it.memo)) {
            return Ok(Some(view::from_open(found)));
        }
        // Between the two looks it may have left the list of the open ones again.
        Ok(being(channel_books::pending(context).await?).map(view::from_pending))
    }

    /// What it proves that the channel is among those closed, or not there either.
    fn absence(
        &self,
        closed: &[ChannelCloseSummary],
        record: &Record,
        now: u64,
    ) -> Look<u32, OpenChannelResult> {
        let outcome = record.outcome.as_deref();
        let known = |it: &&ChannelCloseSummary| outcome == Some(it.channel_point.as_str());
        if let Some(found) = closed.iter().find(known) {
            return Look::Found(view::from_closed(found));
        }
        // lnd keeps no memo of a closed channel: this one may be ours.
        let alike = closed.iter().any(|it| {
            it.remote_pubkey == self.pubkey_text()
                && u64::try_from(it.capacity) == Ok(self.params.amount.0)
                && (it.close_height == 0 || it.close_height >= record.height)
        });
        let past = now > record.attempted.saturating_add(DECIDED_AFTER_S);
        let proof = match record.progress {
            Progress::Sending if alike || !past => Proof::Nothing,
            _ => Proof::NotExecuted,
        };
        Look::Absent(record.height, proof)
    }
}

impl Once for Opening {
    /// The chain's height before the try.
    type Plan = u32;
    type Done = OpenChannelResult;

    const JOURNAL: Journal = Journal::Required;

    fn canonical(&self) -> Value {
        json!({
            "pubkey": self.pubkey_text(),
            "amount": self.params.amount,
            "private": self.params.private,
            "push_amount": self.push,
            "fee": self.fee,
            "memo": self.memo,
            "close_address": self.params.close_address,
            "spend_unconfirmed": self.params.spend_unconfirmed,
        })
    }

    fn original(&self) -> Value {
        serde_json::to_value(&self.params).unwrap_or_default()
    }

    fn unlooked(&self) -> Option<u32> {
        Some(0)
    }

    async fn look(
        &self,
        context: &Context,
        record: Option<&Record>,
    ) -> Result<Look<u32, OpenChannelResult>, Error> {
        let asked = |failure: AttemptError| context.unsent_error(failure);
        let outcome = record.and_then(|record| record.outcome.as_deref());
        if let Some(found) = self.find(context, outcome).await.map_err(asked)? {
            return self.compare(found).map(Look::Found);
        }
        if let Some(record) = record {
            let closed = channel_books::closed(context).await.map_err(asked)?;
            return Ok(self.absence(&closed, record, unix_now()));
        }
        let given = context.operation().is_some_and(|operation| operation.given);
        let height = match given {
            true => get_info::ask(context).await.map_err(asked)?.block_height,
            false => 0,
        };
        Ok(Look::Absent(height, Proof::NotExecuted))
    }

    fn plan_in_journal(&self, plan: &u32) -> (Vec<String>, u32) {
        (Vec::new(), *plan)
    }

    async fn send(
        &self,
        context: &Context,
        _plan: &u32,
    ) -> Result<OpenChannelResult, WriteFailure> {
        let client = context.node().writing_lightning();
        let send = |attempt: Attempt, generation| {
            let mut client = client.clone();
            let request = context.request_on(&attempt, generation, self.message());
            async move {
                let mut updates = client.open_channel(request).await?.into_inner();
                let first = updates.message().await?;
                first.and_then(|update| self.begun(update)).ok_or_else(|| {
                    let wrong = "the stream ended before lnd named the funding transaction";
                    tonic::Status::from_error(wrong.into())
                })
            }
        };
        write(context, send).await
    }

    fn outcome(done: &OpenChannelResult) -> Option<String> {
        Some(done.channel_point.clone())
    }

    fn decisive_after(&self, attempted: u64) -> Option<u64> {
        Some(attempted.saturating_add(DECIDED_AFTER_S))
    }
}

#[cfg(test)]
#[path = "open_channel_tests.rs"]
mod tests;
