//! Payment requests over gRPC: decoded, held, and priced.

use arkgrpc_devnet::proto::{
    invoicesrpc::{AddHoldInvoiceRequest, CancelInvoiceMsg, SettleInvoiceMsg},
    lnrpc::{Invoice, PayReqString, PaymentFailureReason, invoice::InvoiceState},
    routerrpc::RouteFeeRequest,
};
use sha2::{Digest, Sha256};
use tonic::Status;

use crate::support::{Grpc, Pair, Rest, next, nodes, over, to_pay, told};

#[tokio::test]
async fn a_payment_request_is_decoded() {
    let (_devnet, alice, bob) = nodes();
    let bob_client = Grpc::connect(&bob).await;
    let invoice = Invoice {
        expiry: 700,
        cltv_expiry: 40,
        ..over(1234)
    };
    let (pay_req, hash) = bob_client.invoice(invoice).await.unwrap();
    let written = bob_client.lookup(&hash).await.unwrap();
    let client = Grpc::connect(&alice).await;
    let decode = |pay_req: String| {
        let request = client.request(PayReqString { pay_req });
        let mut lightning = client.lightning();
        async move { Ok::<_, Status>(lightning.decode_pay_req(request).await?.into_inner()) }
    };
    let decoded = decode(pay_req.clone()).await.unwrap();
    assert_eq!(
        (&decoded.destination, decoded.payment_hash),
        (&bob.pubkey, hex::encode(hash))
    );
    assert_eq!((decoded.num_satoshis, decoded.num_msat), (1234, 1_234_000));
    assert_eq!(
        (decoded.expiry, decoded.cltv_expiry, decoded.timestamp),
        (700, 40, written.creation_date)
    );
    assert_eq!(
        (decoded.description, decoded.payment_addr),
        ("coffee".to_owned(), written.payment_addr)
    );
    assert!(decoded.features[&14].is_required && decoded.features[&14].name == "payment-addr");
    let (_, seen) = Rest::new(&alice)
        .get(&format!("/v1/payreq/{pay_req}"))
        .await;
    assert_eq!(seen["num_msat"], "1234000");
    let (code, text) = told(decode(pay_req.replacen('0', "2", 1)).await);
    assert!(code == 2 && !text.is_empty(), "{code} {text}");
}

#[tokio::test]
async fn a_hold_invoice_is_settled_and_another_canceled() {
    let pair = Pair::new().await;
    let preimages = [[1; 32], [2; 32]];
    let hash = |preimage: &[u8; 32]| Sha256::digest(preimage).to_vec();
    let mut invoices = pair.bob.invoices();
    let mut streams = Vec::new();
    for preimage in &preimages {
        let asked = AddHoldInvoiceRequest {
            hash: hash(preimage),
            value: 50,
            ..Default::default()
        };
        let added = invoices
            .add_hold_invoice(pair.bob.request(asked))
            .await
            .unwrap()
            .into_inner();
        let mut updates = pair
            .alice
            .send(to_pay(&added.payment_request))
            .await
            .unwrap();
        while !pair
            .bob
            .lookup(&hash(preimage))
            .await
            .unwrap()
            .state()
            .eq(&InvoiceState::Accepted)
        {
            next(&mut updates)
                .await
                .unwrap()
                .expect("it is held, not ended");
        }
        streams.push(updates);
    }
    let settle = SettleInvoiceMsg {
        preimage: preimages[0].to_vec(),
    };
    invoices
        .settle_invoice(pair.bob.request(settle))
        .await
        .unwrap();
    let cancel = CancelInvoiceMsg {
        payment_hash: hash(&preimages[1]),
    };
    invoices
        .cancel_invoice(pair.bob.request(cancel))
        .await
        .unwrap();
    let states = [InvoiceState::Settled, InvoiceState::Canceled];
    for (preimage, state) in preimages.iter().zip(states) {
        assert_eq!(
            pair.bob.lookup(&hash(preimage)).await.unwrap().state(),
            state
        );
    }
    let unknown = SettleInvoiceMsg {
        preimage: vec![9; 32],
    };
    let answer = invoices.settle_invoice(pair.bob.request(unknown)).await;
    assert_eq!(told(answer), (2, "unable to locate invoice".to_owned()));
}

#[tokio::test]
async fn a_fee_is_estimated_by_invoice_and_by_destination() {
    let (devnet, alice, bob) = nodes();
    let carol = devnet.start_locked_wallet_node().unwrap();
    devnet.unlock("carol").unwrap();
    let (payment_request, _) = Grpc::connect(&carol)
        .await
        .invoice(over(5000))
        .await
        .unwrap();
    let client = Grpc::connect(&alice).await;
    let estimate = |request: RouteFeeRequest| {
        let request = client.request(request);
        let mut router = client.router();
        async move { Ok::<_, Status>(router.estimate_route_fee(request).await?.into_inner()) }
    };
    let by_invoice = RouteFeeRequest {
        payment_request: payment_request.clone(),
        ..Default::default()
    };
    let probed = estimate(by_invoice).await.unwrap();
    let paid = client.pay(to_pay(&payment_request)).await.unwrap();
    assert_eq!(probed.routing_fee_msat, paid.last().unwrap().fee_msat);
    assert!(probed.routing_fee_msat > 0, "bob forwards for a fee");
    let to_carol = RouteFeeRequest {
        dest: hex::decode(&carol.pubkey).unwrap(),
        amt_sat: 5000,
        ..Default::default()
    };
    assert_eq!(
        estimate(to_carol.clone()).await.unwrap().routing_fee_msat,
        probed.routing_fee_msat
    );
    let too_much = RouteFeeRequest {
        amt_sat: 1_200_000,
        ..to_carol
    };
    assert_eq!(told(estimate(too_much).await).0, 2);
    let (large, _) = Grpc::connect(&bob)
        .await
        .invoice(over(1_900_000))
        .await
        .unwrap();
    let failed = estimate(RouteFeeRequest {
        payment_request: large,
        ..Default::default()
    })
    .await
    .unwrap();
    assert_eq!(
        failed.failure_reason(),
        PaymentFailureReason::FailureReasonInsufficientBalance
    );
    let neither = estimate(RouteFeeRequest::default()).await;
    assert_eq!(
        told(neither),
        (2, "specify either a destination or an invoice".to_owned())
    );
}
