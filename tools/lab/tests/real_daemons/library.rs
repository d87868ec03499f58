//! The library: a usable channel, every way to disturb a daemon, a locked wallet, the end in panic.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use arkgrpc_lab::{Lab, LabError, LabOptions, Rest};
use serde_json::{Value, json};

use crate::{daemon_pids, daemons_are_built, wait_until_gone};

#[test]
fn daemons_can_be_disturbed_and_come_back() {
    if !daemons_are_built() {
        return;
    }
    let lab = Lab::start(LabOptions {
        echo: true,
        ..LabOptions::default()
    })
    .unwrap();
    channel_has_balance_on_both_sides(&lab);
    macaroons_permit_what_they_should(&lab);
    mining_is_seen(&lab);
    graceful_restart_keeps_node_and_channel(&lab);
    sigkill_is_survived(&lab);
    a_paused_node_is_silent_until_resumed(&lab);
    wrong_uses_are_errors(&lab);
    carol_is_locked_until_unlocked(&lab);
}

fn channel_has_balance_on_both_sides(lab: &Lab) {
    let mut keys = BTreeSet::new();
    let mut aliases = BTreeSet::new();
    for name in ["alice", "bob"] {
        let answer = lab.rest(name, "GET", "/v1/channels", None).unwrap();
        let channel = &answer["channels"][0];
        let sat = |field: &str| channel[field].as_str().unwrap().parse::<u64>().unwrap();
        assert!(sat("capacity") >= 1_000_000, "{channel}");
        assert!(
            sat("local_balance") > 100_000 && sat("remote_balance") > 100_000,
            "{channel}"
        );
        let access = lab.node(name).unwrap();
        assert!(access.tls_cert.is_file() && access.macaroon.is_file());
        assert!(access.invoice_macaroon.is_file() && access.readonly_macaroon.is_file());
        let info = lab.rest(name, "GET", "/v1/getinfo", None).unwrap();
        assert_eq!(info["identity_pubkey"], json!(access.pubkey));
        assert_eq!(info["alias"], json!(access.alias));
        keys.insert(access.pubkey);
        aliases.insert(access.alias);
    }
    assert_eq!((keys.len(), aliases.len()), (2, 2));
}

fn macaroons_permit_what_they_should(lab: &Lab) {
    let alice = lab.node("alice").unwrap();
    let with = |macaroon| Rest::new(&alice.rest_url, Some(macaroon)).unwrap();
    with(&alice.readonly_macaroon)
        .call("GET", "/v1/getinfo", None)
        .unwrap();
    let invoice = Some(json!({"value": "1"}));
    with(&alice.invoice_macaroon)
        .call("POST", "/v1/invoices", invoice.as_ref())
        .unwrap();
    for (macaroon, method, path, body) in [
        (
            &alice.readonly_macaroon,
            "POST",
            "/v1/invoices",
            invoice.as_ref(),
        ),
        (&alice.invoice_macaroon, "GET", "/v1/getinfo", None),
    ] {
        let error = with(macaroon).call(method, path, body).unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{error}");
    }
}

fn mining_is_seen(lab: &Lab) {
    let before = lab.chain().height().unwrap();
    assert_eq!(lab.mine(3).unwrap().len(), 3);
    assert_eq!(lab.chain().height().unwrap(), before + 3);
    lab.wait_until_synced("alice").unwrap();
    let info = lab.rest("alice", "GET", "/v1/getinfo", None).unwrap();
    assert_eq!(info["block_height"], json!(before + 3));
}

fn graceful_restart_keeps_node_and_channel(lab: &Lab) {
    let before = lab.node("alice").unwrap();
    lab.restart("alice").unwrap();
    assert_eq!(lab.node("alice").unwrap(), before);
    lab.prove_payment("alice", "bob").unwrap();
}

fn sigkill_is_survived(lab: &Lab) {
    lab.kill("bob").unwrap();
    let error = lab.rest("bob", "GET", "/v1/getinfo", None).unwrap_err();
    assert!(matches!(error, LabError::Http { .. }), "{error}");
    lab.start_again("bob").unwrap();
    lab.prove_payment("bob", "alice").unwrap();
    lab.stop("bob").unwrap();
    lab.start_again("bob").unwrap();
}

fn a_paused_node_is_silent_until_resumed(lab: &Lab) {
    let url = lab.node("alice").unwrap().rest_url;
    let rest = Rest::with_limit(&url, None, Duration::from_millis(500)).unwrap();
    rest.call("GET", "/v1/state", None).unwrap();
    lab.pause("alice").unwrap();
    let error = rest.call("GET", "/v1/state", None).unwrap_err();
    assert!(error.to_string().contains("timeout"), "{error}");
    lab.resume("alice").unwrap();
    assert_eq!(state(lab, "alice"), "SERVER_ACTIVE");
}

fn wrong_uses_are_errors(lab: &Lab) {
    let error = lab.restart("mallory").unwrap_err();
    assert!(error.to_string().contains("btcd, alice, bob"), "{error}");
    assert!(matches!(
        lab.start_again("alice"),
        Err(LabError::WrongState { .. })
    ));
    lab.kill("bob").unwrap();
    for result in [lab.kill("bob"), lab.stop("bob"), lab.pause("bob")] {
        assert!(
            matches!(result, Err(LabError::WrongState { .. })),
            "{result:?}"
        );
    }
    lab.start_again("bob").unwrap();
}

fn carol_is_locked_until_unlocked(lab: &Lab) {
    let carol = lab.start_locked_wallet_node().unwrap();
    assert_eq!(carol.pubkey.len(), 66);
    assert_eq!(state(lab, "carol"), "LOCKED");
    let error = lab.rest("carol", "GET", "/v1/getinfo", None).unwrap_err();
    assert!(error.to_string().contains("wallet locked"), "{error}");
    lab.unlock("carol").unwrap();
    let info = lab.rest("carol", "GET", "/v1/getinfo", None).unwrap();
    assert_eq!(info["identity_pubkey"], json!(carol.pubkey));
    lab.restart("carol").unwrap();
    assert_eq!(state(lab, "carol"), "LOCKED");
    assert!(lab.start_locked_wallet_node().is_err(), "a second carol");
}

fn state(lab: &Lab, name: &str) -> String {
    let answer = lab.rest(name, "GET", "/v1/state", None).unwrap();
    answer
        .get("state")
        .and_then(Value::as_str)
        .unwrap()
        .to_owned()
}

#[test]
fn a_panic_ends_the_daemons_and_removes_the_files() {
    if !daemons_are_built() {
        return;
    }
    let (sender, receiver) = channel();
    let panicking = thread::spawn(move || {
        let lab = Lab::start(LabOptions::default()).unwrap();
        // Paused processes must go, too.
        lab.pause("bob").unwrap();
        sender
            .send((lab.directory(), daemon_pids(&lab.directory())))
            .unwrap();
        panic!("on purpose");
    });
    let (directory, pids) = receiver.recv().unwrap();
    assert_eq!(pids.len(), 3);
    assert!(panicking.join().is_err());
    wait_until_gone(&pids);
    assert!(!directory.exists());
}
