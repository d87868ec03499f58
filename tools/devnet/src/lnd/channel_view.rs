//! What a node tells of its channels and of the balance in them.

use tonic::Status;

use super::{
    amount::{self, MSAT},
    channel::{Channel, Htlc},
    channel_phase::{COMMIT_FEE_SAT, CSV_DELAY, Phase},
    network::{Network, Node, NodeId},
};
use crate::proto::lnrpc::{
    self, Amount, ChannelBalanceResponse, ChannelConstraints, CommitmentType, ListChannelsRequest,
    ListChannelsResponse,
};

/// Of a commitment transaction with two shares, two anchors and no HTLC.
const COMMIT_WEIGHT: u64 = 1116;
const PUBKEY_LENGTH: usize = 33;
/// lnd's defaults for anchor channels.
const DUST_LIMIT_SAT: u64 = 354;
const MIN_HTLC_MSAT: u64 = 1;
const MAX_HTLCS: u32 = 483;

impl Network {
    /// ListChannels.
    pub(crate) fn list_channels(
        &self,
        id: NodeId,
        request: &ListChannelsRequest,
    ) -> Result<ListChannelsResponse, Status> {
        if request.active_only && request.inactive_only {
            return Err(Status::unknown(
                "either `active_only` or `inactive_only` can be set, but not both",
            ));
        }
        if request.public_only && request.private_only {
            return Err(Status::unknown(
                "either `public_only` or `private_only` can be set, but not both",
            ));
        }
        if !matches!(request.peer.len(), 0 | PUBKEY_LENGTH) {
            let length = request.peer.len();
            return Err(Status::unknown(format!(
                "invalid `peer` key: invalid vertex length of {length}, want {PUBKEY_LENGTH}"
            )));
        }
        let of_peer = |peer: &Node| {
            request.peer.is_empty() || peer.identity.pubkey.serialize()[..] == request.peer
        };
        let channels = self
            .channels_of(id)
            .filter(|(_, peer)| of_peer(peer))
            .map(|(channel, peer)| {
                let mut view = self.channel_view(id, channel, peer);
                if request.peer_alias_lookup {
                    view.peer_alias.clone_from(&peer.identity.alias);
                }
                view
            })
            .filter(|view| !request.active_only || view.active)
            .filter(|view| !request.inactive_only || !view.active)
            .filter(|view| !request.public_only || !view.private)
            .filter(|view| !request.private_only || view.private)
            .collect();
        Ok(ListChannelsResponse { channels })
    }

    /// An open channel as one of its ends shows it.
    pub(crate) fn channel_view(
        &self,
        id: NodeId,
        channel: &Channel,
        peer: &Node,
    ) -> lnrpc::Channel {
        let balances = channel.balances(id);
        lnrpc::Channel {
            active: self.is_up(channel),
            remote_pubkey: peer.identity.pubkey.to_string(),
            channel_point: channel.point.to_string(),
            chan_id: channel.id,
            capacity: amount::signed(channel.terms.capacity_sat),
            local_balance: amount::sat(balances.local_msat),
            remote_balance: amount::sat(balances.remote_msat),
            commit_fee: amount::signed(COMMIT_FEE_SAT),
            commit_weight: amount::signed(COMMIT_WEIGHT),
            fee_per_kw: amount::signed(COMMIT_FEE_SAT * 1000 / COMMIT_WEIGHT),
            chan_status_flags: "ChanStatusDefault".to_owned(),
            unsettled_balance: amount::sat(balances.incoming_msat + balances.outgoing_msat),
            total_satoshis_sent: amount::sat(balances.sent_msat),
            total_satoshis_received: amount::sat(balances.received_msat),
            num_updates: channel.updates,
            pending_htlcs: channel
                .htlcs
                .iter()
                .map(|htlc| htlc_view(id, htlc))
                .collect(),
            private: channel.terms.private,
            initiator: channel.is_opener(id),
            push_amount_sat: channel.terms.pushed_sat,
            local_constraints: Some(constraints(channel)),
            remote_constraints: Some(constraints(channel)),
            // The note is the opener's; it never leaves its node.
            memo: match channel.is_opener(id) {
                true => channel.terms.memo.clone(),
                false => String::new(),
            },
            commitment_type: CommitmentType::Anchors.into(),
            ..lnrpc::Channel::default()
        }
    }

    /// ChannelBalance.
    pub(crate) fn channel_balance(&self, id: NodeId) -> Result<ChannelBalanceResponse, Status> {
        self.known(id)?;
        let mut sums = [0; 6];
        for (channel, _) in self.channels_of(id) {
            let balances = channel.balances(id);
            sums[0] += balances.local_msat;
            sums[1] += balances.remote_msat;
            sums[2] += balances.incoming_msat;
            sums[3] += balances.outgoing_msat;
        }
        for (channel, _) in self.all_channels_of(id) {
            if matches!(channel.phase, Phase::Pending) {
                let balances = channel.balances(id);
                sums[4] += balances.local_msat;
                sums[5] += balances.remote_msat;
            }
        }
        let [
            local,
            remote,
            incoming,
            outgoing,
            pending_local,
            pending_remote,
        ] = sums.map(|msat| {
            Some(Amount {
                sat: msat / MSAT,
                msat,
            })
        });
        Ok(ChannelBalanceResponse {
            local_balance: local,
            remote_balance: remote,
            unsettled_local_balance: incoming,
            unsettled_remote_balance: outgoing,
            pending_open_local_balance: pending_local,
            pending_open_remote_balance: pending_remote,
        })
    }
}

fn constraints(channel: &Channel) -> ChannelConstraints {
    ChannelConstraints {
        csv_delay: CSV_DELAY,
        chan_reserve_sat: channel.reserve_sat(),
        dust_limit_sat: DUST_LIMIT_SAT,
        // The peers let everything but the reserve be in flight, as lnd's default does.
        max_pending_amt_msat: (channel.terms.capacity_sat - channel.reserve_sat()) * MSAT,
        min_htlc_msat: MIN_HTLC_MSAT,
        max_accepted_htlcs: MAX_HTLCS,
    }
}

fn htlc_view(id: NodeId, htlc: &Htlc) -> lnrpc::Htlc {
    lnrpc::Htlc {
        incoming: htlc.from != id,
        amount: amount::sat(htlc.amount_msat),
        hash_lock: htlc.hash.to_vec(),
        expiration_height: htlc.expiry,
        htlc_index: htlc.index,
        locked_in: true,
        ..lnrpc::Htlc::default()
    }
}
