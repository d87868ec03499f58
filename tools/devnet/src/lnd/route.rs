//! Finding a way from payer to payee over the simulated channels: the cheapest path without loops
//! whose channels are up and can carry the amount.

use super::{channel::Channel, identity::NodeId};
use crate::proto::lnrpc::PaymentFailureReason;

/// What a node asks for forwarding, lnd's defaults.
const BASE_FEE_MSAT: u64 = 1000;
const FEE_PER_MILLION: u64 = 1;
/// Blocks that a forwarding node wants between its two HTLCs, lnd's default.
pub(crate) const FORWARDING_DELTA: u32 = 80;

/// One step of a route.
#[derive(Clone)]
pub(crate) struct Hop {
    /// Place of the channel in the network's list.
    pub channel: usize,
    pub from: NodeId,
    pub to: NodeId,
    /// What the HTLC on this channel carries.
    pub htlc_msat: u64,
    /// What `to` keeps of it for forwarding.
    pub fee_msat: u64,
}

/// What a route is wanted for.
pub(crate) struct Wanted {
    pub payer: NodeId,
    pub payee: Option<NodeId>,
    pub amount_msat: u64,
    pub fee_limit_msat: u64,
}

/// The cheapest route, or lnd's reason why there is none. Lack of funds is seen before lack of a
/// path.
pub(crate) fn find(
    channels: &[Channel],
    is_up: &dyn Fn(&Channel) -> bool,
    wanted: &Wanted,
) -> Result<Vec<Hop>, PaymentFailureReason> {
    let outgoing: u64 = channels
        .iter()
        .filter(|channel| is_up(channel))
        .map(|channel| channel.spendable_msat(wanted.payer))
        .sum();
    if outgoing < wanted.amount_msat {
        return Err(PaymentFailureReason::FailureReasonInsufficientBalance);
    }
    let no_route = PaymentFailureReason::FailureReasonNoRoute;
    let payee = wanted
        .payee
        .filter(|payee| *payee != wanted.payer)
        .ok_or(no_route)?;
    let mut paths = Vec::new();
    walk(
        channels,
        is_up,
        payee,
        &mut vec![(usize::MAX, wanted.payer)],
        &mut paths,
    );
    paths
        .into_iter()
        .filter_map(|path| price(channels, &path, wanted.amount_msat))
        .map(|hops| (hops.iter().map(|hop| hop.fee_msat).sum::<u64>(), hops))
        .filter(|(fee, _)| *fee <= wanted.fee_limit_msat)
        .min_by_key(|(fee, hops)| (*fee, hops.len()))
        .map(|(_, hops)| hops)
        .ok_or(no_route)
}

/// A path: each node with the channel that leads to it.
type Path = Vec<(usize, NodeId)>;

fn walk(
    channels: &[Channel],
    is_up: &dyn Fn(&Channel) -> bool,
    payee: NodeId,
    path: &mut Path,
    found: &mut Vec<Path>,
) {
    let Some(&(_, here)) = path.last() else {
        return;
    };
    if here == payee {
        found.push(path.clone());
        return;
    }
    for (place, channel) in channels
        .iter()
        .enumerate()
        .filter(|(_, channel)| is_up(channel))
    {
        let Some(next) = channel.peer_of(here) else {
            continue;
        };
        if path.iter().all(|(_, node)| *node != next) {
            path.push((place, next));
            walk(channels, is_up, payee, path, found);
            path.pop();
        }
    }
}

/// The hops of a path with their amounts, worked out from the payee backwards; none if a channel
/// lacks funds.
fn price(channels: &[Channel], path: &Path, amount_msat: u64) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    let mut htlc_msat = amount_msat;
    let mut fee_msat = 0;
    for window in path.windows(2).rev() {
        let [(_, from), (channel, to)] = *window else {
            return None;
        };
        if channels.get(channel)?.spendable_msat(from) < htlc_msat {
            return None;
        }
        hops.push(Hop {
            channel,
            from,
            to,
            htlc_msat,
            fee_msat,
        });
        fee_msat = BASE_FEE_MSAT + htlc_msat * FEE_PER_MILLION / 1_000_000;
        htlc_msat += fee_msat;
    }
    hops.reverse();
    Some(hops)
}
