//! A wallet that is locked at every start.

use serde_json::json;

use arkgrpc_devnet::{
    Devnet, NodeAccess,
    proto::lnrpc::{GetStateRequest, WalletState},
};

use crate::support::{Grpc, Rest, base64, info, nodes, told};

const LOCKED: &str = "wallet locked, unlock it to enable full RPC access";
const UNLOCKED: &str = "wallet already unlocked, WalletUnlocker service is no longer available";

async fn told_with_admin(node: &NodeAccess) -> (i32, String) {
    told(info(&Grpc::connect(node).await).await)
}

fn password(devnet: &Devnet) -> serde_json::Value {
    json!({ "wallet_password": base64(devnet.wallet_password().as_bytes()) })
}

#[tokio::test]
async fn a_locked_wallet_answers_so_before_it_looks_at_macaroons() {
    let (devnet, _, bob) = nodes();
    let carol = devnet.start_locked_wallet_node().unwrap();
    let client = Grpc::connect_with(&carol, vec![]).await;
    assert_eq!(told(info(&client).await), (2, LOCKED.to_owned()));
    assert_eq!(told_with_admin(&carol).await, (2, LOCKED.to_owned()));
    let state = client.state().get_state(GetStateRequest {}).await.unwrap();
    assert_eq!(state.into_inner().state(), WalletState::Locked);
    let (code, answer) = Rest::with(&carol, vec![]).get("/v1/channels").await;
    assert_eq!((code, &answer["message"]), (500, &json!(LOCKED)));
    let (_, seen) = Rest::new(&bob).get("/v1/channels?inactive_only=true").await;
    let peer = &seen["channels"][0]["remote_pubkey"];
    assert_eq!(peer, &json!(carol.pubkey), "the channel to her is down");
    assert!(
        devnet.start_locked_wallet_node().is_err(),
        "there is one carol"
    );
}

#[tokio::test]
async fn its_password_unlocks_it_once() {
    let (devnet, alice, _) = nodes();
    let carol = devnet.start_locked_wallet_node().unwrap();
    let rest = Rest::with(&carol, vec![]);
    let wrong = json!({ "wallet_password": base64(b"wrong") });
    let (code, answer) = rest.post("/v1/unlockwallet", wrong).await;
    assert_eq!((code, &answer["code"]), (500, &json!(2)));
    let text = answer["message"].as_str().unwrap();
    assert!(text.starts_with("invalid passphrase"), "{text}");
    assert_eq!(told_with_admin(&carol).await, (2, LOCKED.to_owned()));

    let unlocked = rest.post("/v1/unlockwallet", password(&devnet)).await;
    assert_eq!(unlocked, (200, json!({})));
    let bare = Grpc::connect_with(&carol, vec![]).await;
    let missing = (2, "expected 1 macaroon, got 0".to_owned());
    assert_eq!(told(info(&bare).await), missing);
    assert_eq!(told_with_admin(&carol).await, (0, String::new()));
    for node in [&carol, &alice] {
        let rest = Rest::with(node, vec![]);
        let (_, again) = rest.post("/v1/unlockwallet", password(&devnet)).await;
        assert_eq!(again["message"], json!(UNLOCKED));
    }
}

#[tokio::test]
async fn it_is_locked_again_after_a_restart() {
    let (devnet, alice, _) = nodes();
    let carol = devnet.start_locked_wallet_node().unwrap();
    devnet.unlock("carol").unwrap();
    assert_eq!(told_with_admin(&carol).await, (0, String::new()));
    devnet.restart("carol").unwrap();
    assert_eq!(told_with_admin(&carol).await, (2, LOCKED.to_owned()));
    devnet.restart("alice").unwrap();
    assert_eq!(
        told_with_admin(&alice).await,
        (0, String::new()),
        "hers never is"
    );
}
