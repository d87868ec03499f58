//! What a node tells of its channels and of the balance in them.

use tonic::Status;

use super::{
    amount::{self, MSAT},
    channel::{Channel, Htlc},
    network::{Network, Node, NodeId},
};
use crate::proto::devnet::lnd::{
    self, Amount, ChannelBalanceResponse, ChannelConstraints, ListChannelsRequest,
    ListChannelsResponse,
};

const CSV_DELAY: u32 = 144;

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
        let channels = self
            .channels_of(id)
            .map(|(channel, peer)| self.channel_view(id, channel, peer))
            .filter(|view| !request.active_only || view.active)
            .filter(|view| !request.inactive_only || !view.active)
            .collect();
        Ok(ListChannelsResponse { channels })
    }

    fn channel_view(&self, id: NodeId, channel: &Channel, peer: &Node) -> lnd::Channel {
        let balances = channel.balances(id);
        let constraints = || {
            Some(ChannelConstraints {
                csv_delay: CSV_DELAY,
                chan_reserve_sat: channel.reserve_sat(),
            })
        };
        lnd::Channel {
            active: self.is_up(channel),
            remote_pubkey: peer.identity.pubkey.to_string(),
            channel_point: channel.point.clone(),
            chan_id: channel.id,
            capacity: amount::signed(channel.capacity_sat),
            local_balance: amount::sat(balances.local_msat),
            remote_balance: amount::sat(balances.remote_msat),
            commit_fee: amount::signed(channel.commit_fee_sat()),
            unsettled_balance: amount::sat(balances.incoming_msat + balances.outgoing_msat),
            total_satoshis_sent: amount::sat(balances.sent_msat),
            total_satoshis_received: amount::sat(balances.received_msat),
            num_updates: channel.updates,
            pending_htlcs: channel
                .htlcs
                .iter()
                .map(|htlc| htlc_view(id, htlc))
                .collect(),
            private: false,
            initiator: channel.is_opener(id),
            push_amount_sat: channel.pushed_sat,
            local_constraints: constraints(),
            remote_constraints: constraints(),
            memo: String::new(),
        }
    }

    /// ChannelBalance.
    pub(crate) fn channel_balance(&self, id: NodeId) -> Result<ChannelBalanceResponse, Status> {
        self.known(id)?;
        let mut sums = [0; 4];
        for (channel, _) in self.channels_of(id) {
            let balances = channel.balances(id);
            sums[0] += balances.local_msat;
            sums[1] += balances.remote_msat;
            sums[2] += balances.incoming_msat;
            sums[3] += balances.outgoing_msat;
        }
        let [local, remote, incoming, outgoing] = sums.map(|msat| {
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
            pending_open_local_balance: Some(Amount::default()),
            pending_open_remote_balance: Some(Amount::default()),
        })
    }
}

fn htlc_view(id: NodeId, htlc: &Htlc) -> lnd::Htlc {
    lnd::Htlc {
        incoming: htlc.from != id,
        amount: amount::sat(htlc.amount_msat),
        hash_lock: htlc.hash.to_vec(),
        expiration_height: htlc.expiry,
        htlc_index: htlc.index,
        forwarding_channel: 0,
        locked_in: true,
    }
}
