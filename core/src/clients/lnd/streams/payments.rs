//! The stream `payments`: what becomes of the node's outgoing payments. lnd replays nothing, but shows
//! what is under way to each new subscriber, and lists the rest by payment_index: so every outcome is
//! told, and only steps on the way can be missed while there was no connection.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::super::node::Lightning;
use super::super::payment_tracking::is_decided;
use super::super::payment_view::PaymentView;
use super::subscriber::{Source, Subscriber, broken, watch};
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::{ListPaymentsRequest, ListPaymentsResponse, Payment};
use crate::transport::generated::routerrpc::TrackPaymentsRequest;

const PAGE_SIZE: u64 = 200;
/// lnd does not say when a subscription stands; after this time the list is read once more.
const SETTLED_IN: Duration = Duration::from_secs(2);
/// So many outcomes are remembered, to tell none of them twice.
const REMEMBERED: usize = 10_000;

/// What is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentsParams {
    /// Leaves out payments that are still under way: outcomes alone.
    #[serde(default)]
    no_inflight_updates: bool,
}

/// A payment as it is now.
pub(crate) type PaymentsItem = PaymentView;

pub(crate) async fn payments(subscriber: &Subscriber, params: PaymentsParams) -> Error {
    let source = Payments {
        outcomes_alone: params.no_inflight_updates,
        known: None,
    };
    watch(subscriber, source).await
}

struct Payments {
    outcomes_alone: bool,
    /// None before lnd answered for the first time.
    known: Option<Known>,
}

/// What was told, by payment_index.
#[derive(Debug, Default)]
struct Known {
    highest: u64,
    under_way: BTreeSet<u64>,
    decided: BTreeSet<u64>,
}

impl Known {
    /// Where the list of payments must be read from to meet everything that may be news.
    fn offset(&self) -> u64 {
        let oldest = self.under_way.first().copied();
        oldest.map_or(self.highest, |index| {
            self.highest.min(index.saturating_sub(1))
        })
    }

    /// Whether lnd's list shows news with this payment.
    fn is_news(&self, payment: &Payment) -> bool {
        let index = payment.payment_index;
        match self.under_way.contains(&index) {
            true => is_decided(payment),
            false => index > self.highest,
        }
    }

    /// Notes the payment; false when its outcome was told before.
    fn note(&mut self, payment: &Payment) -> bool {
        let index = payment.payment_index;
        self.highest = self.highest.max(index);
        if !is_decided(payment) {
            self.under_way.insert(index);
            return true;
        }
        self.under_way.remove(&index);
        let news = self.decided.insert(index);
        if self.decided.len() > REMEMBERED {
            self.decided.pop_first();
        }
        news
    }
}

impl Source for Payments {
    async fn catch_up(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        if self.known.is_some() {
            return self.read_list(subscriber).await;
        }
        let newest = ListPaymentsRequest {
            max_payments: 1,
            reversed: true,
            ..everything()
        };
        let page = list(subscriber, newest).await?;
        let highest = page
            .payments
            .last()
            .map_or(0, |payment| payment.payment_index);
        self.known = Some(Known {
            highest,
            ..Known::default()
        });
        Ok(())
    }

    async fn follow(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        let message = TrackPaymentsRequest {
            // What is under way must be known, to be looked for after an interruption.
            no_inflight_updates: false,
        };
        let mut subscription = subscriber.subscribe(message, {
            let mut client = subscriber.node().router();
            |request| async move { client.track_payments(request).await }
        });
        let stands = Instant::now() + SETTLED_IN;
        while let Ok(message) = timeout_at(stands, subscription.next()).await {
            self.tell(subscriber, &message.map_err(broken)?);
            subscriber.progress();
        }
        self.read_list(subscriber).await?;
        loop {
            let payment = subscription.next().await.map_err(broken)?;
            self.tell(subscriber, &payment);
            subscriber.progress();
        }
    }
}

impl Payments {
    fn tell(&mut self, subscriber: &Subscriber, payment: &Payment) {
        let known = self.known.get_or_insert_default();
        let news = known.note(payment);
        if news && (is_decided(payment) || !self.outcomes_alone) {
            subscriber.offer(PaymentView::from(payment));
        }
    }

    /// Tells what the list knows beyond what was told.
    async fn read_list(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        let mut offset = self.known.get_or_insert_default().offset();
        loop {
            let request = ListPaymentsRequest {
                index_offset: offset,
                max_payments: PAGE_SIZE,
                ..everything()
            };
            let page = list(subscriber, request).await?;
            for payment in &page.payments {
                if self.known.get_or_insert_default().is_news(payment) {
                    self.tell(subscriber, payment);
                }
            }
            if page.last_index_offset <= offset {
                return Ok(());
            }
            offset = page.last_index_offset;
        }
    }
}

fn everything() -> ListPaymentsRequest {
    ListPaymentsRequest {
        include_incomplete: true,
        omit_hops: true,
        ..ListPaymentsRequest::default()
    }
}

async fn list(
    subscriber: &Subscriber,
    message: ListPaymentsRequest,
) -> Result<ListPaymentsResponse, AttemptError> {
    let ask = |mut client: Lightning, request| async move { client.list_payments(request).await };
    let client = subscriber.node().deciding_lightning();
    let page = subscriber.context().ask(client, message, ask).await?;
    subscriber.answering();
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::generated::lnrpc::payment::PaymentStatus;

    fn payment(payment_index: u64, status: PaymentStatus) -> Payment {
        Payment {
            payment_index,
            status: status as i32,
            ..Payment::default()
        }
    }

    #[test]
    fn the_list_is_read_from_the_oldest_that_is_under_way() {
        let mut known = Known::default();
        for (index, status) in [
            (4, PaymentStatus::InFlight),
            (5, PaymentStatus::InFlight),
            (7, PaymentStatus::Succeeded),
        ] {
            assert!(known.note(&payment(index, status)));
        }
        assert_eq!(known.offset(), 3);
        assert!(known.note(&payment(4, PaymentStatus::Failed)));
        assert_eq!(known.offset(), 4);
        assert!(known.note(&payment(5, PaymentStatus::Succeeded)));
        assert_eq!(known.offset(), 7);
    }

    #[test]
    fn an_outcome_is_told_once_whichever_way_it_comes() {
        let mut known = Known::default();
        known.note(&payment(4, PaymentStatus::InFlight));
        assert!(!known.is_news(&payment(4, PaymentStatus::InFlight)));
        assert!(known.is_news(&payment(4, PaymentStatus::Succeeded)));
        assert!(known.note(&payment(4, PaymentStatus::Succeeded)));
        assert!(!known.is_news(&payment(4, PaymentStatus::Succeeded)));
        assert!(!known.note(&payment(4, PaymentStatus::Succeeded)));
        assert!(known.is_news(&payment(5, PaymentStatus::Failed)));
    }

    #[test]
    fn what_is_remembered_stays_bounded() {
        let mut known = Known::default();
        for index in 0..2 * REMEMBERED as u64 {
            known.note(&payment(index, PaymentStatus::Failed));
        }
        assert_eq!(known.decided.len(), REMEMBERED);
        assert!(!known.is_news(&payment(3, PaymentStatus::Failed)));
    }
}
