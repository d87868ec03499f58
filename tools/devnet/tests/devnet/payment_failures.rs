//! Payments that are refused, or that fail on their way.

use std::time::{Instant, UNIX_EPOCH};

use arkgrpc_devnet::proto::{
    lnrpc::{Invoice, PaymentFailureReason, invoice::InvoiceState, payment::PaymentStatus},
    routerrpc::SendPaymentRequest,
};

use bitcoin::{
    hashes::{Hash, sha256},
    secp256k1::{Secp256k1, SecretKey},
};
use lightning_invoice::{Currency, InvoiceBuilder, PaymentSecret};
use serde_json::json;

use crate::support::{PATIENCE, Pair, Rest, all, base64, end, over, to_pay, told};

/// A valid request of another network.
fn mainnet_request() -> String {
    let secp = Secp256k1::new();
    let key = SecretKey::from_slice(&[3; 32]).unwrap();
    InvoiceBuilder::new(Currency::Bitcoin)
        .description("elsewhere".to_owned())
        .payment_hash(sha256::Hash::from_byte_array([1; 32]))
        .payment_secret(PaymentSecret([2; 32]))
        .duration_since_epoch(UNIX_EPOCH.elapsed().unwrap())
        .min_final_cltv_expiry_delta(80)
        .amount_milli_satoshis(1_000)
        .build_signed(|message| secp.sign_ecdsa_recoverable(message, &key))
        .unwrap()
        .to_string()
}

fn failed(reason: PaymentFailureReason) -> (PaymentStatus, PaymentFailureReason) {
    (PaymentStatus::Failed, reason)
}

#[tokio::test]
async fn requests_that_cannot_be_paid_are_refused_with_the_daemons_texts() {
    let pair = Pair::new().await;
    let (request, _) = pair.bob.invoice(over(100)).await.unwrap();
    let (open, _) = pair.bob.invoice(Invoice::default()).await.unwrap();
    let (own, _) = pair.alice.invoice(over(100)).await.unwrap();
    let (head, tail) = request.split_at(request.len() - 1);
    let other = if tail == "q" { "p" } else { "q" };
    let checksum = &request[request.len() - 6..];
    let wrong = format!("{}{other}", &checksum[..5]);
    let mainnet = mainnet_request();
    let amount = |payment_request: &str, amt_msat| SendPaymentRequest {
        amt_msat,
        ..to_pay(payment_request)
    };
    for (asked, text) in [
        (
            to_pay(&format!("{head}{other}")),
            format!("checksum failed. Expected {checksum}, got {wrong}."),
        ),
        (
            to_pay(&mainnet),
            "invoice not for current active network 'regtest'".to_owned(),
        ),
        (
            to_pay("lnbcrt"),
            "invalid bech32 string length 6".to_owned(),
        ),
        (to_pay(""), "invalid vertex length of 0, want 33".to_owned()),
        (
            to_pay(&open),
            "amount must be specified when paying a zero amount invoice".to_owned(),
        ),
        (
            amount(&request, 100_000),
            "amount must not be specified when paying a non-zero amount invoice".to_owned(),
        ),
        (amount(&open, -1), "amount cannot be negative".to_owned()),
        (
            SendPaymentRequest {
                fee_limit_msat: -1,
                ..to_pay(&request)
            },
            "amount cannot be negative".to_owned(),
        ),
        (to_pay(&own), "self-payments not allowed".to_owned()),
    ] {
        assert_eq!(told(pair.alice.pay(asked).await), (2, text));
    }
}

#[tokio::test]
async fn what_was_never_started_is_not_found() {
    let pair = Pair::new().await;
    let nothing = (5, "payment isn't initiated".to_owned());
    assert_eq!(told(pair.alice.track(&[3; 32]).await), nothing);
    let short = (2, "invalid hash length of 31, want 32".to_owned());
    assert_eq!(told(pair.alice.track(&[3; 31]).await), short);
}

#[tokio::test]
async fn an_expired_request_is_refused_with_its_end() {
    let pair = Pair::new().await;
    let (request, hash) = pair
        .bob
        .invoice(Invoice {
            expiry: 1,
            ..over(10)
        })
        .await
        .unwrap();
    let begun = Instant::now();
    while pair.bob.lookup(&hash).await.unwrap().state() != InvoiceState::Canceled {
        assert!(begun.elapsed() < PATIENCE);
    }
    let (code, text) = told(pair.alice.pay(to_pay(&request)).await);
    assert_eq!(code, 2);
    assert!(
        text.starts_with("invoice expired. Valid until 20"),
        "{text}"
    );
    assert!(text.ends_with(" +0000 UTC"), "{text}");
    assert_eq!(
        told(pair.alice.track(&hash).await).0,
        5,
        "nothing was started"
    );
}

