//! Closing channels: by both ends, or by force of one, whose share is then locked for a while.

use bitcoin::{OutPoint, ScriptBuf, TxOut, Txid, WScriptHash, hashes::Hash};
use tokio::sync::mpsc::UnboundedReceiver;
use tonic::Status;

use super::{
    amount::MSAT,
    chain_address,
    channel::Channel,
    channel_phase::{ANCHORS_SAT, CSV_DELAY, Closing, Event, Phase, Share},
    fee_rate::FeeRate,
    network::{Network, NodeId},
    onchain::bytes_of,
    wallet::Kind,
};
use crate::{
    chain::{pay, spend, transaction},
    proto::lnrpc::{
        ChannelCloseUpdate, ChannelPoint, CloseChannelRequest, CloseStatusUpdate, InstantUpdate,
        PendingUpdate, channel_point::FundingTxid, close_status_update::Update,
    },
    random::random_bytes,
};

const DUST_SAT: u64 = 354;
/// A closing transaction with two outputs, and a sweep of one coin, in weight units.
const CLOSE_WEIGHT: u64 = 772;
const SWEEP_WEIGHT: u64 = 600;
const SWEEP_LABEL: &str = "0:sweep";

impl Network {
    /// CloseChannel: the closing transaction is out when this returns.
    pub(crate) fn close_channel(
        &mut self,
        id: NodeId,
        request: &CloseChannelRequest,
    ) -> Result<UnboundedReceiver<CloseStatusUpdate>, Status> {
        let point = request
            .channel_point
            .as_ref()
            .ok_or_else(|| Status::unknown("must specify channel point in close channel"))?;
        if request.force && (request.sat_per_vbyte != 0 || request.target_conf != 0) {
            return Err(Status::unknown(
                "force closing a channel uses a pre-defined fee",
            ));
        }
        let point = read_point(point)?;
        let is_known = |channel: &Channel| {
            channel.point == point
                && channel.peer_of(id).is_some()
                && !matches!(channel.phase, Phase::Closed(_))
        };
        let place = self
            .channels
            .iter()
            .position(is_known)
            .ok_or_else(|| Status::unknown("channel not found"))?;
        let htlcs = self.channel_mut(place)?.htlcs.len();
        let closing = match request.force {
            true => self.force_close(id, place)?,
            false => self.cooperative_close(id, place, request)?,
        };
        let mut updates = Vec::new();
        if request.no_wait {
            updates.push(Update::CloseInstant(InstantUpdate {
                num_pending_htlcs: i32::try_from(htlcs).unwrap_or(i32::MAX),
            }));
        }
        updates.push(Update::ClosePending(PendingUpdate {
            txid: bytes_of(&closing.txid),
            ..PendingUpdate::default()
        }));
        let updates = updates.into_iter().map(as_status).collect();
        let channel = self.channel_mut(place)?;
        channel.phase = Phase::Closing(closing);
        let updates = channel.closers.add_with(updates);
        self.tell_channel(place, Event::Inactive);
        Ok(updates)
    }

    fn cooperative_close(
        &mut self,
        id: NodeId,
        place: usize,
        request: &CloseChannelRequest,
    ) -> Result<Closing, Status> {
        let channel = self.channel_mut(place)?;
        let (opener, peer) = channel.ends();
        let htlcs = channel.htlcs.len();
        if !channel.is_open() || !self.links.connect(opener, peer) {
            return Err(Status::unknown(
                "unable to gracefully close channel while peer is offline (try force closing it \
                 instead): channel link not found",
            ));
        }
        let rate = FeeRate::wanted(request.sat_per_vbyte, request.target_conf)?;
        if htlcs > 0 {
            return Err(match request.no_wait {
                true => Status::unimplemented(
                    "the devnet does not simulate closing a channel once its htlcs are gone",
                ),
                false => Status::unknown(format!(
                    "cannot coop close channel with active htlcs (number of active htlcs: \
                     {htlcs}), bypass this check and initiate the coop close by setting \
                     no_wait=true"
                )),
            });
        }
        let delivery = delivery(&request.delivery_address)?;
        let channel = self.channel_mut(place)?;
        let (capacity, point) = (channel.terms.capacity_sat, channel.point);
        let agreed = channel.terms.close_script.clone();
        let peer_sat = channel.balances(peer).local_msat / MSAT;
        let opener_sat = (capacity - peer_sat).saturating_sub(rate.fee(CLOSE_WEIGHT));
        let mut outputs = Vec::new();
        let mut shares = [none(); 2];
        let ends = [(opener, opener_sat, agreed), (peer, peer_sat, None)];
        for (share, (end, sat, agreed)) in shares.iter_mut().zip(ends) {
            share.sat = kept(sat);
            if share.sat > 0 {
                let wanted = delivery.clone().filter(|_| end == id).or(agreed);
                let script = match wanted {
                    Some(script) => script,
                    None => self.own_script(end)?,
                };
                outputs.push(pay(share.sat, script));
            }
        }
        let txid = self.publish_closing(place, &[opener, peer], point, outputs)?;
        Ok(closing(txid, id, false, shares))
    }

