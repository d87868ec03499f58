//! The stream `channel_events`: channels that open, close, come and go. lnd keeps no record of these
//! events, so what happened while there was no connection is lost, and said to be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::channel_view::ChannelView;
use super::super::list_closed_channels::ClosedChannelView;
use super::super::node::Lightning;
use super::subscriber::{Source, Subscriber, broken, watch};
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::channel_event_update::{Channel as Event, UpdateType};
use crate::transport::generated::lnrpc::channel_point::FundingTxid;
use crate::transport::generated::lnrpc::{
    Channel, ChannelBalanceRequest, ChannelEventSubscription, ChannelEventUpdate, ChannelPoint,
};

/// There is nothing to choose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelEventsParams {}

/// One event.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChannelEventsItem {
    /// `pending_open_channel`, `open_channel`, `active_channel`, `inactive_channel`, `closed_channel`,
    /// `fully_resolved_channel`, `channel_funding_timeout` or `channel_update` (its balances changed; from
    /// lnd 0.21 on).
    event: String,
    /// Funding output, `txid:index`; null only for an event that this version does not know.
    channel_point: Option<String>,
    /// The channel, when it has opened or its balances changed; else null.
    channel: Option<ChannelView>,
    /// What is left of the channel, when it has closed; else null.
    closed_channel: Option<ClosedChannelView>,
}

pub(crate) async fn channel_events(subscriber: &Subscriber, _: ChannelEventsParams) -> Error {
    watch(subscriber, ChannelEvents).await
}

struct ChannelEvents;

impl Source for ChannelEvents {
    /// There is nothing to catch up on; a small read proves that lnd answers and lets this caller in.
    async fn catch_up(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        let ask =
            |mut client: Lightning, request| async move { client.channel_balance(request).await };
        let client = subscriber.node().lightning();
        let context = subscriber.context();
        context.ask(client, ChannelBalanceRequest {}, ask).await?;
        subscriber.answering();
        Ok(())
    }

    async fn follow(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        let mut subscription = subscriber.subscribe(ChannelEventSubscription {}, {
            let mut client = subscriber.node().deciding_lightning();
            |request| async move { client.subscribe_channel_events(request).await }
        });
        loop {
            let update = subscription.next().await.map_err(broken)?;
            subscriber.progress();
            subscriber.offer(ChannelEventsItem::from(update));
        }
    }
}

impl From<ChannelEventUpdate> for ChannelEventsItem {
    fn from(update: ChannelEventUpdate) -> Self {
        let mut item = Self {
            event: event_name(update.r#type),
            channel_point: None,
            channel: None,
            closed_channel: None,
        };
        match update.channel {
            Some(Event::OpenChannel(channel)) => item.show(channel),
            Some(Event::UpdatedChannel(update)) => {
                if let Some(channel) = update.channel {
                    item.show(channel);
                }
            }
            Some(Event::ClosedChannel(closed)) => {
                item.channel_point = Some(closed.channel_point.clone());
                item.closed_channel = Some(ClosedChannelView::from(closed));
            }
            Some(Event::PendingOpenChannel(pending)) => {
                item.channel_point = Some(outpoint(&pending.txid, pending.output_index));
            }
            Some(
                Event::ActiveChannel(point)
                | Event::InactiveChannel(point)
                | Event::FullyResolvedChannel(point)
                | Event::ChannelFundingTimeout(point),
            ) => item.channel_point = place(&point),
            None => {}
        }
        item
    }
}

impl ChannelEventsItem {
    fn show(&mut self, channel: Channel) {
        self.channel_point = Some(channel.channel_point.clone());
        self.channel = Some(ChannelView::from(channel));
    }
}

fn place(point: &ChannelPoint) -> Option<String> {
    match &point.funding_txid {
        Some(FundingTxid::FundingTxidBytes(txid)) => Some(outpoint(txid, point.output_index)),
        Some(FundingTxid::FundingTxidStr(txid)) => Some(format!("{txid}:{}", point.output_index)),
        None => None,
    }
}

/// lnd's bytes are in the order of the hash, what people read is in the opposite one.
fn outpoint(txid: &[u8], index: u32) -> String {
    let shown: Vec<u8> = txid.iter().rev().copied().collect();
    format!("{}:{index}", hex::encode(shown))
}

fn event_name(number: i32) -> String {
    match UpdateType::try_from(number) {
        Ok(UpdateType::OpenChannel) => "open_channel".to_owned(),
        Ok(UpdateType::ClosedChannel) => "closed_channel".to_owned(),
        Ok(UpdateType::ActiveChannel) => "active_channel".to_owned(),
        Ok(UpdateType::InactiveChannel) => "inactive_channel".to_owned(),
        Ok(UpdateType::PendingOpenChannel) => "pending_open_channel".to_owned(),
        Ok(UpdateType::FullyResolvedChannel) => "fully_resolved_channel".to_owned(),
        Ok(UpdateType::ChannelFundingTimeout) => "channel_funding_timeout".to_owned(),
        Ok(UpdateType::ChannelUpdate) => "channel_update".to_owned(),
        Err(_) => format!("unknown_{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_points_are_shown_as_people_read_them() {
        let mut txid = vec![0; 32];
        txid[0] = 0xab;
        let point = ChannelPoint {
            funding_txid: Some(FundingTxid::FundingTxidBytes(txid)),
            output_index: 1,
        };
        let update = ChannelEventUpdate {
            r#type: UpdateType::InactiveChannel as i32,
            channel: Some(Event::InactiveChannel(point)),
        };
        let item = ChannelEventsItem::from(update);
        assert_eq!(item.event, "inactive_channel");
        assert_eq!(item.channel_point, Some(format!("{}ab:1", "00".repeat(31))));
    }

    #[test]
    fn unknown_events_keep_their_number() {
        let update = ChannelEventUpdate {
            r#type: 77,
            channel: None,
        };
        let item = ChannelEventsItem::from(update);
        assert_eq!(
            (item.event.as_str(), item.channel_point),
            ("unknown_77", None)
        );
    }
}
