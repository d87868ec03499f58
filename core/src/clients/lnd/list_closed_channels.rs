//! list_closed_channels: channels that are no more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel_terms::{funding, initiator};
use super::context::Context;
use super::invoice_view::positive;
use super::node::Lightning;
use crate::clients::json::absent::{number, text};
use crate::clients::json::{Decimal, Satoshis};
use crate::error::Error;
use crate::transport::generated::lnrpc::channel_close_summary::ClosureType;
use crate::transport::generated::lnrpc::{ChannelCloseSummary, ClosedChannelsRequest};

/// Which kinds of closing, several together if wanted; all by default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListClosedChannelsParams {
    /// Closed by agreement.
    #[serde(default)]
    cooperative: bool,
    /// Force closed by this node.
    #[serde(default)]
    local_force: bool,
    /// Force closed by the peer.
    #[serde(default)]
    remote_force: bool,
    /// Closed by the peer with an old state, and punished.
    #[serde(default)]
    breach: bool,
    /// Never came to life.
    #[serde(default)]
    funding_canceled: bool,
    /// Given up by the operator.
    #[serde(default)]
    abandoned: bool,
}

/// The channels.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListClosedChannelsResult {
    /// In lnd's order.
    pub(super) channels: Vec<ClosedChannelView>,
}

/// One closed channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ClosedChannelView {
    /// lnd's short channel id; null for one that was never confirmed.
    channel_id: Option<Decimal>,
    /// Key of the peer, 66 hex digits.
    remote_pubkey: String,
    /// Size, satoshis.
    capacity: Satoshis,
    /// Funding output, `txid:index`.
    channel_point: String,
    /// Its transaction.
    funding_txid: Option<String>,
    /// Its index.
    funding_output_index: Option<u32>,
    /// Transaction that closed it; null when there was none.
    closing_tx_hash: Option<String>,
    /// Height of that transaction; null when there was none.
    close_height: Option<u32>,
    /// What came back to the node at once, satoshis.
    settled_balance: Satoshis,
    /// What had to wait first, satoshis.
    time_locked_balance: Satoshis,
    /// `cooperative`, `local_force`, `remote_force`, `breach`, `funding_canceled` or `abandoned`.
    close_type: String,
    /// Who opened it: `local`, `remote` or `both`; null when lnd does not know.
    open_initiator: Option<String>,
    /// Who closed it, in the same words.
    close_initiator: Option<String>,
    /// Other ids under which it could be named.
    alias_scids: Vec<Decimal>,
    /// The confirmed id of a zero-conf channel; null for others.
    zero_conf_confirmed_scid: Option<Decimal>,
}

pub(crate) async fn list_closed_channels(
    context: &Context,
    params: ListClosedChannelsParams,
) -> Result<ListClosedChannelsResult, Error> {
    let message = ClosedChannelsRequest {
        cooperative: params.cooperative,
        local_force: params.local_force,
        remote_force: params.remote_force,
        breach: params.breach,
        funding_canceled: params.funding_canceled,
        abandoned: params.abandoned,
    };
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.closed_channels(request).await };
    let answer = context.query(client, message, ask).await?;
    let channels = answer.channels.into_iter();
    Ok(ListClosedChannelsResult {
        channels: channels.map(ClosedChannelView::from).collect(),
    })
}

impl From<ChannelCloseSummary> for ClosedChannelView {
    fn from(closed: ChannelCloseSummary) -> Self {
        let (funding_txid, funding_output_index) = funding(&closed.channel_point);
        Self {
            channel_id: number(closed.chan_id).map(Decimal),
            remote_pubkey: closed.remote_pubkey,
            capacity: Satoshis(positive(closed.capacity)),
            channel_point: closed.channel_point,
            funding_txid,
            funding_output_index,
            closing_tx_hash: text(closed.closing_tx_hash).filter(|hash| !is_zero(hash)),
            close_height: number(closed.close_height),
            settled_balance: Satoshis(positive(closed.settled_balance)),
            time_locked_balance: Satoshis(positive(closed.time_locked_balance)),
            close_type: close_type(closed.close_type),
            open_initiator: initiator(closed.open_initiator),
            close_initiator: initiator(closed.close_initiator),
            alias_scids: closed.alias_scids.into_iter().map(Decimal).collect(),
            zero_conf_confirmed_scid: number(closed.zero_conf_confirmed_scid).map(Decimal),
        }
    }
}

/// lnd writes "no transaction" as a hash of zeros.
fn is_zero(hash: &str) -> bool {
    hash.bytes().all(|digit| digit == b'0')
}

fn close_type(number: i32) -> String {
    match ClosureType::try_from(number) {
        Ok(ClosureType::CooperativeClose) => "cooperative".to_owned(),
        Ok(ClosureType::LocalForceClose) => "local_force".to_owned(),
        Ok(ClosureType::RemoteForceClose) => "remote_force".to_owned(),
        Ok(ClosureType::BreachClose) => "breach".to_owned(),
        Ok(ClosureType::FundingCanceled) => "funding_canceled".to_owned(),
        Ok(ClosureType::Abandoned) => "abandoned".to_owned(),
        Err(_) => format!("unknown_{number}"),
    }
}
