//! Channels that open and close with mined blocks, and whose money is never more or less.

mod closing;
mod forced;
mod opening;

use arkgrpc_devnet::{
    Devnet,
    proto::lnrpc::{
        Channel, ChannelBalanceRequest, ChannelCloseSummary, ChannelPoint, CloseChannelRequest,
        CloseStatusUpdate, ClosedChannelsRequest, GetTransactionsRequest, ListChannelsRequest,
        OpenChannelRequest, OpenStatusUpdate, PendingChannelsRequest, PendingChannelsResponse,
        WalletBalanceRequest, channel_point::FundingTxid, close_status_update::Update,
        open_status_update::Update as Opening,
    },
};
use tonic::{Status, Streaming};

use crate::support::{Grpc, Pair, next};

const CAPACITY: i64 = 1_000_000;
const PUSHED: i64 = 100_000;
/// Commitment fee and two anchors.
const COMMITMENT: i64 = 3470;

async fn request_to(devnet: &Devnet, peer: &str) -> OpenChannelRequest {
    OpenChannelRequest {
        node_pubkey: hex::decode(devnet.node(peer).unwrap().pubkey).unwrap(),
        local_funding_amount: CAPACITY,
        push_sat: PUSHED,
        sat_per_vbyte: 3,
        memo: "for rent".to_owned(),
        ..Default::default()
    }
}

async fn open(
    client: &Grpc,
    request: OpenChannelRequest,
) -> Result<Streaming<OpenStatusUpdate>, Status> {
    let request = client.request(request);
    Ok(client.lightning().open_channel(request).await?.into_inner())
}

async fn close(
    client: &Grpc,
    request: CloseChannelRequest,
) -> Result<Streaming<CloseStatusUpdate>, Status> {
    let request = client.request(request);
    Ok(client
        .lightning()
        .close_channel(request)
        .await?
        .into_inner())
}

async fn channels(client: &Grpc) -> Vec<Channel> {
    let request = client.request(ListChannelsRequest::default());
    client
        .lightning()
        .list_channels(request)
        .await
        .unwrap()
        .into_inner()
        .channels
}

async fn pending(client: &Grpc) -> PendingChannelsResponse {
    let request = client.request(PendingChannelsRequest::default());
    client
        .lightning()
        .pending_channels(request)
        .await
        .unwrap()
        .into_inner()
}

async fn closed(client: &Grpc, request: ClosedChannelsRequest) -> Vec<ChannelCloseSummary> {
    let request = client.request(request);
    client
        .lightning()
        .closed_channels(request)
        .await
        .unwrap()
        .into_inner()
        .channels
}

/// All that a node owns: coins, shares of channels on their way up, open, and on their way down,
/// and what an opener put up for the commitment transaction.
async fn wealth(client: &Grpc) -> i64 {
    let mut lightning = client.lightning();
    let request = client.request(WalletBalanceRequest::default());
    let coins = lightning
        .wallet_balance(request)
        .await
        .unwrap()
        .into_inner()
        .total_balance;
    let request = client.request(ChannelBalanceRequest {});
    let balance = lightning
        .channel_balance(request)
        .await
        .unwrap()
        .into_inner();
    let shares = [balance.local_balance, balance.pending_open_local_balance]
        .into_iter()
        .map(|amount| i64::try_from(amount.unwrap().sat).unwrap())
        .sum::<i64>();
    let pending = pending(client).await;
    let opening = pending.pending_open_channels.iter();
    let own = opening
        .filter(|view| view.channel.as_ref().unwrap().initiator == 1)
        .count();
    let open = channels(client)
        .await
        .iter()
        .filter(|channel| channel.initiator)
        .count();
    let put_up = COMMITMENT * i64::try_from(own + open).unwrap();
    coins + shares + put_up + pending.total_limbo_balance
}

async fn fee(client: &Grpc, txid: &str) -> i64 {
    let request = client.request(GetTransactionsRequest::default());
    let answer = client
        .lightning()
        .get_transactions(request)
        .await
        .unwrap()
        .into_inner();
    let known = answer
        .transactions
        .iter()
        .find(|known| known.tx_hash == txid);
    known.expect("the wallet knows it").total_fees
}

fn reversed(bytes: &[u8]) -> String {
    hex::encode(bytes.iter().rev().copied().collect::<Vec<_>>())
}

fn named(point: &str) -> CloseChannelRequest {
    let (txid, vout) = point.split_once(':').unwrap();
    CloseChannelRequest {
        channel_point: Some(ChannelPoint {
            funding_txid: Some(FundingTxid::FundingTxidStr(txid.to_owned())),
            output_index: vout.parse().unwrap(),
        }),
        ..Default::default()
    }
}

/// The transaction and the point of a channel on its way up.
async fn opening(stream: &mut Streaming<OpenStatusUpdate>) -> (String, String) {
    let update = next(stream).await.unwrap().expect("the stream goes on");
    let Some(Opening::ChanPending(pending)) = update.update else {
        panic!("{update:?}");
    };
    let txid = reversed(&pending.txid);
    let point = format!("{txid}:{}", pending.output_index);
    (txid, point)
}

/// The closing transaction of a channel on its way down.
async fn closing(stream: &mut Streaming<CloseStatusUpdate>) -> String {
    let update = next(stream).await.unwrap().expect("the stream goes on");
    let Some(Update::ClosePending(pending)) = update.update else {
        panic!("{update:?}");
    };
    reversed(&pending.txid)
}

/// What both nodes of a pair own.
async fn all_wealth(pair: &Pair) -> i64 {
    wealth(&pair.alice).await + wealth(&pair.bob).await
}
