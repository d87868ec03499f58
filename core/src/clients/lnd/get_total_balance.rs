//! get_total_balance: channels and wallet together, asked for at the same time.

use futures_util::future::try_join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::get_lightning_balance::{
    GetLightningBalanceParams, GetLightningBalanceResult, get_lightning_balance,
};
use super::get_onchain_balance::{
    GetOnchainBalanceParams, GetOnchainBalanceResult, get_onchain_balance,
};
use crate::clients::json::Satoshis;
use crate::error::Error;

/// Takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetTotalBalanceParams {}

/// Two snapshots of almost the same moment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GetTotalBalanceResult {
    /// The node's own side of its open channels.
    lightning_local_balance: Option<Satoshis>,
    /// The peers' side of them.
    lightning_remote_balance: Option<Satoshis>,
    /// The wallet's outputs, confirmed or not.
    onchain_total: Satoshis,
    /// The confirmed ones.
    onchain_confirmed: Satoshis,
    /// The unconfirmed ones.
    onchain_unconfirmed: Satoshis,
    /// lightning_local_balance and onchain_confirmed together.
    total_wallet_balance: Option<Satoshis>,
}

pub(crate) async fn get_total_balance(
    context: &Context,
    _params: GetTotalBalanceParams,
) -> Result<GetTotalBalanceResult, Error> {
    let (lightning, onchain) = try_join(
        get_lightning_balance(context, GetLightningBalanceParams {}),
        get_onchain_balance(context, GetOnchainBalanceParams {}),
    )
    .await?;
    Ok(view(&lightning, &onchain))
}

pub(super) fn view(
    lightning: &GetLightningBalanceResult,
    onchain: &GetOnchainBalanceResult,
) -> GetTotalBalanceResult {
    let local = lightning.local_balance;
    GetTotalBalanceResult {
        lightning_local_balance: local,
        lightning_remote_balance: lightning.remote_balance,
        onchain_total: onchain.total_balance,
        onchain_confirmed: onchain.confirmed_balance,
        onchain_unconfirmed: onchain.unconfirmed_balance,
        total_wallet_balance: local
            .map(|local| Satoshis(local.0.saturating_add(onchain.confirmed_balance.0))),
    }
}
