//! What tests ask of a node's on-chain wallet.

use arkgrpc_devnet::proto::lnrpc::{
    AddressType, GetTransactionsRequest, ListUnspentRequest, NewAddressRequest, SendCoinsRequest,
    Transaction, Utxo, WalletBalanceRequest, WalletBalanceResponse,
};
use tonic::Status;

use super::Grpc;

pub async fn balance(client: &Grpc) -> WalletBalanceResponse {
    let request = client.request(WalletBalanceRequest::default());
    client
        .lightning()
        .wallet_balance(request)
        .await
        .unwrap()
        .into_inner()
}

pub async fn address(client: &Grpc, kind: AddressType) -> String {
    let request = NewAddressRequest {
        r#type: kind.into(),
        ..Default::default()
    };
    let answer = client
        .lightning()
        .new_address(client.request(request))
        .await;
    answer.unwrap().into_inner().address
}

pub async fn send(client: &Grpc, request: SendCoinsRequest) -> Result<String, Status> {
    let request = client.request(request);
    Ok(client
        .lightning()
        .send_coins(request)
        .await?
        .into_inner()
        .txid)
}

pub async fn coins(client: &Grpc, min_confs: i32) -> Vec<Utxo> {
    let request = ListUnspentRequest {
        min_confs,
        max_confs: i32::MAX,
        ..Default::default()
    };
    let answer = client
        .lightning()
        .list_unspent(client.request(request))
        .await;
    answer.unwrap().into_inner().utxos
}

pub async fn transactions(client: &Grpc, request: GetTransactionsRequest) -> Vec<Transaction> {
    let answer = client
        .lightning()
        .get_transactions(client.request(request))
        .await;
    answer.unwrap().into_inner().transactions
}

pub async fn transaction(client: &Grpc, txid: &str) -> Transaction {
    let all = transactions(client, GetTransactionsRequest::default()).await;
    all.into_iter()
        .find(|known| known.tx_hash == txid)
        .expect("the transaction is known")
}

pub fn to(addr: &str, amount: i64) -> SendCoinsRequest {
    SendCoinsRequest {
        addr: addr.to_owned(),
        amount,
        sat_per_vbyte: 2,
        ..Default::default()
    }
}