#[tokio::test]
async fn more_than_the_channel_holds_fails_for_lack_of_funds() {
    let pair = Pair::new().await;
    let [local, ..] = pair.balances().await;
    let reserve = 20_000;
    let (too_much, hash) = pair.bob.invoice(over(local - reserve + 1)).await.unwrap();
    let updates = pair.alice.pay(to_pay(&too_much)).await.unwrap();
    assert_eq!(
        end(&updates),
        failed(PaymentFailureReason::FailureReasonInsufficientBalance)
    );
    assert!(updates.last().unwrap().htlcs.is_empty());
    assert_eq!(
        pair.bob.lookup(&hash).await.unwrap().state(),
        InvoiceState::Open
    );
    let (all_of_it, _) = pair.bob.invoice(over(local - reserve)).await.unwrap();
    let updates = pair.alice.pay(to_pay(&all_of_it)).await.unwrap();
    assert_eq!(end(&updates).0, PaymentStatus::Succeeded);
    assert_eq!(pair.balances().await[0], reserve);
}

#[tokio::test]
async fn a_payee_outside_the_devnet_has_no_route() {
    let pair = Pair::new().await;
    let elsewhere = Pair::new().await;
    let (request, _) = elsewhere.bob.invoice(over(10)).await.unwrap();
    let updates = pair.alice.pay(to_pay(&request)).await.unwrap();
    assert_eq!(
        end(&updates),
        failed(PaymentFailureReason::FailureReasonNoRoute)
    );
}

#[tokio::test]
async fn a_stopped_payee_leaves_no_outgoing_balance() {
    let pair = Pair::new().await;
    let (request, hash) = pair.bob.invoice(over(10)).await.unwrap();
    pair.devnet.stop("bob").unwrap();
    let updates = pair.alice.pay(to_pay(&request)).await.unwrap();
    assert_eq!(
        end(&updates),
        failed(PaymentFailureReason::FailureReasonInsufficientBalance)
    );
    pair.devnet.start_again("bob").unwrap();
    let updates = pair.alice.pay(to_pay(&request)).await.unwrap();
    assert_eq!(end(&updates).0, PaymentStatus::Succeeded);
    assert_eq!(
        updates[0].payment_index, 2,
        "a failed payment starts anew under a new index"
    );
    let tracked = all(pair.alice.track(&hash).await.unwrap()).await.unwrap();
    assert_eq!(tracked[0].payment_index, 2);
}

#[tokio::test]
async fn a_canceled_invoice_is_refused_by_its_payee() {
    let pair = Pair::new().await;
    let (request, hash) = pair.bob.invoice(over(10)).await.unwrap();
    let before = pair.balances().await;
    let bob = Rest::new(&pair.devnet.node("bob").unwrap());
    let body = json!({ "payment_hash": base64(&hash) });
    assert_eq!(
        bob.post("/v2/invoices/cancel", body).await,
        (200, json!({}))
    );
    let updates = pair.alice.pay(to_pay(&request)).await.unwrap();
    let reason = PaymentFailureReason::FailureReasonIncorrectPaymentDetails;
    assert_eq!(end(&updates), failed(reason));
    assert_eq!(updates.last().unwrap().htlcs.len(), 1);
    // The reason is noted while the attempt still counts as in flight.
    let noted = &updates[updates.len() - 2];
    assert_eq!(
        (noted.status(), noted.failure_reason()),
        (PaymentStatus::InFlight, reason)
    );
    assert_eq!(pair.balances().await, before);
}

#[tokio::test]
async fn attempts_that_keep_failing_end_with_the_time() {
    let pair = Pair::new().await;
    let (request, _) = pair.bob.invoice(over(10)).await.unwrap();
    pair.devnet.refuse_htlcs("bob", true).unwrap();
    let before = pair.balances().await;
    let short = SendPaymentRequest {
        timeout_seconds: 1,
        ..to_pay(&request)
    };
    let updates = pair.alice.pay(short).await.unwrap();
    assert_eq!(
        end(&updates),
        failed(PaymentFailureReason::FailureReasonTimeout)
    );
    assert!(updates.last().unwrap().htlcs.len() > 1);
    assert_eq!(pair.balances().await, before);
    pair.devnet.refuse_htlcs("bob", false).unwrap();
    let updates = pair.alice.pay(to_pay(&request)).await.unwrap();
    assert_eq!(end(&updates).0, PaymentStatus::Succeeded);
}
