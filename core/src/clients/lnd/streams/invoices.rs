//! The stream `invoices`: each invoice once when it is added and once when it is settled, without a gap,
//! whatever happens to lnd, to the connection or to a slow reader.
//!
//! lnd numbers both: add_index and settle_index. After a settle_index above 0 it replays every later
//! settlement in their order, at 0 it replays none. So index 1 alone is looked for in the list of
//! invoices, and everything behind it is left to lnd. What was added meanwhile is taken from the list as
//! well, because lnd's own replay leaves out what is held or canceled by then. lnd does not say when a
//! subscription stands; as long as an index is 0, and hence nothing would be replayed, the list is read
//! again from time to time until the first message has proven it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::super::invoice_view::InvoiceView;
use super::super::node::Lightning;
use super::subscriber::{Source, Subscriber, broken, watch};
use crate::clients::json::Decimal;
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::invoice::InvoiceState;
use crate::transport::generated::lnrpc::{Invoice, InvoiceSubscription, ListInvoiceRequest};

const PAGE_SIZE: u64 = 500;
/// The first and the longest time after which the list is read again while nothing is proven.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(30);

/// Where to begin. The indexes of the last item that was dealt with go on right after it, in a new
/// process too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvoicesParams {
    /// Tells what was added after this index; 0 (default): every invoice that is not settled yet.
    #[serde(default)]
    add_index: Option<Decimal>,
    /// Tells what was settled after this index; 0 (default): every settlement there ever was.
    #[serde(default)]
    settle_index: Option<Decimal>,
}

/// One thing that happened to an invoice.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InvoicesItem {
    /// `added` or `settled`. An invoice that is settled before its adding was told is told as settled
    /// alone.
    event: &'static str,
    /// To be stored: with both indexes as parameters a stream goes on right after this item.
    add_index: Decimal,
    /// To be stored, too. Every settlement has a higher one than the one before.
    settle_index: Decimal,
    /// The invoice as it is now.
    invoice: InvoiceView,
}

pub(crate) async fn invoices(subscriber: &Subscriber, params: InvoicesParams) -> Error {
    let index = |given: Option<Decimal>| given.map_or(0, |given| given.0);
    let source = Invoices {
        marks: Marks {
            added: index(params.add_index),
            settled: index(params.settle_index),
        },
        next_look: LOOK_AGAIN,
    };
    watch(subscriber, source).await
}

struct Invoices {
    marks: Marks,
    next_look: Duration,
}

/// Everything up to these indexes was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks {
    added: u64,
    settled: u64,
}

/// What becomes of an invoice that lnd shows.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Its news was told.
    Known,
    /// To be told; then these are the marks.
    Tell(&'static str, Marks),
    /// Something before it was not told.
    Gap,
}

impl Marks {
    /// Of the list, which shows invoices in the order of their adding.
    fn judge_listed(self, invoice: &Invoice) -> Verdict {
        let added = self.added.max(invoice.add_index);
        if is_settled(invoice) {
            return match invoice.settle_index {
                1 if self.settled == 0 => Verdict::Tell("settled", Marks { added, settled: 1 }),
                _ => Verdict::Known,
            };
        }
        if invoice.add_index <= self.added {
            return Verdict::Known;
        }
        Verdict::Tell("added", Marks { added, ..self })
    }

    /// Of the subscription, which shows settlements in their order.
    fn judge_reported(self, invoice: &Invoice) -> Verdict {
        let is_new = invoice.add_index > self.added;
        if is_new && invoice.add_index != self.added + 1 {
            return Verdict::Gap;
        }
        if !is_settled(invoice) {
            let added = invoice.add_index;
            return match is_new {
                true => Verdict::Tell("added", Marks { added, ..self }),
                false => Verdict::Known,
            };
        }
        // One that was settled before its adding was reported comes out of turn: lnd will show it again
        // at its place, once the adding is known.
        let out_of_turn = is_new || (self.settled == 0 && invoice.settle_index > 1);
        if out_of_turn {
            return Verdict::Gap;
        }
        if invoice.settle_index <= self.settled {
            return Verdict::Known;
        }
        let settled = invoice.settle_index;
        Verdict::Tell("settled", Marks { settled, ..self })
    }

