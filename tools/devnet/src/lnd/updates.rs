//! Streams of updates on their way to a client.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};
use tonic::{Status, metadata::MetadataMap};

/// Messages that a client reads one after the other.
pub(crate) type Updates<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A stream of the wanted messages. Like grpc-go it gives no headers before its first message.
pub(crate) async fn follow<T: Send + 'static>(
    mut updates: UnboundedReceiver<T>,
    wanted: impl Fn(&T) -> bool + Copy + Send + 'static,
    deadline: Option<Instant>,
) -> Result<Updates<T>, Status> {
    let first = match next(&mut updates, wanted, deadline).await {
        Some(first) => first?,
        None => return Ok(Box::pin(stream::empty())),
    };
    let rest = stream::unfold(Some(updates), move |updates| async move {
        let mut updates = updates?;
        match next(&mut updates, wanted, deadline).await? {
            Ok(update) => Some((Ok(update), Some(updates))),
            Err(status) => Some((Err(status), None)),
        }
    });
    Ok(Box::pin(stream::once(async { Ok(first) }).chain(rest)))
}

async fn next<T>(
    updates: &mut UnboundedReceiver<T>,
    wanted: impl Fn(&T) -> bool,
    deadline: Option<Instant>,
) -> Option<Result<T, Status>> {
    let over = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            update = updates.recv() => match update {
                Some(update) if !wanted(&update) => {}
                update => return update.map(Ok),
            },
            () = &mut over => {
                return Some(Err(Status::deadline_exceeded("context deadline exceeded")));
            }
        }
    }
}

/// When the client stops waiting, which ends a stream here too, though never what it reports.
pub(crate) fn client_deadline(metadata: &MetadataMap) -> Option<Instant> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(count.checked_mul(3600)?),
        "M" => Duration::from_secs(count.checked_mul(60)?),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}
