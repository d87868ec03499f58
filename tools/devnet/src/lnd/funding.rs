//! Opening channels: lnd's checks, the funding transaction, and the blocks that make it count.

use bitcoin::{OutPoint, ScriptBuf, WScriptHash, hashes::Hash, secp256k1::PublicKey};
use tokio::sync::mpsc::UnboundedReceiver;
use tonic::Status;

use super::{
    amount, chain_address,
    channel::Channel,
    channel_events::point_view,
    channel_phase::{ANCHORS_SAT, COMMIT_FEE_SAT, Event, MAX_CAPACITY_SAT, Phase, Terms},
    chosen_coins::outpoints,
    coin_selection::{Shortage, only, select, take_all},
    fee_rate::{FeeRate, min_confs},
    network::{Network, NodeId},
    onchain::{RESERVED, bytes_of},
};
use crate::{
    chain::pay,
    proto::lnrpc::{
        ChannelOpenUpdate, ChannelPoint, CommitmentType, OpenChannelRequest, OpenStatusUpdate,
        PendingUpdate, open_status_update::Update,
    },
    random::random_bytes,
};

const MIN_CAPACITY_SAT: u64 = 20_000;
const MAX_MEMO: usize = 500;
/// For each public channel the opener keeps this much, up to ten of them, to bump a fee with.
const RESERVE_PER_CHANNEL_SAT: u64 = 10_000;
const MAX_RESERVED_CHANNELS: u64 = 10;
/// How many channels these nodes let one peer have pending; lnd's default is one.
const MAX_PENDING: usize = 10;
/// Until channels are announced to everybody.
const ANNOUNCED_AFTER: u32 = 6;
const OPEN_LABEL: &str = "0:openchannel";

/// How a channel is paid for.
pub(crate) struct Funding {
    pub rate: FeeRate,
    pub min_confs: u32,
    pub chosen: Vec<OutPoint>,
}

impl Default for Funding {
    fn default() -> Self {
        Self {
            rate: FeeRate::FALLBACK,
            min_confs: 1,
            chosen: Vec::new(),
        }
    }
}

impl Network {
    /// Opens a channel between connected nodes and lets blocks pass until it is announced.
    pub(crate) fn open_channel(
        &mut self,
        opener: NodeId,
        peer: NodeId,
        terms: Terms,
    ) -> Result<(), Status> {
        self.fund(opener, peer, terms, &Funding::default())?;
        self.mine(ANNOUNCED_AFTER);
        self.reconnect(opener);
        Ok(())
    }

    /// OpenChannel: the funding transaction is out when this returns, and needs nobody's
    /// connection.
    pub(crate) fn request_channel(
        &mut self,
        id: NodeId,
        request: &OpenChannelRequest,
    ) -> Result<UnboundedReceiver<OpenStatusUpdate>, Status> {
        if self.known(id)?.lags {
            return Err(Status::unknown(
                "channels cannot be created before the wallet is fully synced",
            ));
        }
        let (key, terms, funding) = self.checked(id, request)?;
        let peer = self
            .find(&key)
            .filter(|peer| self.links.connect(id, *peer))
            .ok_or_else(|| Status::unknown(format!("peer {key} is not online")))?;
        self.check_pending(id, peer, &key)?;
        let place = self.fund(id, peer, terms, &funding)?;
        let pending_chan_id = random().map(Vec::from)?;
        let channel = self.channel_mut(place)?;
        let pending = OpenStatusUpdate {
            update: Some(Update::ChanPending(PendingUpdate {
                txid: bytes_of(&channel.point.txid),
                output_index: channel.point.vout,
                ..PendingUpdate::default()
            })),
            pending_chan_id,
        };
        Ok(channel.openers.add_with(vec![pending]))
    }

    /// OpenChannelSync: the channel's point once the funding transaction is out.
    pub(crate) fn open_channel_at_once(
        &mut self,
        id: NodeId,
        request: &OpenChannelRequest,
    ) -> Result<ChannelPoint, Status> {
        self.request_channel(id, request)?;
        let opened = self.channels.last();
        opened
            .map(|channel| point_view(&channel.point))
            .ok_or_else(|| Status::internal("the devnet has lost this channel"))
    }

