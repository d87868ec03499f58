//! What a node tells of channels that are not open: on their way up, on their way down, and gone.

use tonic::Status;

use super::{
    amount::{self, MSAT},
    channel::Channel,
    channel_phase::{COMMIT_FEE_SAT, Closing, Phase},
    network::{Network, Node, NodeId},
};
use crate::proto::lnrpc::{
    ChannelCloseSummary, ClosedChannelsRequest, ClosedChannelsResponse, CommitmentType, Initiator,
    PendingChannelsResponse,
    channel_close_summary::ClosureType,
    pending_channels_response::{
        ForceClosedChannel, PendingChannel, PendingOpenChannel, WaitingCloseChannel,
    },
};

/// The block with which regtest begins.
const REGTEST: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

impl Network {
    /// PendingChannels.
    pub(crate) fn pending_channels(&self, id: NodeId) -> Result<PendingChannelsResponse, Status> {
        self.known(id)?;
        let mut answer = PendingChannelsResponse::default();
        for (channel, peer) in self.all_channels_of(id) {
            match &channel.phase {
                Phase::Open => {}
                Phase::Pending => {
                    answer
                        .pending_open_channels
                        .push(self.opening_view(id, channel, peer));
                }
                Phase::Closing(closing) => {
                    let view = waiting_view(id, channel, peer, closing);
                    answer.total_limbo_balance += view.limbo_balance;
                    answer.waiting_close_channels.push(view);
                }
                Phase::Closed(closing) => {
                    if !closing.share(channel.is_opener(id)).recovered {
                        let view = self.forced_view(id, channel, peer, closing);
                        answer.total_limbo_balance += view.limbo_balance;
                        answer.pending_force_closing_channels.push(view);
                    }
                }
            }
        }
        Ok(answer)
    }

    fn opening_view(&self, id: NodeId, channel: &Channel, peer: &Node) -> PendingOpenChannel {
        let confirmations = self.chain.confirmations(&channel.point.txid);
        let wanted = channel.terms.open_confirmations();
        let place = self
            .chain
            .get(&channel.point.txid)
            .and_then(|seen| seen.place.as_ref());
        PendingOpenChannel {
            channel: Some(pending_view(id, channel, peer, "")),
            commit_fee: amount::signed(COMMIT_FEE_SAT),
            confirmations_until_active: wanted.saturating_sub(confirmations),
            confirmation_height: place.map_or(0, |place| place.height),
        }
    }

    fn forced_view(
        &self,
        id: NodeId,
        channel: &Channel,
        peer: &Node,
        closing: &Closing,
    ) -> ForceClosedChannel {
        let share = closing.share(channel.is_opener(id));
        let maturity = closing.height + share.delay;
        ForceClosedChannel {
            channel: Some(pending_view(id, channel, peer, "")),
            closing_txid: closing.txid.to_string(),
            limbo_balance: amount::signed(share.sat),
            maturity_height: maturity,
            blocks_til_maturity: i32::try_from(
                i64::from(maturity) - i64::from(self.chain.height()),
            )
            .unwrap_or(i32::MAX),
            recovered_balance: 0,
        }
    }

    /// ClosedChannels: those of which nothing is to come any more.
    pub(crate) fn closed_channels(
        &self,
        id: NodeId,
        request: &ClosedChannelsRequest,
    ) -> Result<ClosedChannelsResponse, Status> {
        self.known(id)?;
        let channels = self
            .all_channels_of(id)
            .filter_map(|(channel, peer)| match &channel.phase {
                Phase::Closed(closing) if closing.share(channel.is_opener(id)).recovered => {
                    Some(closed_view(id, channel, peer, closing))
                }
                _ => None,
            })
            .filter(|view| is_wanted(request, view.close_type()))
            .collect();
        Ok(ClosedChannelsResponse { channels })
    }
}

fn is_wanted(request: &ClosedChannelsRequest, kind: ClosureType) -> bool {
    let wanted = [
        (request.cooperative, ClosureType::CooperativeClose),
        (request.local_force, ClosureType::LocalForceClose),
        (request.remote_force, ClosureType::RemoteForceClose),
        (request.breach, ClosureType::BreachClose),
        (request.funding_canceled, ClosureType::FundingCanceled),
        (request.abandoned, ClosureType::Abandoned),
    ];
    let none = wanted.iter().all(|(is_wanted, _)| !is_wanted);
    none || wanted.contains(&(true, kind))
}

fn pending_view(id: NodeId, channel: &Channel, peer: &Node, flags: &str) -> PendingChannel {
    let balances = channel.balances(id);
    PendingChannel {
        remote_node_pub: peer.identity.pubkey.to_string(),
        channel_point: channel.point.to_string(),
        capacity: amount::signed(channel.terms.capacity_sat),
        local_balance: amount::sat(balances.local_msat),
        remote_balance: amount::sat(balances.remote_msat),
        initiator: initiator(channel.is_opener(id)).into(),
        commitment_type: CommitmentType::Anchors.into(),
        chan_status_flags: flags.to_owned(),
        private: channel.terms.private,
        memo: match channel.is_opener(id) {
            true => channel.terms.memo.clone(),
            false => String::new(),
        },
    }
}

fn waiting_view(
    id: NodeId,
    channel: &Channel,
    peer: &Node,
    closing: &Closing,
) -> WaitingCloseChannel {
    let flags = match (closing.forced, closing.by == id) {
        (false, true) => "ChanStatusCoopBroadcasted|ChanStatusLocalCloseInitiator",
        (false, false) => "ChanStatusCoopBroadcasted|ChanStatusRemoteCloseInitiator",
        (true, true) => {
            "ChanStatusBorked|ChanStatusCommitBroadcasted|ChanStatusLocalCloseInitiator"
        }
        (true, false) => "ChanStatusDefault",
    };
    WaitingCloseChannel {
        channel: Some(pending_view(id, channel, peer, flags)),
        limbo_balance: amount::signed(channel.balances(id).local_msat / MSAT),
        closing_txid: closing.txid.to_string(),
    }
}

/// A channel that is gone as one of its ends shows it.
pub(crate) fn closed_view(
    id: NodeId,
    channel: &Channel,
    peer: &Node,
    closing: &Closing,
) -> ChannelCloseSummary {
    let kind = match (closing.forced, closing.by == id) {
        (false, _) => ClosureType::CooperativeClose,
        (true, true) => ClosureType::LocalForceClose,
        (true, false) => ClosureType::RemoteForceClose,
    };
    let settled = amount::signed(closing.share(channel.is_opener(id)).sat);
    ChannelCloseSummary {
        channel_point: channel.point.to_string(),
        chan_id: channel.id,
        chain_hash: REGTEST.to_owned(),
        closing_tx_hash: closing.txid.to_string(),
        remote_pubkey: peer.identity.pubkey.to_string(),
        capacity: amount::signed(channel.terms.capacity_sat),
        close_height: closing.height,
        settled_balance: settled,
        time_locked_balance: match kind {
            ClosureType::LocalForceClose => settled,
            _ => 0,
        },
        close_type: kind.into(),
        open_initiator: initiator(channel.is_opener(id)).into(),
        close_initiator: initiator(closing.by == id).into(),
        ..ChannelCloseSummary::default()
    }
}

fn initiator(is_own: bool) -> Initiator {
    match is_own {
        true => Initiator::Local,
        false => Initiator::Remote,
    }
}
