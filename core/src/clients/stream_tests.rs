//! How a stream ends, and what its reader sees then; the daemon's side is a future of the test.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::clients::registry::{STREAMS, StreamRow};
use crate::transport::{Chores, HostHooks, Runtime};

const LONG: Duration = Duration::from_secs(20);

struct Opened {
    runtime: Arc<Runtime>,
    stream: Stream,
    feed: Arc<MessageFeed>,
    ends: Ends,
}

fn row() -> &'static StreamRow {
    &STREAMS[0]
}

fn open(watching: impl Future<Output = Error> + Send + 'static) -> Opened {
    let hooks = HostHooks {
        thread_start: || {},
        while_driving: |drive| drive(),
        may_drive: || true,
    };
    let runtime = Runtime::start(hooks, Arc::default(), Chores::none());
    let runtime = Arc::new(runtime.unwrap());
    let feed = Arc::<MessageFeed>::default();
    let ends = Ends::new(CancelToken::new(), CancellationToken::new());
    runtime.spawn(ends.drive(watching, Arc::clone(&feed), &row().row));
    let keep_alive: Arc<dyn Send + Sync> = Arc::new(());
    let stream = Stream::new(row(), Arc::clone(&feed), ends.clone(), keep_alive);
    Opened {
        runtime,
        stream,
        feed,
        ends,
    }
}

fn quiet() -> impl Future<Output = Error> + Send {
    std::future::pending()
}

fn status(outcome: Result<Success, Error>) -> Status {
    outcome.map_or_else(|error| error.status(), |_| Status::Ok)
}

/// Waits in `next` on a thread of its own, does something, and tells how the wait ended.
fn while_waiting(opened: &Opened, act: impl FnOnce(&Opened)) -> Status {
    let stream = opened.stream.clone();
    let waiting = std::thread::spawn(move || status(stream.next(LONG)));
    act(opened);
    waiting.join().unwrap()
}

#[test]
fn messages_lags_and_reconnects_are_printed_with_all_keys() {
    let opened = open(quiet());
    opened.feed.interrupted("gone".into());
    opened.feed.answering();
    opened.feed.offer(Box::new(StreamMessage::item(7)));
    let first = opened.stream.next(LONG).unwrap().json;
    let told: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(
        (&told["type"], &told["item"]),
        (&"reconnected".into(), &().into())
    );
    assert_eq!(told["reconnect"]["reason"], "gone");
    assert_eq!(told["reconnect"]["gap"], row().gap);
    let second = opened.stream.next(LONG).unwrap().json;
    assert_eq!(
        second,
        r#"{"type":"item","item":7,"dropped":null,"reconnect":null}"#
    );
    for number in 0..2000 {
        opened.feed.offer(Box::new(StreamMessage::item(number)));
    }
    let mut last = String::new();
    while let Ok(message) = opened.stream.next(Duration::ZERO) {
        last = message.json;
    }
    assert_eq!(
        last,
        r#"{"type":"lag","item":null,"dropped":976,"reconnect":null}"#
    );
}

#[test]
fn nothing_new_is_a_timeout_that_tells_of_an_outage() {
    let opened = open(quiet());
    let error = opened.stream.next(Duration::ZERO).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(!error.message().contains("reached"), "{error}");
    opened.feed.interrupted("connection refused".into());
    let error = opened.stream.next(Duration::ZERO).unwrap_err();
    assert!(error.message().contains("connection refused"), "{error}");
    assert_eq!(error.to_json()["method"], row().row.name);
}

#[test]
fn the_token_ends_it_at_once() {
    let opened = open(quiet());
    assert_eq!(
        while_waiting(&opened, |opened| opened.ends.cancel.trigger()),
        Status::Cancelled
    );
    opened.feed.offer(Box::new(StreamMessage::item(1)));
    assert_eq!(status(opened.stream.next(LONG)), Status::Cancelled);
}

#[test]
fn closing_ends_it_behind_what_is_there() {
    let opened = open(quiet());
    opened.feed.offer(Box::new(StreamMessage::item(1)));
    opened.ends.closing.cancel();
    let seen: Vec<_> = (0..3).map(|_| status(opened.stream.next(LONG))).collect();
    assert_eq!(seen, [Status::Ok, Status::End, Status::End]);
    let waiting = open(quiet());
    assert_eq!(
        while_waiting(&waiting, |opened| opened.ends.closing.cancel()),
        Status::End
    );
}

#[test]
fn a_runtime_that_goes_away_leaves_nobody_waiting() {
    let opened = open(quiet());
    assert_eq!(
        while_waiting(&opened, |opened| opened.runtime.shut_down(LONG)),
        Status::End
    );
}

#[test]
fn errors_and_defects_reach_the_reader_and_stay() {
    let refused = || Error::local(Status::PermissionMissing, "m", "h");
    let opened = open(async move { refused() });
    for _ in 0..2 {
        assert_eq!(status(opened.stream.next(LONG)), Status::PermissionMissing);
    }
    let defective = open(async { panic!("planted") });
    assert_eq!(status(defective.stream.next(LONG)), Status::Panic);
}

#[test]
fn without_readers_the_subscription_ends() {
    struct Dropped(Arc<AtomicBool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let gone = Arc::new(AtomicBool::new(false));
    let theirs = Dropped(Arc::clone(&gone));
    let opened = open(async move {
        let _theirs = theirs;
        std::future::pending().await
    });
    let copy = opened.stream.clone();
    drop(opened.stream);
    assert_eq!(status(copy.next(Duration::ZERO)), Status::Timeout);
    assert!(!gone.load(Ordering::SeqCst));
    drop(copy);
    let limit = Instant::now() + LONG;
    while !gone.load(Ordering::SeqCst) {
        assert!(Instant::now() < limit, "the task goes on without a reader");
        std::thread::yield_now();
    }
}
