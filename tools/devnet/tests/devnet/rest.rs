//! The REST side: lnd's JSON, its lists, its errors.

use arkgrpc_devnet::proto::lnrpc::Invoice;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{Grpc, Rest, base64, from_base64, macaroon, nodes, over, to_pay};

#[tokio::test]
async fn messages_are_written_as_lnd_writes_them() {
    let (_devnet, alice, bob) = nodes();
    let rest = Rest::new(&alice);
    assert_eq!(
        rest.get("/v1/state").await,
        (200, json!({ "state": "SERVER_ACTIVE" }))
    );
    let (_, info) = rest.get("/v1/getinfo").await;
    assert_eq!(info["identity_pubkey"], json!(alice.pubkey));
    assert_eq!(info["chains"][0]["network"], json!("regtest"));
    assert_eq!(
        (&info["num_active_channels"], &info["num_pending_channels"]),
        (&json!(1), &json!(0))
    );
    assert!(info["best_header_timestamp"].is_string() && info["block_height"].is_number());

    let asked =
        json!({ "value": "1500", "memo": "x", "r_preimage": base64(&[5; 32]), "expiry": 60 });
    let (code, added) = Rest::new(&bob).post("/v1/invoices", asked).await;
    assert_eq!((code, &added["add_index"]), (200, &json!("1")));
    let hash = hex::encode(from_base64(&added["r_hash"]));
    let (code, invoice) = Rest::new(&bob).get(&format!("/v1/invoice/{hash}")).await;
    assert_eq!(code, 200);
    assert_eq!(
        (&invoice["value"], &invoice["value_msat"]),
        (&json!("1500"), &json!("1500000"))
    );
    assert_eq!(
        (&invoice["state"], &invoice["expiry"]),
        (&json!("OPEN"), &json!("60"))
    );
    assert_eq!(
        (&invoice["r_hash"], &invoice["settle_index"]),
        (&added["r_hash"], &json!("0"))
    );
    assert_eq!(invoice["htlcs"], json!([]));
}

#[tokio::test]
async fn a_payment_is_a_line_for_each_update() {
    let (_devnet, alice, bob) = nodes();
    let (request, hash) = Grpc::connect(&bob).await.invoice(over(700)).await.unwrap();
    let body = json!({ "payment_request": request, "timeout_seconds": 5, "fee_limit_msat": "10" });
    let response = Rest::new(&alice)
        .open("POST", "/v2/router/send", body.to_string())
        .await;
    assert_eq!(response.status(), 200);
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let lines: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let statuses: Vec<_> = lines
        .iter()
        .map(|line| line["result"]["status"].clone())
        .collect();
    assert_eq!(statuses, ["IN_FLIGHT", "IN_FLIGHT", "SUCCEEDED"]);
    let (_, payments) = Rest::new(&alice)
        .get("/v1/payments?include_incomplete=true")
        .await;
    assert_eq!(payments["payments"][0], lines[2]["result"]);
    assert_eq!(
        payments["payments"][0]["payment_hash"],
        json!(hex::encode(hash))
    );

    let again = Rest::new(&alice).post("/v2/router/send", body).await;
    let error = json!({ "code": 6, "message": "invoice is already paid", "details": [] });
    assert_eq!(again, (409, json!({ "error": error })));
}

#[tokio::test]
async fn errors_carry_the_gateways_status_and_the_daemons_text() {
    let (_devnet, alice, bob) = nodes();
    let error = |code: u16, grpc: i32, text: &str| {
        (
            code,
            json!({ "code": grpc, "message": text, "details": [] }),
        )
    };
    let rest = Rest::new(&alice);
    assert_eq!(rest.get("/v1/nothing").await, error(404, 5, "Not Found"));
    let path = format!("/v1/invoice/{}", "0".repeat(64));
    assert_eq!(
        rest.get(&path).await,
        error(404, 5, "there are no existing invoices")
    );
    let (code, answer) = rest.post("/v1/invoices", json!({ "valeu": 1 })).await;
    assert_eq!((code, &answer["code"]), (400, &json!(3)), "{answer}");
    assert!(
        answer["message"].as_str().unwrap().contains("valeu"),
        "{answer}"
    );

    let bare = Rest::with(&alice, vec![]);
    assert_eq!(
        bare.get("/v1/getinfo").await,
        error(500, 2, "expected 1 macaroon, got 0")
    );
    assert_eq!(bare.get("/v1/state").await.0, 200);
    let narrow = Rest::with(&alice, vec![macaroon(&alice.invoice_macaroon)]);
    assert_eq!(
        narrow.get("/v1/channels").await,
        error(500, 2, "permission denied")
    );
    let foreign = Rest::with(&alice, vec![macaroon(&bob.macaroon)]);
    assert_eq!(foreign.get("/v1/getinfo").await.0, 500);
}