    fn force_close(&mut self, id: NodeId, place: usize) -> Result<Closing, Status> {
        let channel = self.channel_mut(place)?;
        match &channel.phase {
            Phase::Open => {}
            Phase::Closing(closing) if closing.forced => {
                return Err(Status::unknown(
                    "channel is already in the process of being force closed",
                ));
            }
            _ => return Err(Status::unknown("unable to find arbitrator")),
        }
        if !channel.htlcs.is_empty() {
            return Err(Status::unimplemented(
                "the devnet does not simulate force closing a channel with active htlcs",
            ));
        }
        let point = channel.point;
        let (opener, peer) = channel.ends();
        let sats = [opener, peer].map(|end| channel.balances(end).local_msat / MSAT);
        let anchor = || locked_script().map(|script| pay(ANCHORS_SAT / 2, script));
        let mut outputs = vec![anchor()?, anchor()?];
        let mut shares = [none(); 2];
        for (share, (end, sat)) in shares.iter_mut().zip([opener, peer].into_iter().zip(sats)) {
            share.sat = kept(sat);
            if share.sat > 0 {
                share.vout = u32::try_from(outputs.len()).ok();
                share.delay = if end == id { CSV_DELAY } else { 1 };
                share.recovered = false;
                outputs.push(pay(share.sat, locked_script()?));
            }
        }
        let txid = self.publish_closing(place, &[id], point, outputs)?;
        Ok(closing(txid, id, true, shares))
    }

    /// Broadcasts a closing transaction, which those who do so keep under a label.
    fn publish_closing(
        &mut self,
        place: usize,
        publishers: &[NodeId],
        point: OutPoint,
        outputs: Vec<TxOut>,
    ) -> Result<Txid, Status> {
        let label = format!("0:closechannel:shortchanid-{}", self.channel_mut(place)?.id);
        let transaction = transaction(vec![spend(point)], outputs);
        let txid = transaction.compute_txid();
        for publisher in publishers {
            let labels = &mut self.known_mut(*publisher)?.onchain.labels;
            labels.insert(txid, label.clone());
        }
        self.broadcast(transaction)
    }

    fn own_script(&mut self, id: NodeId) -> Result<ScriptBuf, Status> {
        let address = self.known_mut(id)?.onchain.next_address(Kind::Taproot)?;
        Ok(address.script_pubkey())
    }

    /// Lets a new block count for all closing transactions and sweeps.
    pub(crate) fn follow_closings(&mut self) {
        for place in 0..self.channels.len() {
            self.follow_closing(place);
            for is_opener in [true, false] {
                self.recover(place, is_opener);
            }
        }
    }

    fn follow_closing(&mut self, place: usize) -> Option<()> {
        let channel = self.channels.get_mut(place)?;
        let wanted = channel.terms.close_confirmations();
        let Phase::Closing(closing) = &mut channel.phase else {
            return None;
        };
        let confirmations = self.chain.confirmations(&closing.txid);
        let confirmed = self.chain.get(&closing.txid)?.place.as_ref()?;
        closing.height = confirmed.height;
        // Of a forced one the client is told at once, of the other when it is certain.
        if closing.forced || confirmations >= wanted {
            let closing_txid = bytes_of(&closing.txid);
            channel
                .closers
                .tell(&as_status(Update::ChanClose(ChannelCloseUpdate {
                    closing_txid,
                    success: true,
                })));
            channel.closers.end();
        }
        if confirmations >= wanted
            && let Phase::Closing(closing) = std::mem::replace(&mut channel.phase, Phase::Pending)
        {
            let forced = closing.forced;
            channel.phase = Phase::Closed(closing);
            self.tell_channel(place, Event::Closed);
            if !forced {
                self.tell_channel(place, Event::Resolved);
            }
        }
        Some(())
    }

