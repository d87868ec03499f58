//! Hold invoices: the payment that waits, and how it ends.

use std::time::Duration;

use arkgrpc_devnet::{
    Devnet, DevnetOptions,
    proto::{
        lnrpc::{Payment, PaymentFailureReason, invoice::InvoiceState, payment::PaymentStatus},
        routerrpc::SendPaymentRequest,
    },
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tonic::{Request, Streaming};

use crate::support::{Grpc, Rest, all, base64, next, to_pay, told};

const PREIMAGE: [u8; 32] = [42; 32];

struct Held {
    devnet: Devnet,
    alice: Grpc,
    bob: Grpc,
    bob_rest: Rest,
    request: String,
    hash: Vec<u8>,
}

impl Held {
    /// Bob's hold invoice over 5,000 sat, not yet paid.
    async fn new() -> Self {
        let devnet = Devnet::start(DevnetOptions::default()).unwrap();
        let alice = Grpc::connect(&devnet.node("alice").unwrap()).await;
        let bob = Grpc::connect(&devnet.node("bob").unwrap()).await;
        let bob_rest = Rest::new(&devnet.node("bob").unwrap());
        let hash = Sha256::digest(PREIMAGE).to_vec();
        let body = json!({ "hash": base64(&hash), "value": "5000", "memo": "hold" });
        let (code, answer) = bob_rest.post("/v2/invoices/hodl", body).await;
        assert_eq!(code, 200, "{answer}");
        let request = answer["payment_request"].as_str().unwrap().to_owned();
        Self {
            devnet,
            alice,
            bob,
            bob_rest,
            request,
            hash,
        }
    }

    /// A stream of the payment, read until its HTLC is on its way.
    async fn pay(&self, request: SendPaymentRequest) -> Streaming<Payment> {
        let mut stream = self.alice.send(request).await.unwrap();
        loop {
            let update = next(&mut stream).await.unwrap().unwrap();
            assert_eq!(update.status(), PaymentStatus::InFlight);
            if !update.htlcs.is_empty() {
                return stream;
            }
        }
    }

    async fn settle(&self) -> (u16, serde_json::Value) {
        self.bob_rest
            .post(
                "/v2/invoices/settle",
                json!({ "preimage": base64(&PREIMAGE) }),
            )
            .await
    }

    async fn cancel(&self) -> (u16, serde_json::Value) {
        let body = json!({ "payment_hash": base64(&self.hash) });
        self.bob_rest.post("/v2/invoices/cancel", body).await
    }

    async fn state(&self) -> InvoiceState {
        self.bob.lookup(&self.hash).await.unwrap().state()
    }
}

fn error(text: &str) -> (u16, serde_json::Value) {
    (500, json!({ "code": 2, "message": text, "details": [] }))
}

#[tokio::test]
async fn a_settled_hold_completes_the_payment_with_the_preimage() {
    let held = Held::new().await;
    let alice = Rest::new(&held.devnet.node("alice").unwrap());
    let before = alice.balance("local_balance").await;
    assert_eq!(held.settle().await, error("invoice still open"));
    let stream = held.pay(to_pay(&held.request)).await;

    assert_eq!(held.state().await, InvoiceState::Accepted);
    assert_eq!(alice.balance("local_balance").await, before - 5000);
    assert_eq!(alice.balance("unsettled_remote_balance").await, 5000);
    assert_eq!(held.bob_rest.balance("unsettled_local_balance").await, 5000);
    assert!(
        held.bob
            .lookup(&held.hash)
            .await
            .unwrap()
            .r_preimage
            .is_empty()
    );

    assert_eq!(held.settle().await, (200, json!({})));
    let last = all(stream).await.unwrap().pop().unwrap();
    assert_eq!(last.status(), PaymentStatus::Succeeded);
    assert_eq!(last.payment_preimage, hex::encode(PREIMAGE));
    assert_eq!(held.state().await, InvoiceState::Settled);
    assert_eq!(alice.balance("unsettled_remote_balance").await, 0);
    assert_eq!(alice.balance("local_balance").await, before - 5000);
    assert_eq!(
        held.settle().await,
        (200, json!({})),
        "settling twice is fine"
    );
    assert_eq!(held.cancel().await, error("invoice already settled"));
    assert_eq!(alice.balance("local_balance").await, before - 5000);
}

#[tokio::test]
async fn a_canceled_hold_fails_the_payment_and_gives_the_money_back() {
    let held = Held::new().await;
    let alice = Rest::new(&held.devnet.node("alice").unwrap());
    let before = alice.balance("local_balance").await;
    let stream = held.pay(to_pay(&held.request)).await;
    assert_eq!(held.cancel().await, (200, json!({})));
    let last = all(stream).await.unwrap().pop().unwrap();
    assert_eq!(last.status(), PaymentStatus::Failed);
    let reason = PaymentFailureReason::FailureReasonIncorrectPaymentDetails;
    assert_eq!(last.failure_reason(), reason);
    assert_eq!(held.state().await, InvoiceState::Canceled);
    assert_eq!(alice.balance("local_balance").await, before);
    assert_eq!(
        held.cancel().await,
        (200, json!({})),
        "canceling twice is fine"
    );
    assert_eq!(held.settle().await, error("invoice already canceled"));
}

#[tokio::test]
async fn a_held_payment_cannot_be_started_again_but_can_be_tracked() {
    let held = Held::new().await;
    let stream = held.pay(to_pay(&held.request)).await;
    let transition = (6, "payment is in transition".to_owned());
    assert_eq!(
        told(held.alice.pay(to_pay(&held.request)).await),
        transition
    );

    let mut tracked = held.alice.track(&held.hash).await.unwrap();
    assert_eq!(
        next(&mut tracked).await.unwrap().unwrap().status(),
        PaymentStatus::InFlight
    );
    held.settle().await;
    for stream in [stream, tracked] {
        let last = all(stream).await.unwrap().pop().unwrap();
        assert_eq!(last.status(), PaymentStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_held_payment_outlives_its_timeout_its_client_and_a_restart() {
    let held = Held::new().await;
    let brief = SendPaymentRequest {
        timeout_seconds: 1,
        ..to_pay(&held.request)
    };
    let mut stream = held.pay(brief).await;
    let waited = tokio::time::timeout(Duration::from_millis(1500), stream.message()).await;
    assert!(
        waited.is_err(),
        "the stream stays open past the timeout: {waited:?}"
    );
    drop(stream);
    held.devnet.restart("alice").unwrap();
    let alice = Grpc::connect(&held.devnet.node("alice").unwrap()).await;
    let tracked = alice.track(&held.hash).await.unwrap();
    held.settle().await;
    let last = all(tracked).await.unwrap().pop().unwrap();
    assert_eq!(last.status(), PaymentStatus::Succeeded);
}

#[tokio::test]
async fn a_clients_deadline_ends_its_stream_and_not_the_payment() {
    let held = Held::new().await;
    let mut request: Request<SendPaymentRequest> = held.alice.request(to_pay(&held.request));
    request.set_timeout(Duration::from_millis(300));
    let stream = held
        .alice
        .router()
        .send_payment_v2(request)
        .await
        .unwrap()
        .into_inner();
    let ended = (4, "context deadline exceeded".to_owned());
    assert_eq!(told(all(stream).await), ended);
    assert_eq!(held.state().await, InvoiceState::Accepted);
    let tracked = held.alice.track(&held.hash).await.unwrap();
    held.settle().await;
    let last = all(tracked).await.unwrap().pop().unwrap();
    assert_eq!(last.status(), PaymentStatus::Succeeded);
}

#[tokio::test]
async fn settling_what_is_not_there_is_refused() {
    let held = Held::new().await;
    let other = json!({ "preimage": base64(&[1; 32]) });
    let answer = held.bob_rest.post("/v2/invoices/settle", other).await;
    assert_eq!(answer, error("unable to locate invoice"));
    let short = json!({ "preimage": base64(&[1; 3]) });
    let answer = held.bob_rest.post("/v2/invoices/settle", short).await;
    assert_eq!(answer, error("invalid preimage length of 3, want 32"));
}
