//! What each method prints, held against a file that people can read, and against the schema that
//! `arkgrpc_methods()` hands out. `ARKGRPC_WRITE_GOLDEN=1` writes the files anew.

mod chain_writes;
mod channels;
mod invoices;
mod streams;
mod wallet;

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::add_invoice::AddInvoiceResult;
use super::invoice_view::InvoiceView;
use super::lookup_operation::LookupOperationResult;
use super::payment_view::PaymentView;
use super::send_payment::SendPaymentResult;
use super::{get_info, payment_verdict};
use crate::clients::json::Millisatoshis;
use crate::clients::registry::{self, METHODS, STREAMS};
use crate::clients::staleness;
use crate::transport::generated::lnrpc::{
    Chain, Feature, GetInfoResponse, HtlcAttempt, Invoice, Payment,
};

fn check(method: &str, result: impl Serialize) {
    let row = registry::find("lnd", method).unwrap();
    let mut printed = serde_json::to_string(&result).unwrap();
    if row.stale {
        printed = staleness::fresh(printed);
    }
    let printed: Value = serde_json::from_str(&printed).unwrap();
    check_against(method, &row.result_schema(), printed);
}

fn check_against(method: &str, schema: &Value, result: impl Serialize) {
    let printed = serde_json::to_value(result).unwrap();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../tests/golden/lnd/{method}.json"));
    if std::env::var_os("ARKGRPC_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, format!("{printed:#}\n")).unwrap();
    }
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        printed, golden,
        "{method} prints something else than its golden file"
    );
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&printed)
        .map(|e| e.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "{method} breaks its own schema: {errors:?}"
    );
    assert_keys(method, schema, &printed);
}

/// Absent values are null, never missing; and nothing is printed that the schema does not name.
fn assert_keys(method: &str, schema: &Value, printed: &Value) {
    let named: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let present: Vec<&String> = printed.as_object().unwrap().keys().collect();
    for key in &named {
        assert!(present.contains(key), "{method} leaves out {key}");
    }
    for key in &present {
        assert!(
            named.contains(key),
            "{method} prints {key}, which its schema does not name"
        );
    }
}

fn info() -> GetInfoResponse {
    let feature = Feature {
        name: "tlv-onion".into(),
        is_required: true,
        is_known: true,
    };
    GetInfoResponse {
        identity_pubkey: "02".to_owned() + &"ab".repeat(32),
        alias: "alice".into(),
        color: "#3399ff".into(),
        version: "0.21.2-beta commit=v0.21.2-beta".into(),
        commit_hash: "29257ecc".into(),
        num_active_channels: 1,
        num_peers: 1,
        block_height: 446,
        block_hash: "cd".repeat(32),
        best_header_timestamp: 1_790_000_000,
        synced_to_chain: true,
        wallet_synced: true,
        uris: vec!["02ab@127.0.0.1:9735".into()],
        chains: vec![Chain {
            network: "regtest".into(),
            ..Chain::default()
        }],
        features: HashMap::from([(8, feature)]),
        ..GetInfoResponse::default()
    }
}

fn invoice() -> Invoice {
    Invoice {
        memo: "Kaffee ☕".into(),
        r_preimage: vec![1; 32],
        r_hash: vec![2; 32],
        value: 21,
        value_msat: 21_500,
        creation_date: 1_790_000_000,
        payment_request: "lnbcrt215n1…".into(),
        expiry: 3600,
        add_index: 9_007_199_254_740_993,
        private: true,
        ..Invoice::default()
    }
}

fn payment() -> Payment {
    let part = HtlcAttempt {
        status: 1,
        resolve_time_ns: 1_790_000_002_999_999_999,
        ..HtlcAttempt::default()
    };
    Payment {
        payment_hash: "02".repeat(32),
        payment_preimage: "01".repeat(32),
        value_sat: 21,
        value_msat: 21_500,
        payment_request: "lnbcrt215n1…".into(),
        status: 2,
        fee_sat: 1,
        fee_msat: 1_001,
        creation_time_ns: 1_790_000_001_000_000_000,
        htlcs: vec![part],
        payment_index: 9_007_199_254_740_993,
        ..Payment::default()
    }
}

#[test]
fn get_info_is_golden() {
    check("get_info", get_info::view(info()));
}

#[test]
fn invoices_are_golden() {
    check(
        "lookup_invoice",
        InvoiceView::from(Invoice {
            state: 1,
            settle_index: 3,
            ..invoice()
        }),
    );
    let made = InvoiceView::from(invoice());
    let result = AddInvoiceResult {
        invoice: made,
        operation_id: Some("order-17".into()),
        replayed: false,
    };
    check("add_invoice", result);
}

#[test]
fn payments_are_golden() {
    check("track_payment", PaymentView::from(&payment()));
    let result = SendPaymentResult {
        payment: PaymentView::from(&payment()),
        already_paid: false,
        fee_limit_msat: Some(Millisatoshis(50_215)),
        operation_id: Some("order-18".into()),
    };
    check("send_payment", result);
}

#[test]
fn operations_are_golden() {
    let result = LookupOperationResult {
        operation_id: "order-18".into(),
        method: "send_payment".into(),
        state: "failed",
        decisive: false,
        decisive_after: Some(1_790_003_720),
        result: Some(payment_verdict::shown(&Payment {
            status: 3,
            failure_reason: 2,
            ..payment()
        })),
    };
    check("lookup_operation", result);
}

#[test]
fn data_structures_of_every_method_and_stream_have_a_golden_file() {
    let methods = METHODS
        .iter()
        .map(|row| format!("{}/{}", row.service, row.name));
    let streams = STREAMS.iter().map(|stream| &stream.row);
    let streams = streams.map(|row| format!("{}/stream_{}", row.service, row.name));
    for name in methods.chain(streams) {
        let file =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/golden/{name}.json"));
        assert!(file.exists(), "{name} has no golden file");
    }
}