    /// lnd's checks of the request, in its order.
    fn checked(
        &self,
        id: NodeId,
        request: &OpenChannelRequest,
    ) -> Result<(PublicKey, Terms, Funding), Status> {
        let capacity_sat = capacity(request)?;
        let min_confs = min_confs(request.min_confs, request.spend_unconfirmed)?;
        let key = peer_key(&request.node_pubkey)?;
        if key == self.known(id)?.identity.pubkey {
            return Err(Status::unknown("cannot open channel to self"));
        }
        let rate = FeeRate::wanted(request.sat_per_vbyte, request.target_conf)?;
        let close_script = close_script(&request.close_address)?;
        check_type(request.commitment_type())?;
        if request.memo.len() > MAX_MEMO {
            let (memo, length) = (&request.memo, request.memo.len());
            return Err(Status::unknown(format!(
                "provided memo ({memo}) is of length {length}, exceeds {MAX_MEMO}"
            )));
        }
        let terms = Terms {
            capacity_sat,
            pushed_sat: u64::try_from(request.push_sat).unwrap_or_default(),
            private: request.private,
            memo: request.memo.clone(),
            close_script,
        };
        let chosen = outpoints(&request.outpoints)?;
        Ok((
            key,
            terms,
            Funding {
                rate,
                min_confs,
                chosen,
            },
        ))
    }

    fn check_pending(&self, id: NodeId, peer: NodeId, key: &PublicKey) -> Result<(), Status> {
        let pending = self.channels.iter().filter(|channel| {
            matches!(channel.phase, Phase::Pending) && channel.ends() == (id, peer)
        });
        if pending.count() < MAX_PENDING {
            return Ok(());
        }
        let chan_id = hex::encode(random()?);
        Err(Status::unknown(format!(
            "received funding error from {key}: chan_id={chan_id}, \
             err=pending channels exceed maximum"
        )))
    }

    /// Broadcasts a funding transaction and says where the channel is kept.
    pub(crate) fn fund(
        &mut self,
        id: NodeId,
        peer: NodeId,
        terms: Terms,
        funding: &Funding,
    ) -> Result<usize, Status> {
        check_opener_balance(&terms)?;
        let coins = self
            .known(id)?
            .onchain
            .coins(&self.chain, funding.min_confs);
        let coins = only(coins, &funding.chosen)
            .map_err(|_| Status::unknown("the passed output does not belong to the wallet"))?;
        let script = ScriptBuf::new_p2wsh(&WScriptHash::from_byte_array(random()?));
        let output = pay(terms.capacity_sat, script);
        let change = self.change_script(id)?;
        let mut selection = select(&coins, &output, &change, funding.rate).map_err(short)?;
        if !funding.chosen.is_empty() {
            selection = take_all(&coins, &output, &change, funding.rate, selection);
        }
        let transaction = selection.into_transaction(output, change);
        let new_public = u64::from(!terms.private);
        if self.left_after(id, &transaction)? < self.reserved_sat(id, new_public) {
            return Err(Status::unknown(RESERVED));
        }
        let txid = self.publish(id, transaction, OPEN_LABEL.to_owned())?;
        let point = OutPoint { txid, vout: 0 };
        self.channels.push(Channel::new(point, (id, peer), terms));
        let place = self.channels.len() - 1;
        self.tell_channel(place, Event::Pending);
        Ok(place)
    }

    /// What a wallet must keep, with so many public channels more.
    pub(crate) fn reserved_sat(&self, id: NodeId, more: u64) -> u64 {
        let public = self
            .all_channels_of(id)
            .filter(|(channel, _)| !channel.terms.private)
            .filter(|(channel, _)| !matches!(channel.phase, Phase::Closed(_)))
            .count();
        (public as u64 + more).min(MAX_RESERVED_CHANNELS) * RESERVE_PER_CHANNEL_SAT
    }

    /// Opens the channels whose funding transactions have been confirmed often enough.
    pub(crate) fn follow_openings(&mut self) {
        for place in 0..self.channels.len() {
            self.follow_opening(place);
        }
    }

