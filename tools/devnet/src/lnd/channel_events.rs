//! SubscribeChannelEvents: what becomes of a node's channels, told to everybody who listens.

use bitcoin::OutPoint;
use tokio::sync::mpsc::UnboundedReceiver;
use tonic::Status;

use super::{
    channel_phase::{Event, Phase},
    closed_channels::closed_view,
    network::{Network, NodeId},
    onchain::bytes_of,
};
use crate::proto::lnrpc::{
    ChannelCommitUpdate, ChannelEventUpdate, ChannelPoint, PendingUpdate,
    channel_event_update::{Channel as Subject, UpdateType},
    channel_point::FundingTxid,
};

impl Network {
    /// SubscribeChannelEvents: from now on.
    pub(crate) fn subscribe_channel_events(
        &mut self,
        id: NodeId,
    ) -> Result<UnboundedReceiver<ChannelEventUpdate>, Status> {
        Ok(self.known_mut(id)?.channel_watchers.add())
    }

    /// Tells both ends of a channel.
    pub(crate) fn tell_channel(&mut self, place: usize, event: Event) {
        let Some((opener, peer)) = self.channels.get(place).map(super::channel::Channel::ends)
        else {
            return;
        };
        for end in [opener, peer] {
            self.tell_end(place, end, event);
        }
    }

    /// Tells one end of a channel.
    pub(crate) fn tell_end(&mut self, place: usize, end: NodeId, event: Event) {
        if let Some(update) = self.event_view(place, end, event)
            && let Some(node) = self.node_mut(end)
        {
            node.channel_watchers.tell(&update);
        }
    }

    /// Two nodes have been connected, or are not any more.
    pub(crate) fn tell_link(&mut self, one: NodeId, other: NodeId, event: Event) {
        for place in 0..self.channels.len() {
            let between = self
                .channels
                .get(place)
                .is_some_and(|channel| channel.is_open() && channel.peer_of(one) == Some(other));
            if between {
                self.tell_channel(place, event);
            }
        }
    }

    fn event_view(&self, place: usize, end: NodeId, event: Event) -> Option<ChannelEventUpdate> {
        let channel = self.channels.get(place)?;
        let peer = self.node(channel.peer_of(end)?)?;
        let point = || point_view(&channel.point);
        let (kind, subject) = match event {
            Event::Pending => {
                let update = PendingUpdate {
                    txid: bytes_of(&channel.point.txid),
                    output_index: channel.point.vout,
                    ..PendingUpdate::default()
                };
                let subject = Subject::PendingOpenChannel(update);
                (UpdateType::PendingOpenChannel, subject)
            }
            Event::Open => {
                let view = self.channel_view(end, channel, peer);
                (UpdateType::OpenChannel, Subject::OpenChannel(view))
            }
            Event::Updated => {
                let view = self.channel_view(end, channel, peer);
                let update = ChannelCommitUpdate {
                    channel: Some(view),
                };
                (UpdateType::ChannelUpdate, Subject::UpdatedChannel(update))
            }
            Event::Active => (UpdateType::ActiveChannel, Subject::ActiveChannel(point())),
            Event::Inactive => {
                let subject = Subject::InactiveChannel(point());
                (UpdateType::InactiveChannel, subject)
            }
            Event::Closed => {
                let Phase::Closed(closing) = &channel.phase else {
                    return None;
                };
                let view = closed_view(end, channel, peer, closing);
                (UpdateType::ClosedChannel, Subject::ClosedChannel(view))
            }
            Event::Resolved => {
                let subject = Subject::FullyResolvedChannel(point());
                (UpdateType::FullyResolvedChannel, subject)
            }
        };
        Some(ChannelEventUpdate {
            channel: Some(subject),
            r#type: kind.into(),
        })
    }
}

/// A channel point as messages carry it.
pub(crate) fn point_view(point: &OutPoint) -> ChannelPoint {
    ChannelPoint {
        funding_txid: Some(FundingTxid::FundingTxidBytes(bytes_of(&point.txid))),
        output_index: point.vout,
    }
}