    /// Sweeps a share of a forced close once it is not locked any more.
    fn recover(&mut self, place: usize, is_opener: bool) -> Option<()> {
        let channel = self.channels.get(place)?;
        let Phase::Closed(closing) = &channel.phase else {
            return None;
        };
        let (opener, peer) = channel.ends();
        let owner = if is_opener { opener } else { peer };
        let share = *closing.share(is_opener);
        let (txid, height) = (closing.txid, closing.height);
        let mut now = share;
        match share.sweep {
            Some(_) if share.recovered => return None,
            Some(sweep) => now.recovered = self.chain.confirmations(&sweep) > 0,
            None if share.recovered || !self.node(owner)?.running => return None,
            None if self.chain.height() + 1 < height + share.delay => return None,
            None => now.sweep = Some(self.sweep_share(owner, txid, &share).ok()?),
        }
        if let Phase::Closed(closing) = &mut self.channels.get_mut(place)?.phase {
            let [first, second] = &mut closing.shares;
            *(if is_opener { first } else { second }) = now;
        }
        if now.recovered && !share.recovered {
            self.tell_end(place, owner, Event::Resolved);
        }
        Some(())
    }

    fn sweep_share(&mut self, owner: NodeId, txid: Txid, share: &Share) -> Result<Txid, Status> {
        let vout = share.vout.unwrap_or_default();
        let sat = share
            .sat
            .saturating_sub(FeeRate::FALLBACK.fee(SWEEP_WEIGHT));
        let output = pay(sat, self.change_script(owner)?);
        let sweep = transaction(vec![spend(OutPoint { txid, vout })], vec![output]);
        self.publish(owner, sweep, SWEEP_LABEL.to_owned())
    }
}

fn closing(txid: Txid, by: NodeId, forced: bool, shares: [Share; 2]) -> Closing {
    Closing {
        txid,
        by,
        forced,
        height: 0,
        shares,
    }
}

fn none() -> Share {
    Share {
        sat: 0,
        vout: None,
        delay: 0,
        sweep: None,
        recovered: true,
    }
}

/// Dust goes to the miners.
fn kept(sat: u64) -> u64 {
    if sat < DUST_SAT { 0 } else { sat }
}

fn locked_script() -> Result<ScriptBuf, Status> {
    let hash = random_bytes().map_err(|error| Status::internal(error.to_string()))?;
    Ok(ScriptBuf::new_p2wsh(&WScriptHash::from_byte_array(hash)))
}

fn delivery(address: &str) -> Result<Option<ScriptBuf>, Status> {
    if address.is_empty() {
        return Ok(None);
    }
    match chain_address::decode(address) {
        Ok(chain_address::Decoded::Own(script)) => Ok(Some(script)),
        Ok(chain_address::Decoded::Foreign) => {
            Err(Status::unknown("delivery address is not for regtest"))
        }
        Err(error) => {
            let text = error.message();
            Err(Status::unknown(format!("invalid delivery address: {text}")))
        }
    }
}

fn read_point(point: &ChannelPoint) -> Result<OutPoint, Status> {
    let txid = match &point.funding_txid {
        Some(FundingTxid::FundingTxidBytes(bytes)) => {
            let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| {
                let length = bytes.len();
                Status::unknown(format!("invalid hash length of {length}, want 32"))
            })?;
            Txid::from_byte_array(bytes)
        }
        // Go's decoder fills short ones up with zeros, and so takes an absent one for zero.
        Some(FundingTxid::FundingTxidStr(text)) => format!("{text:0>64}")
            .parse()
            .map_err(|_| Status::unknown("encoding/hex: invalid byte"))?,
        None => Txid::all_zeros(),
    };
    let vout = point.output_index;
    Ok(OutPoint { txid, vout })
}

fn as_status(update: Update) -> CloseStatusUpdate {
    CloseStatusUpdate {
        update: Some(update),
    }
}