    fn follow_opening(&mut self, place: usize) -> Option<()> {
        let channel = self.channels.get_mut(place)?;
        let wanted = channel.terms.open_confirmations();
        if !matches!(channel.phase, Phase::Pending)
            || self.chain.confirmations(&channel.point.txid) < wanted
        {
            return None;
        }
        let confirmed = self.chain.get(&channel.point.txid)?.place.as_ref()?;
        channel.id = (u64::from(confirmed.height) << 40)
            | (u64::from(confirmed.index) << 16)
            | u64::from(channel.point.vout);
        channel.phase = Phase::Open;
        channel.openers.tell(&OpenStatusUpdate {
            update: Some(Update::ChanOpen(ChannelOpenUpdate {
                channel_point: Some(point_view(&channel.point)),
            })),
            pending_chan_id: Vec::new(),
        });
        channel.openers.end();
        let label = format!("{OPEN_LABEL}:shortchanid-{}", channel.id);
        let (opener, txid) = (channel.ends().0, channel.point.txid);
        self.node_mut(opener)?.onchain.labels.insert(txid, label);
        self.tell_channel(place, Event::Open);
        if self
            .channels
            .get(place)
            .is_some_and(|channel| self.is_up(channel))
        {
            self.tell_channel(place, Event::Active);
        }
        Some(())
    }

    /// A channel by where it is kept.
    pub(crate) fn channel_mut(&mut self, place: usize) -> Result<&mut Channel, Status> {
        self.channels
            .get_mut(place)
            .ok_or_else(|| Status::internal("the devnet has lost this channel"))
    }
}

fn capacity(request: &OpenChannelRequest) -> Result<u64, Status> {
    if request.local_funding_amount == 0 {
        return Err(Status::unknown("local funding amount must be non-zero"));
    }
    if request.push_sat >= request.local_funding_amount {
        return Err(Status::unknown(
            "amount pushed to remote peer for initial state must be below the local funding amount",
        ));
    }
    let sat = u64::try_from(request.local_funding_amount).unwrap_or_default();
    if sat > MAX_CAPACITY_SAT {
        let most = amount::in_bitcoin(MAX_CAPACITY_SAT);
        return Err(Status::unknown(format!(
            "funding amount is too large, the max channel size is: {most}"
        )));
    }
    if sat < MIN_CAPACITY_SAT {
        return Err(Status::unknown(format!(
            "channel is too small, the minimum channel size is: {MIN_CAPACITY_SAT} SAT"
        )));
    }
    Ok(sat)
}

fn peer_key(bytes: &[u8]) -> Result<PublicKey, Status> {
    if bytes.is_empty() {
        return Err(Status::unknown("NodePubkey is not set"));
    }
    PublicKey::from_slice(bytes).map_err(|_| {
        let length = bytes.len();
        Status::unknown(format!("malformed public key: invalid length: {length}"))
    })
}

fn close_script(address: &str) -> Result<Option<ScriptBuf>, Status> {
    if address.is_empty() {
        return Ok(None);
    }
    chain_address::script(address).map(Some).map_err(|error| {
        let text = error.message();
        Status::unknown(format!(
            "error parsing upfront shutdown: invalid address: {text}"
        ))
    })
}

fn check_type(wanted: CommitmentType) -> Result<(), Status> {
    match wanted {
        CommitmentType::UnknownCommitmentType | CommitmentType::Anchors => Ok(()),
        other => Err(Status::unimplemented(format!(
            "the devnet does not simulate channels of type {}",
            other.as_str_name()
        ))),
    }
}

fn check_opener_balance(terms: &Terms) -> Result<(), Status> {
    let costs = COMMIT_FEE_SAT + ANCHORS_SAT;
    if terms.capacity_sat >= terms.pushed_sat + 2 * costs {
        return Ok(());
    }
    let kept = amount::in_bitcoin(terms.capacity_sat - terms.pushed_sat);
    let least = 2 * costs;
    Err(Status::unknown(format!(
        "funder balance too small ({kept}) with fee={COMMIT_FEE_SAT} sat, \
         minimum={least} sat required"
    )))
}

fn short(shortage: Shortage) -> Status {
    let needed = amount::in_bitcoin(shortage.needed_sat);
    let available = amount::in_bitcoin(shortage.available_sat);
    Status::unknown(format!(
        "not enough witness outputs to create funding transaction, need {needed} only have \
         {available} available"
    ))
}

fn random() -> Result<[u8; 32], Status> {
    random_bytes().map_err(|error| Status::internal(error.to_string()))
}
