//! Paging against a list that behaves as lnd's: exclusive offsets, ascending pages, answers that may be
//! too large.

use std::cell::RefCell;

use super::*;

/// Rows with the indexes `1..=last`, each of a size; an answer above `most` is too large.
struct Daemon {
    sizes: Vec<u64>,
    most: u64,
    requests: RefCell<Vec<PageRequest>>,
}

impl Daemon {
    fn new(rows: u64) -> Self {
        Self {
            sizes: vec![1; rows as usize],
            most: u64::MAX,
            requests: RefCell::default(),
        }
    }

    fn answer(&self, request: PageRequest) -> Result<Page<u64>, AttemptError> {
        self.requests.borrow_mut().push(request);
        let all = 1..=self.sizes.len() as u64;
        let count = request.count as usize;
        let mut rows: Vec<u64> = if request.reversed {
            let before = |index: &u64| request.offset == 0 || *index < request.offset;
            all.rev().filter(before).take(count).collect()
        } else {
            all.filter(|index| *index > request.offset)
                .take(count)
                .collect()
        };
        rows.sort_unstable();
        let size: u64 = rows.iter().map(|row| self.sizes[*row as usize - 1]).sum();
        if size > self.most {
            return Err(AttemptError {
                fault: Fault::TooLarge(format!("{size} bytes")),
                handed: true,
            });
        }
        let edge = if request.reversed {
            rows.first()
        } else {
            rows.last()
        };
        let next = edge.copied().unwrap_or(0);
        Ok(Page { rows, next })
    }

    fn read(&self, offset: u64, limit: u64, reversed: bool) -> Result<Rows<u64>, AttemptError> {
        let window = Window::new(Some(Decimal(offset)), Some(limit), reversed).unwrap();
        let pages = read_pages(window, 100, |request| {
            std::future::ready(self.answer(request))
        });
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(pages)
    }
}

#[test]
fn a_list_is_read_to_its_end_and_the_end_is_known() {
    for rows in [0, 1, 99, 100, 101, 250, 10_000] {
        let daemon = Daemon::new(rows);
        let read = daemon.read(0, MOST_ROWS, false).unwrap();
        assert_eq!(read.rows, (1..=rows).collect::<Vec<_>>());
        assert!(!read.more);
        assert_eq!(read.next, Decimal(rows));
    }
}

#[test]
fn the_limit_holds_and_the_next_call_goes_on_from_there() {
    let daemon = Daemon::new(250);
    let first = daemon.read(0, 120, false).unwrap();
    assert_eq!(first.rows.len(), 120);
    assert!(first.more);
    let second = daemon.read(first.next.0, 130, false).unwrap();
    assert_eq!(second.rows, (121..=250).collect::<Vec<_>>());
    assert!(!second.more, "exactly as many as asked for, and no more");
}

#[test]
fn backwards_the_newest_come_first_in_time_and_in_ascending_order() {
    let daemon = Daemon::new(250);
    let newest = daemon.read(0, 120, true).unwrap();
    assert_eq!(newest.rows, (131..=250).collect::<Vec<_>>());
    assert!(newest.more);
    let older = daemon.read(newest.next.0, MOST_ROWS, true).unwrap();
    assert_eq!(older.rows, (1..=130).collect::<Vec<_>>());
    assert!(!older.more);
}

#[test]
fn pages_shrink_when_answers_are_too_large_and_nothing_is_lost() {
    let mut daemon = Daemon::new(1000);
    daemon.most = 30;
    for reversed in [false, true] {
        let read = daemon.read(0, MOST_ROWS, reversed).unwrap();
        assert_eq!(read.rows, (1..=1000).collect::<Vec<_>>());
    }
}

#[test]
fn pages_grow_again_after_a_large_row() {
    let mut daemon = Daemon::new(5000);
    daemon.sizes[0] = 100;
    daemon.most = 100;
    let read = daemon.read(0, MOST_ROWS, false).unwrap();
    assert_eq!(read.rows.len(), 5000);
    let requests = daemon.requests.borrow().len();
    assert!(requests < 120, "{requests} requests for 5000 rows");
}

#[test]
fn requests_grow_with_the_rows_and_not_faster() {
    let requests = |rows| {
        let daemon = Daemon::new(rows);
        daemon.read(0, MOST_ROWS, false).unwrap();
        let asked: u64 = daemon.requests.borrow().iter().map(|r| r.count).sum();
        asked
    };
    assert!(requests(10_000) <= 10 * requests(1000));
}

#[test]
fn one_row_that_is_too_large_is_an_error_and_not_an_endless_list() {
    let mut daemon = Daemon::new(10);
    daemon.sizes[4] = 50;
    daemon.most = 20;
    let failure = daemon.read(0, MOST_ROWS, false).unwrap_err();
    assert!(matches!(failure.fault, Fault::TooLarge(_)));
    let before = daemon.read(0, 4, false).unwrap();
    assert!(
        before.more,
        "the row that is too large is there all the same"
    );
}

#[test]
fn a_list_that_stands_still_ends() {
    let window = Window::new(Some(Decimal(7)), None, false).unwrap();
    let fetch = |request: PageRequest| {
        let rows = vec![1; request.count as usize];
        std::future::ready(Ok(Page { rows, next: 7 }))
    };
    let read = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(read_pages(window, 10, fetch));
    assert!(read.unwrap().rows.is_empty());
}

#[test]
fn limits_out_of_range_are_refused_with_the_range() {
    for limit in [0, MOST_ROWS + 1] {
        let error = Window::new(None, Some(limit), false).err().unwrap();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(error.hint().contains("10000"));
    }
}
