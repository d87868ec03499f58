//! Looks up connections to peers: lnd keeps one for each key.

use super::super::connect_peer::{ConnectPeerParams, find_peer};
use super::super::context::Context;
use super::super::list_peers::PeerView;
use super::finding::{Finding, Sought};
use crate::error::Error;

pub(super) async fn connected(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let wanted: ConnectPeerParams = sought.original()?;
    let (pubkey, _) = wanted.target()?;
    let found = find_peer(context, pubkey).await;
    let found = found.map_err(|failure| context.error(&failure))?;
    Ok(found.map_or_else(Finding::not_found_yet, |peer| {
        Finding::done(PeerView::from(peer))
    }))
}
