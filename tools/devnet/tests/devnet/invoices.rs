//! What a simulated lnd accepts as an invoice, and what it tells of one.

use std::time::Instant;

use arkgrpc_devnet::{
    Devnet, DevnetOptions,
    proto::lnrpc::{Invoice, invoice::InvoiceState},
};
use lightning_invoice::Bolt11Invoice;
use sha2::{Digest, Sha256};

use crate::support::{Grpc, PATIENCE, over, told};

#[tokio::test]
async fn an_invoice_is_signed_by_the_node_and_says_what_was_asked() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let bob = devnet.node("bob").unwrap();
    let client = Grpc::connect(&bob).await;
    let asked = Invoice {
        memo: "tea ☕".to_owned(),
        value_msat: 1_234_567,
        expiry: 600,
        r_preimage: vec![7; 32],
        ..Invoice::default()
    };
    let (request, hash) = client.invoice(asked).await.unwrap();
    assert_eq!(hash, Sha256::digest([7; 32]).to_vec());

    let bolt11: Bolt11Invoice = request.parse().unwrap();
    assert!(request.starts_with("lnbcrt12345670p1"), "{request}");
    assert_eq!(bolt11.recover_payee_pub_key().to_string(), bob.pubkey);
    assert_eq!(bolt11.amount_milli_satoshis(), Some(1_234_567));
    assert_eq!(bolt11.expiry_time().as_secs(), 600);
    assert_eq!(bolt11.min_final_cltv_expiry_delta(), 80);
    assert_eq!(bolt11.description().to_string(), "tea ☕");

    let invoice = client.lookup(&hash).await.unwrap();
    assert_eq!(invoice.state(), InvoiceState::Open);
    assert_eq!((invoice.value, invoice.value_msat), (1234, 1_234_567));
    assert_eq!((invoice.memo.as_str(), invoice.add_index), ("tea ☕", 1));
    assert_eq!(invoice.payment_request, request);
    assert_eq!(invoice.r_preimage, vec![7; 32]);
    assert_eq!(invoice.payment_addr, bolt11.payment_secret().0.to_vec());
    assert_eq!((invoice.settle_index, invoice.settle_date), (0, 0));
}

#[tokio::test]
async fn an_invoice_without_terms_is_open_to_any_amount_for_a_day() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let client = Grpc::connect(&devnet.node("bob").unwrap()).await;
    let (first, first_hash) = client.invoice(Invoice::default()).await.unwrap();
    let (_, second_hash) = client.invoice(Invoice::default()).await.unwrap();
    let bolt11: Bolt11Invoice = first.parse().unwrap();
    assert_eq!(bolt11.amount_milli_satoshis(), None);
    assert_eq!(bolt11.expiry_time().as_secs(), 86_400);
    assert_ne!(first_hash, second_hash);
    assert_eq!(client.lookup(&second_hash).await.unwrap().add_index, 2);
}

fn with(change: impl FnOnce(&mut Invoice)) -> Invoice {
    let mut invoice = Invoice::default();
    change(&mut invoice);
    invoice
}

/// Bad terms with what lnd says of them.
fn refused() -> Vec<(Invoice, &'static str)> {
    let both = Invoice {
        value_msat: 1,
        ..over(1)
    };
    let memo = |length| with(|invoice| invoice.memo = "m".repeat(length));
    let preimage = with(|invoice| invoice.r_preimage = vec![1; 31]);
    let description = with(|invoice| invoice.description_hash = vec![1; 5]);
    let year = "expiry of 3.1536001e+07 seconds greater than max expiry of 3.1536e+07 seconds";
    let amount = "invoice amount 100000.00000001 BTC is too large, max is 100000 BTC";
    let delta = "CLTV delta of 23 must be greater than minimum of 24";
    vec![
        (both, "sat and msat arguments are mutually exclusive"),
        (over(-1), "amount cannot be negative"),
        (
            with(|invoice| invoice.value_msat = -1),
            "amount cannot be negative",
        ),
        (memo(1025), "memo too large: 1025 bytes (maxsize=1024)"),
        (
            memo(1024),
            "data length too big to fit within 10 bits: 1639",
        ),
        (with(|invoice| invoice.expiry = 31_536_001), year),
        (over(10_000_000_000_001), amount),
        (preimage, "invalid preimage length of 31, want 32"),
        (description, "description hash is 5 bytes, must be 32"),
        (with(|invoice| invoice.cltv_expiry = 23), delta),
    ]
}

#[tokio::test]
async fn bad_terms_are_refused_with_the_daemons_texts() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let client = Grpc::connect(&devnet.node("bob").unwrap()).await;
    for (invoice, text) in refused() {
        assert_eq!(told(client.invoice(invoice).await), (2, text.to_owned()));
    }
    let (_, hash) = client
        .invoice(Invoice {
            expiry: 31_536_000,
            ..Invoice::default()
        })
        .await
        .unwrap();
    assert_eq!(client.lookup(&hash).await.unwrap().expiry, 31_536_000);
    assert_eq!(
        client.lookup(&hash).await.unwrap().add_index,
        1,
        "a refused invoice takes no index"
    );
}

#[tokio::test]
async fn a_preimage_serves_once() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let client = Grpc::connect(&devnet.node("bob").unwrap()).await;
    let invoice = Invoice {
        r_preimage: vec![9; 32],
        ..over(10)
    };
    client.invoice(invoice.clone()).await.unwrap();
    let again = (2, "invoice with payment hash already exists".to_owned());
    assert_eq!(told(client.invoice(invoice).await), again);
}

#[tokio::test]
async fn unknown_hashes_are_not_found() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let client = Grpc::connect(&devnet.node("bob").unwrap()).await;
    let none = (5, "there are no existing invoices".to_owned());
    assert_eq!(told(client.lookup(&[1; 32]).await), none);
    client.invoice(over(10)).await.unwrap();
    let unknown = (5, "unable to locate invoice".to_owned());
    assert_eq!(told(client.lookup(&[1; 32]).await), unknown);
    assert_eq!(told(client.lookup(&[]).await), unknown);
    let short = (
        2,
        "payment hash must be exactly 32 bytes, is instead 31".to_owned(),
    );
    assert_eq!(told(client.lookup(&[1; 31]).await), short);
}

#[tokio::test]
async fn an_open_invoice_is_canceled_when_its_time_is_over() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let client = Grpc::connect(&devnet.node("bob").unwrap()).await;
    let (_, hash) = client
        .invoice(Invoice {
            expiry: 1,
            ..over(10)
        })
        .await
        .unwrap();
    assert_eq!(
        client.lookup(&hash).await.unwrap().state(),
        InvoiceState::Open
    );
    let begun = Instant::now();
    while client.lookup(&hash).await.unwrap().state() != InvoiceState::Canceled {
        assert!(begun.elapsed() < PATIENCE);
    }
}
