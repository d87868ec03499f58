//! The life of a channel: what was agreed on, and how far it has come from funding to the last coin
//! swept.

use bitcoin::{ScriptBuf, Txid};

use super::identity::NodeId;

/// How long a forced closer waits for its share, as the nodes of this network ask of each other.
pub(crate) const CSV_DELAY: u32 = 4;
/// What lnd's anchor channels cost their opener at 2,500 sat per kilo-weight: the fee and two
/// anchors.
pub(crate) const COMMIT_FEE_SAT: u64 = 2810;
pub(crate) const ANCHORS_SAT: u64 = 660;
/// The largest channel that ordinary nodes open; lnd scales the confirmations it wants by this.
pub(crate) const MAX_CAPACITY_SAT: u64 = 16_777_215;
const MAX_CONFIRMATIONS: u64 = 6;
const MIN_CLOSE_CONFIRMATIONS: u64 = 3;

/// What opener and peer agreed on.
pub(crate) struct Terms {
    pub capacity_sat: u64,
    pub pushed_sat: u64,
    pub private: bool,
    /// The opener's own note.
    pub memo: String,
    /// Where the opener's share goes when the channel is closed by both.
    pub close_script: Option<ScriptBuf>,
}

impl Terms {
    /// What is left to the opener, who pays for the commitment transaction.
    pub(crate) fn kept_sat(&self) -> u64 {
        self.capacity_sat
            .saturating_sub(self.pushed_sat + COMMIT_FEE_SAT + ANCHORS_SAT)
    }

    /// After how many confirmations the channel opens.
    pub(crate) fn open_confirmations(&self) -> u32 {
        scaled(self.capacity_sat + self.pushed_sat, 1)
    }

    /// After how many confirmations of its closing transaction the channel is gone.
    pub(crate) fn close_confirmations(&self) -> u32 {
        scaled(self.capacity_sat, MIN_CLOSE_CONFIRMATIONS)
    }
}

fn scaled(stake_sat: u64, least: u64) -> u32 {
    let confirmations = MAX_CONFIRMATIONS * stake_sat / MAX_CAPACITY_SAT;
    u32::try_from(confirmations.clamp(least, MAX_CONFIRMATIONS)).unwrap_or(u32::MAX)
}

/// How far a channel has come.
pub(crate) enum Phase {
    /// Its funding transaction lacks confirmations.
    Pending,
    Open,
    /// Its closing transaction is out and lacks confirmations.
    Closing(Closing),
    /// Gone, but for coins that have yet to be swept after a force close.
    Closed(Closing),
}

/// How a channel was closed.
pub(crate) struct Closing {
    pub txid: Txid,
    pub by: NodeId,
    pub forced: bool,
    /// Where the closing transaction was confirmed; zero before.
    pub height: u32,
    /// The shares of opener and peer.
    pub shares: [Share; 2],
}

/// What one side gets out of a closed channel.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub sat: u64,
    /// Its output in the closing transaction; none for dust, and none for what already belongs to
    /// the wallet.
    pub vout: Option<u32>,
    /// For how many blocks it is locked after the closing transaction.
    pub delay: u32,
    /// The transaction that brings it home.
    pub sweep: Option<Txid>,
    pub recovered: bool,
}

impl Closing {
    /// The share of one of the ends, in the channel's order.
    pub(crate) fn share(&self, is_opener: bool) -> &Share {
        let [opener, peer] = &self.shares;
        if is_opener { opener } else { peer }
    }
}

/// What can become of a channel.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Pending,
    Open,
    Active,
    Inactive,
    Closed,
    Resolved,
    /// An HTLC was added or removed.
    Updated,
}
