//! Lists that lnd hands out in pages: read to the end or to the caller's limit, in smaller pages where an
//! answer would be too large. Memory and time grow with the rows that are returned, and with nothing else.

use std::future::Future;

use crate::clients::json::Decimal;
use crate::error::{Error, Status};
use crate::resilience::{AttemptError, Fault};

/// Most rows of one call; also what a call without a limit gets.
pub(super) const MOST_ROWS: u64 = 10_000;
/// After so many pages without trouble they may grow again.
const CALM_PAGES: u32 = 4;

/// The part of a list that the caller wants.
#[derive(Clone, Copy)]
pub(super) struct Window {
    offset: u64,
    limit: u64,
    reversed: bool,
}

impl Window {
    pub(super) fn new(
        offset: Option<Decimal>,
        limit: Option<u64>,
        reversed: bool,
    ) -> Result<Self, Error> {
        let limit = limit.unwrap_or(MOST_ROWS);
        if !(1..=MOST_ROWS).contains(&limit) {
            return Err(Error::local(
                Status::InvalidArgument,
                format!("field `limit`: {limit} rows"),
                format!("give 1 to {MOST_ROWS}, and go on from next_offset for more"),
            ));
        }
        Ok(Self {
            offset: offset.map_or(0, |offset| offset.0),
            limit,
            reversed,
        })
    }
}

/// One request for a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRequest {
    pub(super) offset: u64,
    pub(super) count: u64,
    pub(super) reversed: bool,
}

/// One page, in ascending order whichever way the list is read.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// Where the next page begins.
    pub(super) next: u64,
}

/// What a caller gets.
#[derive(Debug)]
pub(super) struct Rows<T> {
    /// In ascending order.
    pub(super) rows: Vec<T>,
    /// Whether there are more beyond the limit.
    pub(super) more: bool,
    /// The offset from which to go on.
    pub(super) next: Decimal,
}

/// Reads the window in pages of at most `page_size` rows.
pub(super) async fn read_pages<T, F, Fut>(
    window: Window,
    page_size: u64,
    fetch: F,
) -> Result<Rows<T>, AttemptError>
where
    F: Fn(PageRequest) -> Fut,
    Fut: Future<Output = Result<Page<T>, AttemptError>>,
{
    let mut rows = Vec::new();
    let mut size = PageSize::new(page_size);
    let mut next = window.offset;
    let mut more = false;
    loop {
        let missing = window.limit.saturating_sub(rows.len() as u64);
        // With all rows at hand one more is looked at, to say truthfully whether there are more.
        let request = PageRequest {
            offset: next,
            count: size.now.min(missing.max(1)),
            reversed: window.reversed,
        };
        let page = match fetch(request).await {
            Ok(page) => page,
            Err(failure) if matches!(failure.fault, Fault::TooLarge(_)) => {
                if missing == 0 {
                    more = true;
                    break;
                }
                if !size.shrink(request.count) {
                    return Err(failure);
                }
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if missing == 0 {
            more = !page.rows.is_empty();
            break;
        }
        let got = page.rows.len() as u64;
        // A list that stands still would be read for ever.
        if got == 0 || page.next == next {
            break;
        }
        append(&mut rows, page.rows, window.reversed);
        next = page.next;
        if got < request.count {
            break;
        }
        size.went_well();
    }
    if window.reversed {
        rows.reverse();
    }
    Ok(Rows {
        rows,
        more,
        next: Decimal(next),
    })
}

/// A list read backwards is gathered in descending order and turned round once at the end.
fn append<T>(rows: &mut Vec<T>, page: Vec<T>, reversed: bool) {
    if reversed {
        rows.extend(page.into_iter().rev());
    } else {
        rows.extend(page);
    }
}

/// How many rows to ask for at once: halved when they are too many bytes, doubled after some calm.
struct PageSize {
    now: u64,
    largest: u64,
    calm: u32,
}

impl PageSize {
    fn new(largest: u64) -> Self {
        Self {
            now: largest,
            largest,
            calm: 0,
        }
    }

    /// False when a page of one row is too large already.
    fn shrink(&mut self, asked: u64) -> bool {
        self.calm = 0;
        self.now = (asked / 2).max(1);
        asked > 1
    }

    fn went_well(&mut self) {
        self.calm += 1;
        if self.calm >= CALM_PAGES {
            self.calm = 0;
            self.now = (self.now * 2).min(self.largest);
        }
    }
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
