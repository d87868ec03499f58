//! What a reader sees of a feed, in which order, and that nothing is lost silently.

use std::sync::Arc;

use super::*;
use crate::error::Status;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn entry(feed: &Feed<u32>) -> Entry<u32> {
    match feed.take(soon()) {
        Taken::Entry(entry) => entry,
        other => panic!("{other:?}"),
    }
}

fn ended() -> Error {
    Error::local(Status::End, "over", "open another one")
}

#[test]
fn what_does_not_fit_is_counted_where_it_is_missing() {
    let feed = Feed::new(4);
    (0..7).for_each(|item| feed.offer(item));
    assert_eq!(entry(&feed), Entry::Item(0));
    // There is one free place, but the lag and one item more would not fit.
    feed.offer(7);
    for item in 1..4 {
        assert_eq!(entry(&feed), Entry::Item(item));
    }
    feed.offer(8);
    assert_eq!(entry(&feed), Entry::Lag(4));
    assert_eq!(entry(&feed), Entry::Item(8));
}

#[test]
fn a_lag_is_told_without_a_further_item() {
    let feed = Feed::new(2);
    (0..3).for_each(|item| feed.offer(item));
    let seen: Vec<_> = (0..3).map(|_| entry(&feed)).collect();
    assert_eq!(seen, [Entry::Item(0), Entry::Item(1), Entry::Lag(1)]);
}

#[test]
fn an_item_that_must_not_be_lost_comes_back() {
    let feed = Feed::new(2);
    feed.put(1).unwrap();
    feed.put(2).unwrap();
    assert_eq!(feed.put(3), Err(3));
    entry(&feed);
    feed.put(3).unwrap();
    assert_eq!(
        (entry(&feed), entry(&feed)),
        (Entry::Item(2), Entry::Item(3))
    );
}

#[test]
fn an_interruption_is_told_once_it_is_over() {
    let feed = Feed::new(8);
    feed.answering();
    feed.interrupted("first".into());
    feed.interrupted("second".into());
    let Taken::Nothing(Some((_, reason))) = feed.take(Instant::now()) else {
        panic!("an outage is told while it lasts");
    };
    assert_eq!(reason, "second");
    feed.answering();
    feed.answering();
    feed.offer(1);
    assert!(matches!(entry(&feed), Entry::Reconnected(told) if told.reason == "second"));
    assert_eq!(entry(&feed), Entry::Item(1));
    assert!(matches!(feed.take(Instant::now()), Taken::Nothing(None)));
}

#[test]
fn interruptions_of_a_full_feed_take_no_room() {
    let feed = Feed::new(2);
    (0..2).for_each(|item| feed.offer(item));
    for _ in 0..100 {
        feed.interrupted("gone".into());
        feed.answering();
        feed.offer(9);
    }
    entry(&feed);
    entry(&feed);
    assert_eq!(entry(&feed), Entry::Lag(100));
    assert!(matches!(entry(&feed), Entry::Reconnected(_)));
    assert!(matches!(feed.take(Instant::now()), Taken::Nothing(None)));
}

#[test]
fn the_end_comes_behind_what_is_there_and_stays() {
    let feed = Feed::new(2);
    feed.offer(1);
    feed.end(ended());
    assert_eq!(entry(&feed), Entry::Item(1));
    for _ in 0..2 {
        assert!(matches!(feed.take(soon()), Taken::Ended(error) if error.status() == Status::End));
    }
    let feed = Feed::new(2);
    feed.offer(1);
    feed.abandon(ended());
    assert!(matches!(feed.take(soon()), Taken::Ended(_)));
}

#[test]
fn a_waiting_reader_is_woken() {
    for wake in [
        |feed: &Feed<u32>| feed.offer(1),
        |feed: &Feed<u32>| feed.end(ended()),
    ] {
        let feed = Arc::new(Feed::new(2));
        let theirs = Arc::clone(&feed);
        let reader = std::thread::spawn(move || theirs.take(soon()));
        wake(&feed);
        assert!(!matches!(reader.join().unwrap(), Taken::Nothing(_)));
    }
}

#[tokio::test]
async fn room_is_there_when_half_of_it_is_free() {
    let feed = Arc::new(Feed::new(4));
    (0..4).for_each(|item| feed.offer(item));
    let theirs = Arc::clone(&feed);
    let waiting = tokio::spawn(async move { theirs.room().await });
    entry(&feed);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    entry(&feed);
    waiting.await.unwrap();
}
