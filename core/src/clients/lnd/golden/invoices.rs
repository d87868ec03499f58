//! Invoices and payments: made, ended, listed, decoded, estimated.

use super::super::cancel_invoice::CancelInvoiceResult;
use super::super::decode_payment_request;
use super::super::estimate_route_fee::EstimateRouteFeeResult;
use super::super::invoice_view::InvoiceView;
use super::super::list_invoices::ListInvoicesResult;
use super::super::list_payments::ListPaymentsResult;
use super::super::made_invoice::MadeInvoice;
use super::super::payment_view::PaymentView;
use super::super::settle_invoice::SettleInvoiceResult;
use super::{check, invoice, payment};
use crate::clients::json::{Decimal, Hex32, Millisatoshis};
use crate::transport::generated::lnrpc::{HopHint, Invoice, PayReq, RouteHint};

const HASH: Hex32 = Hex32([2; 32]);

fn held(state: i32) -> InvoiceView {
    InvoiceView::from(Invoice {
        state,
        r_preimage: Vec::new(),
        ..invoice()
    })
}

#[test]
fn hold_invoices_are_golden() {
    let made = MadeInvoice {
        invoice: held(0),
        operation_id: Some("order-19".into()),
        replayed: true,
    };
    check("add_hold_invoice", made);
    let settled = SettleInvoiceResult {
        payment_hash: HASH,
        settled: true,
        replayed: false,
        invoice: Some(held(1)),
        operation_id: Some("order-19".into()),
    };
    check("settle_invoice", settled);
    let canceled = CancelInvoiceResult {
        payment_hash: HASH,
        canceled: true,
        replayed: false,
        invoice: None,
        operation_id: Some("order-20".into()),
    };
    check("cancel_invoice", canceled);
}

#[test]
fn lists_are_golden() {
    let invoices = ListInvoicesResult {
        invoices: vec![held(3), InvoiceView::from(invoice())],
        more: true,
        next_offset: Decimal(9_007_199_254_740_993),
    };
    check("list_invoices", invoices);
    let payments = ListPaymentsResult {
        payments: vec![PaymentView::from(&payment())],
        more: false,
        next_offset: Decimal(9_007_199_254_740_993),
    };
    check("list_payments", payments);
}

#[test]
fn decoded_invoices_are_golden() {
    let hop = HopHint {
        node_id: "03".to_owned() + &"cd".repeat(32),
        chan_id: 9_007_199_254_740_993,
        fee_base_msat: 1000,
        fee_proportional_millionths: 1,
        cltv_expiry_delta: 80,
    };
    let request = PayReq {
        destination: "02".to_owned() + &"ab".repeat(32),
        payment_hash: "02".repeat(32),
        num_satoshis: 21,
        num_msat: 21_500,
        timestamp: 1_790_000_000,
        expiry: 3600,
        description: "Kaffee ☕".into(),
        cltv_expiry: 80,
        route_hints: vec![RouteHint {
            hop_hints: vec![hop],
        }],
        payment_addr: vec![3; 32],
        ..PayReq::default()
    };
    check(
        "decode_payment_request",
        decode_payment_request::view(request),
    );
}

#[test]
fn estimates_are_golden() {
    let estimate = EstimateRouteFeeResult {
        routing_fee_msat: Millisatoshis(1_021),
        time_lock_delay: 206,
    };
    check("estimate_route_fee", estimate);
}