#[tokio::test]
async fn channels_show_both_sides() {
    let (devnet, alice, bob) = nodes();
    let (_, seen) = Rest::new(&alice).get("/v1/channels?active_only=true").await;
    let (_, mirrored) = Rest::new(&bob).get("/v1/channels").await;
    let (seen, mirrored) = (&seen["channels"][0], &mirrored["channels"][0]);
    assert_eq!(
        (&seen["capacity"], &seen["active"]),
        (&json!("2000000"), &json!(true))
    );
    assert_eq!(
        (&seen["initiator"], &mirrored["initiator"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(seen["remote_pubkey"], json!(bob.pubkey));
    assert_eq!(seen["local_balance"], mirrored["remote_balance"]);
    assert_eq!(
        seen["local_constraints"]["chan_reserve_sat"],
        json!("20000")
    );
    let sat = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let outputs = sat(&seen["local_balance"]) + sat(&seen["remote_balance"]);
    assert_eq!(
        2_000_000 - outputs - sat(&seen["commit_fee"]),
        660,
        "two anchors are left"
    );
    assert_eq!(seen["chan_id"], mirrored["chan_id"]);
    devnet.stop("bob").unwrap();
    let (_, active) = Rest::new(&alice).get("/v1/channels?active_only=true").await;
    assert_eq!(active["channels"], json!([]));
    let (_, inactive) = Rest::new(&alice)
        .get("/v1/channels?inactive_only=true")
        .await;
    assert_eq!(inactive["channels"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_page_as_lnd_pages() {
    let (_devnet, alice, bob) = nodes();
    let (payer, payee) = (Grpc::connect(&alice).await, Grpc::connect(&bob).await);
    for number in 1..=5 {
        let memo = number.to_string();
        let (request, _) = payee
            .invoice(Invoice {
                memo,
                ..over(number)
            })
            .await
            .unwrap();
        if number % 2 == 1 {
            payer.pay(to_pay(&request)).await.unwrap();
        }
    }
    let bob = Rest::new(&bob);
    let memos = async |query: &str| {
        let (code, answer) = bob.get(&format!("/v1/invoices?{query}")).await;
        assert_eq!(code, 200, "{answer}");
        let invoices = answer["invoices"].as_array().unwrap();
        let memos: String = invoices
            .iter()
            .map(|one| one["memo"].as_str().unwrap())
            .collect();
        (
            memos,
            answer["first_index_offset"].clone(),
            answer["last_index_offset"].clone(),
        )
    };
    let page = |memos: &str, first: &str, last: &str| (memos.to_owned(), json!(first), json!(last));
    assert_eq!(memos("").await, page("12345", "1", "5"));
    assert_eq!(memos("pending_only=true").await, page("24", "2", "4"));
    assert_eq!(
        memos("num_max_invoices=2&index_offset=1").await,
        page("23", "2", "3")
    );
    assert_eq!(
        memos("num_max_invoices=2&reversed=true").await,
        page("45", "4", "5")
    );
    let before = "num_max_invoices=2&reversed=true&index_offset=4";
    assert_eq!(memos(before).await, page("23", "2", "3"));
    assert_eq!(memos("index_offset=5").await, page("", "0", "0"));
    let (_, payments) = Rest::new(&alice)
        .get("/v1/payments?reversed=true&max_payments=1")
        .await;
    assert_eq!(payments["payments"][0]["payment_index"], json!("3"));
}

#[tokio::test]
async fn failed_payments_are_listed_only_on_demand() {
    let (devnet, alice, bob) = nodes();
    let (request, _) = Grpc::connect(&bob).await.invoice(over(10)).await.unwrap();
    devnet.stop("bob").unwrap();
    Grpc::connect(&alice)
        .await
        .pay(to_pay(&request))
        .await
        .unwrap();
    let (_, plain) = Rest::new(&alice).get("/v1/payments").await;
    assert_eq!(plain["payments"], json!([]));
    let (_, all) = Rest::new(&alice)
        .get("/v1/payments?include_incomplete=true")
        .await;
    let failed = &all["payments"][0];
    assert_eq!(failed["status"], json!("FAILED"));
    assert_eq!(
        failed["failure_reason"],
        json!("FAILURE_REASON_INSUFFICIENT_BALANCE")
    );
    assert_eq!(failed["payment_preimage"], json!("0".repeat(64)));
}
