//! get_onchain_balance: what the node's wallet holds on the chain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::invoice_view::positive;
use super::node::Lightning;
use crate::clients::json::Satoshis;
use crate::error::Error;
use crate::transport::generated::lnrpc::{WalletBalanceRequest, WalletBalanceResponse};

/// Takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetOnchainBalanceParams {}

/// Sums over the wallet's own outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GetOnchainBalanceResult {
    /// Confirmed and unconfirmed together, without what is locked.
    pub(super) total_balance: Satoshis,
    /// With at least one confirmation.
    pub(super) confirmed_balance: Satoshis,
    /// In transactions that no block contains yet.
    pub(super) unconfirmed_balance: Satoshis,
    /// Reserved by other programs (leased outputs); in none of the other sums.
    locked_balance: Satoshis,
    /// The part of confirmed_balance that is kept for fees of closing channels and cannot be spent.
    reserved_balance_anchor_chan: Satoshis,
}

pub(crate) async fn get_onchain_balance(
    context: &Context,
    _params: GetOnchainBalanceParams,
) -> Result<GetOnchainBalanceResult, Error> {
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.wallet_balance(request).await };
    let message = WalletBalanceRequest::default();
    Ok(view(context.query(client, message, ask).await?))
}

pub(super) fn view(balance: WalletBalanceResponse) -> GetOnchainBalanceResult {
    let sat = |amount| Satoshis(positive(amount));
    GetOnchainBalanceResult {
        total_balance: sat(balance.total_balance),
        confirmed_balance: sat(balance.confirmed_balance),
        unconfirmed_balance: sat(balance.unconfirmed_balance),
        locked_balance: sat(balance.locked_balance),
        reserved_balance_anchor_chan: sat(balance.reserved_balance_anchor_chan),
    }
}