    /// Whether lnd replays nothing for one of them.
    fn needs_proof(self) -> bool {
        self.added == 0 || self.settled == 0
    }
}

impl Source for Invoices {
    async fn catch_up(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        if self.marks.settled > 0 {
            self.read_list(subscriber, self.marks.added).await?;
            return Ok(());
        }
        let later = self.read_list(subscriber, 0).await?;
        if later && self.marks.settled == 0 {
            // The first settlement came after its page was read; with a later one seen it is there now,
            // or lnd gave its number to something that the list does not show.
            self.read_list(subscriber, 0).await?;
            self.marks.settled = 1;
        }
        Ok(())
    }

    async fn follow(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        let mut subscription = subscriber.subscribe(self.subscription(), {
            let mut client = subscriber.node().deciding_lightning();
            |request| async move { client.subscribe_invoices(request).await }
        });
        let mut proven = !self.marks.needs_proof();
        loop {
            let next = if proven {
                subscription.next().await
            } else if let Ok(next) = timeout(self.next_look, subscription.next()).await {
                next
            } else {
                self.next_look = self.next_look.saturating_mul(2).min(LONGEST_LOOK);
                return Ok(());
            };
            let invoice = next.map_err(broken)?;
            subscriber.progress();
            proven = true;
            match self.marks.judge_reported(&invoice) {
                Verdict::Known => {}
                Verdict::Gap => return Ok(()),
                Verdict::Tell(event, marks) => {
                    if !subscriber.put(item(event, marks, invoice)) {
                        drop(subscription);
                        subscriber.room().await;
                        return Ok(());
                    }
                    if self.accept(marks) {
                        return Ok(());
                    }
                }
            }
        }
    }
}

impl Invoices {
    /// Before the first settlement the last invoice is asked for once more: lnd shows it at once, which
    /// proves that the subscription stands.
    fn subscription(&self) -> InvoiceSubscription {
        let Marks { added, settled } = self.marks;
        let again = u64::from(settled == 0);
        InvoiceSubscription {
            add_index: added.saturating_sub(again),
            settle_index: settled,
        }
    }

    /// Notes what was told. True after the first settlement: one between it and the beginning of this
    /// subscription was not replayed, and is when it begins anew from index 1.
    fn accept(&mut self, marks: Marks) -> bool {
        let first = self.marks.settled == 0 && marks.settled > 0;
        self.marks = marks;
        first
    }

    /// Tells from the list what is new; says whether settlements behind the first one were seen.
    async fn read_list(
        &mut self,
        subscriber: &Subscriber,
        from: u64,
    ) -> Result<bool, AttemptError> {
        let mut offset = from;
        let mut later = false;
        loop {
            let context = subscriber.context();
            let message = ListInvoiceRequest {
                index_offset: offset,
                num_max_invoices: PAGE_SIZE,
                ..ListInvoiceRequest::default()
            };
            let ask =
                |mut client: Lightning, request| async move { client.list_invoices(request).await };
            let client = subscriber.node().deciding_lightning();
            let page = context.ask(client, message, ask).await?;
            subscriber.answering();
            for invoice in page.invoices {
                later |= is_settled(&invoice) && invoice.settle_index > 1;
                let added = self.marks.added.max(invoice.add_index);
                if let Verdict::Tell(event, marks) = self.marks.judge_listed(&invoice) {
                    subscriber.put_in_time(item(event, marks, invoice)).await;
                    self.marks = marks;
                }
                self.marks.added = added;
            }
            if page.last_index_offset <= offset {
                return Ok(later);
            }
            offset = page.last_index_offset;
        }
    }
}

fn is_settled(invoice: &Invoice) -> bool {
    invoice.state == InvoiceState::Settled as i32
}

fn item(event: &'static str, marks: Marks, invoice: Invoice) -> InvoicesItem {
    InvoicesItem {
        event,
        add_index: Decimal(marks.added),
        settle_index: Decimal(marks.settled),
        invoice: InvoiceView::from(invoice),
    }
}

/// An item, for the golden file.
#[cfg(test)]
pub(in super::super) fn told(
    event: &'static str,
    added: u64,
    settled: u64,
    invoice: Invoice,
) -> InvoicesItem {
    item(event, Marks { added, settled }, invoice)
}

#[cfg(test)]
#[path = "invoices_tests.rs"]
mod tests;
