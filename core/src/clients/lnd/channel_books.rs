//! lnd's books about channels: those pending, open and closed, read for a decision about a write.

use super::context::Context;
use crate::resilience::{Attempt, AttemptError};
use crate::transport::generated::lnrpc::pending_channels_response::PendingChannel;
use crate::transport::generated::lnrpc::{
    Channel, ChannelCloseSummary, ClosedChannelsRequest, ListChannelsRequest,
    PendingChannelsRequest, PendingChannelsResponse,
};

/// A channel that is being opened or closed.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) channel: PendingChannel,
    pub(super) stage: Stage,
    /// Of a channel that is being closed, once lnd knows it.
    pub(super) closing_txid: Option<String>,
}

/// Where a pending channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Opening,
    Closing,
}

pub(super) async fn pending(context: &Context) -> Result<Vec<Pending>, AttemptError> {
    let client = context.node().deciding_lightning();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let request = context.request(&attempt, PendingChannelsRequest::default());
        async move { client.pending_channels(request).await }
    };
    context
        .read(send)
        .await
        .map(|found| list(found.into_inner()))
}

fn list(found: PendingChannelsResponse) -> Vec<Pending> {
    let entry = |channel: Option<PendingChannel>, stage, closing: String| {
        channel.map(|channel| Pending {
            channel,
            stage,
            closing_txid: Some(closing).filter(|txid| !txid.is_empty()),
        })
    };
    let opening = found.pending_open_channels.into_iter();
    let waiting = found.waiting_close_channels.into_iter();
    let forced = found.pending_force_closing_channels.into_iter();
    opening
        .filter_map(|it| entry(it.channel, Stage::Opening, String::new()))
        .chain(waiting.filter_map(|it| entry(it.channel, Stage::Closing, it.closing_txid)))
        .chain(forced.filter_map(|it| entry(it.channel, Stage::Closing, it.closing_txid)))
        .collect()
}

pub(super) async fn open(context: &Context) -> Result<Vec<Channel>, AttemptError> {
    let client = context.node().deciding_lightning();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let request = context.request(&attempt, ListChannelsRequest::default());
        async move { client.list_channels(request).await }
    };
    context
        .read(send)
        .await
        .map(|found| found.into_inner().channels)
}

pub(super) async fn closed(context: &Context) -> Result<Vec<ChannelCloseSummary>, AttemptError> {
    let client = context.node().deciding_lightning();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let request = context.request(&attempt, ClosedChannelsRequest::default());
        async move { client.closed_channels(request).await }
    };
    context
        .read(send)
        .await
        .map(|found| found.into_inner().channels)
}
