//! Which writes are refused when, and what calls and looks make of what is known.

use super::*;
use crate::clients::registry::find;
use crate::resilience::{Entry, Taken};

fn look(finding: Finding, active: Option<bool>, synced: Option<bool>) -> Arc<Examination> {
    Arc::new(Examination {
        finding,
        active,
        synced,
        reason: Some("it has a reason".into()),
        hint: Some("and a remedy".into()),
        error: None,
        state: None,
        latency: None,
        info: None,
    })
}

fn lost() -> Arc<Examination> {
    let error = Error::transport(Status::ConnectFailed, "connection refused", "start it");
    Arc::new(Examination::failed(error))
}

fn after(looks: &[Arc<Examination>]) -> Pulse {
    let pulse = Pulse::default();
    for look in looks {
        pulse.listen();
        pulse.finish(look);
    }
    pulse
}

fn verdict(pulse: &Pulse, method: &str) -> Status {
    let outcome = pulse.admit(find("lnd", method).unwrap());
    outcome.map_or_else(|error| error.status(), |()| Status::Ok)
}

#[test]
fn a_write_is_refused_by_what_its_row_needs() {
    let ready = after(&[look(Finding::Ready, Some(true), Some(true))]);
    let syncing = after(&[look(Finding::Limited, Some(true), Some(false))]);
    let locked = after(&[look(Finding::Limited, Some(false), None)]);
    let unseen = after(&[look(Finding::Ready, Some(true), None)]);
    let ailing = after(&[lost()]);
    let down = after(&[lost(), lost()]);
    use Status::{Ok, ReadOnly, ServiceDown};
    for (method, wanted) in [
        ("get_info", [Ok, Ok, Ok, Ok, Ok, Ok]),
        ("lookup_operation", [Ok, Ok, Ok, Ok, Ok, Ok]),
        ("add_invoice", [Ok, Ok, Ok, Ok, Ok, ServiceDown]),
        ("send_payment", [Ok, Ok, ReadOnly, Ok, Ok, ServiceDown]),
        ("connect_peer", [Ok, Ok, ReadOnly, Ok, Ok, ServiceDown]),
        (
            "open_channel",
            [Ok, ReadOnly, ReadOnly, Ok, Ok, ServiceDown],
        ),
        (
            "send_onchain",
            [Ok, ReadOnly, ReadOnly, Ok, Ok, ServiceDown],
        ),
    ] {
        let states = [&ready, &syncing, &locked, &unseen, &ailing, &down];
        assert_eq!(
            states.map(|pulse| verdict(pulse, method)),
            wanted,
            "{method}"
        );
    }
}

#[test]
fn a_refusal_is_honest_and_has_the_daemon_asked_soon() {
    let pulse = after(&[look(Finding::Limited, Some(false), None)]);
    pulse.with_machine(|machine| machine.begin(Instant::now()));
    let error = pulse
        .admit(find("lnd", "send_payment").unwrap())
        .unwrap_err();
    assert_eq!(error.executed(), crate::error::Executed::No);
    assert!(error.retryable());
    assert!(error.message().contains("it has a reason"), "{error}");
    assert_eq!(error.hint(), "and a remedy");
    let pause = error.retry_after().unwrap();
    assert!(pause <= SOON && !pause.is_zero(), "{pause:?}");
    let next = pulse.with_machine(|machine| machine.pause(Instant::now()));
    assert!(next <= Some(SOON));
}

#[test]
fn what_a_daemon_is_fit_for_outlives_a_failed_probe_and_not_a_good_one() {
    let syncing = look(Finding::Limited, Some(true), Some(false));
    let pulse = after(&[syncing, lost()]);
    assert_eq!(verdict(&pulse, "open_channel"), Status::ReadOnly);
    pulse.finish(&look(Finding::Ready, Some(true), Some(true)));
    assert_eq!(verdict(&pulse, "open_channel"), Status::Ok);
}

#[test]
fn a_call_that_is_answered_ends_a_refusal() {
    let pulse = after(&[lost(), lost()]);
    assert_eq!(verdict(&pulse, "add_invoice"), Status::ServiceDown);
    pulse.hear();
    assert_eq!(verdict(&pulse, "add_invoice"), Status::Ok);
    assert_eq!(pulse.view().status, Some("degraded"));
}

#[test]
fn what_answers_calls_while_its_probes_fail_is_not_down() {
    let pulse = after(&[lost()]);
    pulse.listen();
    pulse.hear();
    pulse.finish(&lost());
    assert_eq!(pulse.view().status, Some("degraded"));
    pulse.listen();
    pulse.finish(&lost());
    assert_eq!(pulse.view().status, Some("down"));
}

#[test]
fn every_change_is_told_in_order_with_its_reason() {
    let (pulse, hub) = (Pulse::default(), Arc::<Hub>::default());
    pulse.attach("lnd", &hub);
    let feed = hub.subscribe();
    pulse.hear();
    pulse.listen();
    pulse.finish(&lost());
    pulse.finish(&lost());
    pulse.close();
    let mut told = Vec::new();
    while let Taken::Entry(Entry::Item(message)) = feed.take(Instant::now()) {
        let message: serde_json::Value = serde_json::from_str(&message.print().unwrap()).unwrap();
        told.push((
            message["item"]["to"].as_str().unwrap().to_owned(),
            message["item"]["code"].as_str().map(str::to_owned),
        ));
    }
    let failed = Some("CONNECT_FAILED".to_owned());
    let wanted = [
        ("up".to_owned(), None),
        ("degraded".to_owned(), failed.clone()),
        ("down".to_owned(), failed),
        ("closed".to_owned(), None),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_reader_who_does_not_keep_up_is_told_how_much_it_missed() {
    let (pulse, hub) = (Pulse::default(), Arc::<Hub>::default());
    pulse.attach("lnd", &hub);
    let feed = hub.subscribe();
    for _ in 0..1000 {
        pulse.finish(&look(Finding::Limited, Some(false), None));
        pulse.finish(&look(Finding::Ready, Some(true), Some(true)));
    }
    let (mut items, mut dropped) = (0, 0);
    while let Taken::Entry(entry) = feed.take(Instant::now()) {
        match entry {
            Entry::Lag(missing) => dropped += missing,
            _ => items += 1,
        }
    }
    assert_eq!(items + dropped, 2000);
    assert!(dropped > 0);
}

#[test]
fn a_caller_in_a_hurry_proves_nothing() {
    let timed_out = |status| Examination::failed(Error::local(status, "m", "h"));
    assert!(!timed_out(Status::DeadlineExceeded).tells(false));
    assert!(timed_out(Status::DeadlineExceeded).tells(true));
    assert!(!timed_out(Status::Cancelled).tells(true));
    assert!(timed_out(Status::ConnectFailed).tells(false));
}
