//! One message of each stream.

use serde::Serialize;
use serde_json::json;

use super::super::payment_view::PaymentView;
use super::super::streams::{ChannelEventsItem, invoice_item};
use super::super::transaction_view::TransactionView;
use super::{check_against, invoice, payment};
use crate::clients::StreamMessage;
use crate::clients::registry::find_stream;
use crate::transport::generated::lnrpc::channel_event_update::Channel as Event;
use crate::transport::generated::lnrpc::channel_point::FundingTxid;
use crate::transport::generated::lnrpc::{ChannelEventUpdate, ChannelPoint, Invoice, Transaction};

fn check_message(stream: &str, item: impl Serialize) {
    let schema = find_stream("lnd", stream).unwrap().row.result_schema();
    let message = StreamMessage::item(item);
    check_against(&format!("stream_{stream}"), &schema, message);
    for other in [
        json!({ "type": "lag", "item": null, "dropped": 3, "reconnect": null }),
        json!({ "type": "reconnected", "item": null, "dropped": null,
                "reconnect": { "reason": "gone", "outage_ms": 1500, "gap": "none" } }),
    ] {
        assert!(jsonschema::is_valid(&schema, &other), "{stream}: {other}");
    }
    let wrong = json!({ "type": "item", "item": 5, "dropped": null, "reconnect": null });
    assert!(!jsonschema::is_valid(&schema, &wrong), "{stream}");
}

#[test]
fn messages_are_golden() {
    let settled = Invoice {
        state: 1,
        settle_index: 3,
        ..invoice()
    };
    check_message("invoices", invoice_item("settled", 9, 3, settled));
    check_message("payments", PaymentView::from(&payment()));
    let transaction = Transaction {
        tx_hash: "ab".repeat(32),
        amount: -5230,
        num_confirmations: 1,
        block_hash: "cd".repeat(32),
        block_height: 520,
        time_stamp: 1_790_000_000,
        total_fees: 230,
        raw_tx_hex: "0200".into(),
        ..Transaction::default()
    };
    check_message("transactions", TransactionView::from(transaction));
    let point = ChannelPoint {
        funding_txid: Some(FundingTxid::FundingTxidBytes(vec![7; 32])),
        output_index: 1,
    };
    let update = ChannelEventUpdate {
        r#type: 3,
        channel: Some(Event::InactiveChannel(point)),
    };
    check_message("channel_events", ChannelEventsItem::from(update));
}
