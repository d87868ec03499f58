//! list_channels: the open channels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel_view::ChannelView;
use super::context::Context;
use super::node::Lightning;
use crate::clients::json::PublicKey;
use crate::error::{Error, Status};
use crate::transport::generated::lnrpc::ListChannelsRequest;

/// Which channels; all open ones by default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListChannelsParams {
    /// Only those that can carry payments now.
    #[serde(default)]
    active_only: bool,
    /// Only those that cannot.
    #[serde(default)]
    inactive_only: bool,
    /// Only those in the public graph.
    #[serde(default)]
    public_only: bool,
    /// Only those kept from it.
    #[serde(default)]
    private_only: bool,
    /// Only those with this peer, 66 hex digits.
    #[serde(default)]
    peer: Option<PublicKey>,
    /// Shows the peers' names too; costs lnd a look into its graph for each.
    #[serde(default)]
    peer_alias_lookup: bool,
}

/// The channels.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListChannelsResult {
    /// In lnd's order.
    pub(super) channels: Vec<ChannelView>,
}

pub(crate) async fn list_channels(
    context: &Context,
    params: ListChannelsParams,
) -> Result<ListChannelsResult, Error> {
    exclusive(
        "active_only",
        params.active_only,
        "inactive_only",
        params.inactive_only,
    )?;
    exclusive(
        "public_only",
        params.public_only,
        "private_only",
        params.private_only,
    )?;
    let message = ListChannelsRequest {
        active_only: params.active_only,
        inactive_only: params.inactive_only,
        public_only: params.public_only,
        private_only: params.private_only,
        peer: params.peer.map_or_else(Vec::new, |key| key.0.to_vec()),
        peer_alias_lookup: params.peer_alias_lookup,
    };
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.list_channels(request).await };
    let answer = context.query(client, message, ask).await?;
    Ok(ListChannelsResult {
        channels: answer.channels.into_iter().map(ChannelView::from).collect(),
    })
}

fn exclusive(first: &str, is_first: bool, second: &str, is_second: bool) -> Result<(), Error> {
    if is_first && is_second {
        return Err(Error::local(
            Status::InvalidArgument,
            format!("field `{second}`: true beside {first}"),
            "set one of the two, or none for all channels",
        ));
    }
    Ok(())
}
