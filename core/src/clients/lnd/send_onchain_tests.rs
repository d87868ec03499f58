//! What lnd's books prove about a payment on the chain.

use super::*;
use crate::transport::generated::lnrpc::{OutputDetail, PreviousOutPoint};

const ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

fn point(index: u32) -> String {
    format!("{}:{index}", "ab".repeat(32))
}

fn sending(outpoints: &[u32]) -> Sending {
    let outpoints: Vec<String> = outpoints.iter().map(|index| point(*index)).collect();
    let params = json!({ "address": ADDRESS, "amount": 5000, "outpoints": outpoints });
    Sending::check(serde_json::from_value(params).unwrap(), "id").unwrap()
}

fn transaction(label: &str, amount: i64, spends: &[u32]) -> Transaction {
    let input = |index: &u32| PreviousOutPoint {
        outpoint: point(*index),
        is_our_output: true,
    };
    Transaction {
        tx_hash: "cd".repeat(32),
        label: label.to_owned(),
        output_details: vec![OutputDetail {
            address: ADDRESS.to_owned(),
            amount,
            ..OutputDetail::default()
        }],
        previous_outpoints: spends.iter().map(input).collect(),
        ..Transaction::default()
    }
}

fn tried(progress: Progress) -> Record {
    Record {
        operation_id: "id".into(),
        service: "lnd".into(),
        method: "send_onchain".into(),
        node: String::new(),
        network: String::new(),
        parameters: String::new(),
        inputs: vec![],
        created: 1_790_000_000,
        attempted: 1_790_000_000,
        height: 0,
        progress,
        outcome: None,
    }
}

fn proof(order: &Sending, books: &[Transaction], record: Option<&Record>) -> Proof {
    match order.judge(books, record).unwrap() {
        Look::Absent((), proof) => proof,
        Look::Found(found) => panic!("found {found:?}"),
    }
}

#[test]
fn the_label_finds_it_and_other_amounts_are_a_conflict() {
    let order = sending(&[]);
    let books = [transaction("rent [arkgrpc:id]", 5000, &[])];
    let look = order.judge(&books, None).unwrap();
    assert!(matches!(look, Look::Found(found) if found.amount == Some(5000)));
    let books = [transaction("[arkgrpc:id]", 5001, &[])];
    let error = order.judge(&books, None).err().unwrap();
    assert_eq!(error.status(), Status::OperationConflict);
    for label in ["[arkgrpc:id] x", "[arkgrpc:other]", "id"] {
        let books = [transaction(label, 5000, &[])];
        assert_eq!(proof(&order, &books, None), Proof::NotExecuted, "{label}");
    }
}

#[test]
fn absence_never_proves_anything_and_chosen_outputs_make_a_repeat_harmless() {
    let sent = tried(Progress::Sending);
    assert_eq!(proof(&sending(&[]), &[], Some(&sent)), Proof::Nothing);
    let chosen = sending(&[0, 1]);
    assert_eq!(proof(&chosen, &[], Some(&sent)), Proof::RepeatIsHarmless);
    let refused = tried(Progress::NotExecuted);
    assert_eq!(
        proof(&sending(&[]), &[], Some(&refused)),
        Proof::NotExecuted
    );
}

#[test]
fn a_lost_label_does_not_hide_the_spending_transaction() {
    let (order, sent) = (sending(&[0, 1]), tried(Progress::Sending));
    let books = [transaction("", 5000, &[1, 0])];
    assert!(matches!(
        order.judge(&books, Some(&sent)),
        Ok(Look::Found(_))
    ));
}

#[test]
fn outputs_that_another_transaction_spends_are_never_spent_again() {
    let (order, sent) = (sending(&[0, 1]), tried(Progress::Sending));
    let by = |num_confirmations, amount, spends: &[u32]| Transaction {
        num_confirmations,
        ..transaction("", amount, spends)
    };
    for (books, record, executed) in [
        (by(0, 7000, &[0]), Some(&sent), Executed::Unknown),
        (by(1, 7000, &[0]), Some(&sent), Executed::No),
        (by(0, 5000, &[0]), Some(&sent), Executed::Unknown),
        (by(0, 5000, &[0, 1]), None, Executed::No),
    ] {
        let error = order.judge(&[books], record).err().unwrap();
        assert_eq!(error.status(), Status::InputsSpent);
        assert_eq!(error.executed(), executed);
    }
}

#[test]
fn the_order_of_outputs_does_not_matter() {
    let canonical = |outpoints: &[u32]| sending(outpoints).canonical();
    assert_eq!(canonical(&[0, 1]), canonical(&[1, 0]));
    assert_ne!(canonical(&[0, 1]), canonical(&[0]));
}
