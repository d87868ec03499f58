//! What lnd's books prove about a channel that was ordered.

use super::super::operation_claim::fingerprint;
use super::*;

const TRIED_AT: u64 = 1_790_000_000;

fn opening() -> Opening {
    let key = "02".to_owned() + &"ab".repeat(32);
    let params = json!({ "pubkey": key, "amount": 60_000, "memo": "x" });
    Opening::check(serde_json::from_value(params).unwrap(), "id").unwrap()
}

fn tried(opening: &Opening) -> Record {
    Record {
        operation_id: "id".into(),
        service: "lnd".into(),
        method: "open_channel".into(),
        node: String::new(),
        network: String::new(),
        parameters: fingerprint(&opening.canonical()),
        inputs: vec![],
        created: TRIED_AT,
        attempted: TRIED_AT,
        height: 500,
        progress: Progress::Sending,
        outcome: None,
    }
}

fn closed(opening: &Opening, capacity: i64, close_height: u32) -> ChannelCloseSummary {
    ChannelCloseSummary {
        channel_point: "cd".repeat(32) + ":0",
        remote_pubkey: opening.pubkey_text(),
        capacity,
        close_height,
        ..ChannelCloseSummary::default()
    }
}

fn proof(closed: &[ChannelCloseSummary], record: &Record, now: u64) -> Proof {
    match opening().absence(closed, record, now) {
        Look::Absent(height, proof) => {
            assert_eq!(height, 500);
            proof
        }
        Look::Found(found) => panic!("found {found:?}"),
    }
}

#[test]
fn absence_proves_something_after_twelve_minutes_and_not_before() {
    let record = tried(&opening());
    for (seconds, wanted) in [
        (0, Proof::Nothing),
        (12 * 60, Proof::Nothing),
        (12 * 60 + 1, Proof::NotExecuted),
    ] {
        assert_eq!(proof(&[], &record, TRIED_AT + seconds), wanted, "{seconds}");
    }
    // A clock that was set back proves nothing either.
    assert_eq!(proof(&[], &record, TRIED_AT - 5000), Proof::Nothing);
    let refused = Record {
        progress: Progress::NotExecuted,
        ..record
    };
    assert_eq!(proof(&[], &refused, TRIED_AT), Proof::NotExecuted);
}

#[test]
fn a_channel_like_ours_that_was_closed_since_may_be_ours() {
    let opening = opening();
    let (record, late) = (tried(&opening), TRIED_AT + 10_000);
    for (capacity, height, wanted) in [
        (60_000, 500, Proof::Nothing),
        (60_000, 0, Proof::Nothing),
        (60_000, 499, Proof::NotExecuted),
        (60_001, 500, Proof::NotExecuted),
    ] {
        let closed = [closed(&opening, capacity, height)];
        assert_eq!(proof(&closed, &record, late), wanted, "{capacity} {height}");
    }
    let of_another = ChannelCloseSummary {
        remote_pubkey: "03".repeat(33),
        ..closed(&opening, 60_000, 500)
    };
    assert_eq!(proof(&[of_another], &record, late), Proof::NotExecuted);
}

#[test]
fn the_journal_knows_a_channel_that_was_closed() {
    let opening = opening();
    let record = Record {
        progress: Progress::Done,
        outcome: Some("cd".repeat(32) + ":0"),
        ..tried(&opening)
    };
    let look = opening.absence(&[closed(&opening, 60_000, 600)], &record, TRIED_AT);
    assert!(matches!(look, Look::Found(found) if found.state == "closed"));
}

#[test]
fn defaults_and_their_absence_are_the_same_parameters() {
    let key = "02".to_owned() + &"ab".repeat(32);
    let canonical = |params: Value| {
        let params = serde_json::from_value(params).unwrap();
        fingerprint(&Opening::check(params, "id").unwrap().canonical())
    };
    let short = canonical(json!({ "pubkey": key, "amount": 60_000 }));
    let long = json!({
        "amount": 60_000, "pubkey": key.to_uppercase(), "private": false, "push_amount": 0,
        "target_conf": 6, "memo": "", "spend_unconfirmed": false,
    });
    assert_eq!(short, canonical(long));
    for other in [
        json!({ "pubkey": key, "amount": 60_001 }),
        json!({ "pubkey": key, "amount": 60_000, "private": true }),
        json!({ "pubkey": key, "amount": 60_000, "target_conf": 7 }),
        json!({ "pubkey": key, "amount": 60_000, "memo": "x" }),
    ] {
        assert_ne!(short, canonical(other));
    }
}
