//! What may be told again, for how long, and how it is marked.

use serde_json::json;

use super::*;
use crate::clients::registry::find;

fn row(name: &str) -> &'static MethodRow {
    find("lnd", name).unwrap()
}

fn fresh(number: usize) -> Result<String, Error> {
    Ok(staleness::fresh(format!("{{\"n\":{number}}}")))
}

fn failed(status: Status) -> Result<String, Error> {
    Err(Error::transport(status, "m", "h"))
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_fresh_answer_says_so() {
    let marked = value(&fresh(1).unwrap());
    assert_eq!(marked, json!({"n": 1, "stale": false, "age_ms": null}));
}

#[test]
fn nothing_that_decides_about_money_is_told_again() {
    for name in [
        "list_payments",
        "list_invoices",
        "list_transactions",
        "list_unspent",
        "track_payment",
        "lookup_invoice",
        "lookup_operation",
        "send_payment",
    ] {
        let error = check(row(name)).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{name}");
        assert!(error.hint().contains("get_info"), "{}", error.hint());
    }
    assert!(METHODS.iter().any(|row| row.stale));
}

#[test]
fn the_last_good_answer_comes_back_with_its_age() {
    let memory = Memory::default();
    let info = row("get_info");
    let nothing = memory.consult(info, "{}", failed(Status::ConnectFailed));
    assert_eq!(nothing.unwrap_err().status(), Status::ConnectFailed);
    for number in 1..3 {
        let given = memory.consult(info, "{}", fresh(number)).unwrap();
        assert_eq!(value(&given)["stale"], false);
    }
    for status in [
        Status::ConnectFailed,
        Status::DeadlineExceeded,
        Status::WalletLocked,
    ] {
        let told = value(&memory.consult(info, "", failed(status)).unwrap());
        assert_eq!((&told["n"], &told["stale"]), (&json!(2), &json!(true)));
        assert!(told["age_ms"].as_u64().unwrap() < 60_000);
    }
}

#[test]
fn errors_that_waiting_does_not_mend_are_told() {
    let memory = Memory::default();
    memory.consult(row("get_info"), "{}", fresh(1)).unwrap();
    for status in [
        Status::PermissionMissing,
        Status::TlsFailed,
        Status::WrongPeer,
        Status::Cancelled,
        Status::DaemonUnknown,
    ] {
        let told = memory.consult(row("get_info"), "{}", failed(status));
        assert_eq!(told.unwrap_err().status(), status);
    }
}

#[test]
fn questions_are_told_apart_by_meaning() {
    let memory = Memory::default();
    let list = row("list_channels");
    let keep = |params: &str, number| {
        memory.consult(list, params, fresh(number)).unwrap();
    };
    keep(r#"{"a":1,"b":2}"#, 1);
    keep("{}", 2);
    let ask = |row, params| memory.consult(row, params, failed(Status::ConnectFailed));
    assert_eq!(value(&ask(list, r#"{ "b":2, "a":1 }"#).unwrap())["n"], 1);
    assert_eq!(value(&ask(list, "").unwrap())["n"], 2);
    assert!(ask(list, r#"{"a":2}"#).is_err());
    assert!(ask(row("list_peers"), "{}").is_err());
    memory.forget("tapd");
    assert!(ask(list, "{}").is_ok());
    memory.forget("lnd");
    assert!(ask(list, "{}").is_err());
}

#[test]
fn memory_is_bounded() {
    let memory = Memory::default();
    let list = row("list_channels");
    let params = |number: usize| format!("{{\"a\":{number}}}");
    for number in 0..MOST + 3 {
        memory
            .consult(list, &params(number), fresh(number))
            .unwrap();
    }
    assert_eq!(memory.0.lock().len(), MOST);
    let ask = |number| memory.consult(list, &params(number), failed(Status::ConnectFailed));
    assert!(ask(2).is_err() && ask(3).is_ok());
    let large = || {
        Ok(staleness::fresh(format!(
            "{{\"n\":\"{}\"}}",
            "x".repeat(MOST_BYTES / 2)
        )))
    };
    for number in 1000..1003 {
        memory.consult(list, &params(number), large()).unwrap();
    }
    let all = memory.0.lock();
    assert!(all.iter().map(|kept| kept.json.len()).sum::<usize>() <= MOST_BYTES);
    assert_eq!(all.len(), 1);
}
