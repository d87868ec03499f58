//! Looks up the writes that lnd does not dedupe: by the tag in its books, or the channel point, and by
//! what the journal has of them.

use serde::Serialize;

use super::super::close_channel::Closing;
use super::super::context::Context;
use super::super::once::{Look, Once, Proof};
use super::super::open_channel::Opening;
use super::super::operation_claim::{self, OperationClaim};
use super::super::recognition::ready_for_write;
use super::super::send_onchain::Sending;
use super::finding::{Finding, Sought, State};
use crate::error::{Error, Executed, Origin, Status};
use crate::state::{Progress, Record};

pub(super) async fn opened(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let opening = Opening::check(sought.original()?, sought.operation_id)?;
    look_up(context, sought, "open_channel", &opening).await
}

pub(super) async fn sent(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let sending = Sending::check(sought.original()?, sought.operation_id)?;
    look_up(context, sought, "send_onchain", &sending).await
}

pub(super) async fn closed(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let closing = Closing::check(sought.original()?)?;
    look_up(context, sought, "close_channel", &closing).await
}

async fn look_up<W: Once>(
    context: &Context,
    sought: Sought<'_>,
    method: &str,
    write: &W,
) -> Result<Finding, Error>
where
    W::Done: Serialize,
{
    let parameters = write.canonical();
    let record = OperationClaim::peek(context, sought.operation_id, method, &parameters).await?;
    // An entry is about one node: another one's books would prove nothing.
    ready_for_write(context).await?;
    let node = context.node().identity();
    if let (Some(record), Some(node)) = (&record, node)
        && record.node != node.pubkey
    {
        return Err(operation_claim::conflict("node"));
    }
    match write.look(context, record.as_ref()).await {
        Ok(Look::Found(done)) => Ok(Finding::done(done)),
        Ok(Look::Absent(_, proof)) => Ok(absent(write, record.as_ref(), proof)),
        Err(error) => not_done(error, record.is_some()),
    }
}

/// Another transaction has the inputs, or there is no such channel to close: that is an answer, too.
fn not_done(error: Error, in_the_journal: bool) -> Result<Finding, Error> {
    let ruled_out = error.executed() == Executed::No;
    let decisive = match error.status() {
        Status::InputsSpent => ruled_out && in_the_journal,
        Status::NotFound if error.origin() == Origin::Local => ruled_out,
        Status::ChannelState => false,
        _ => return Err(error),
    };
    Ok(Finding {
        decisive,
        result: error.result().cloned(),
        ..Finding::not_found_yet()
    })
}

fn absent<W: Once>(write: &W, record: Option<&Record>, proof: Proof) -> Finding {
    let nothing_yet = Finding::not_found_yet();
    match record.map(|record| (record.progress, record.attempted)) {
        // A generated id has no entry, and an entry may be in another directory.
        None => nothing_yet,
        Some((Progress::Done, _)) => Finding {
            state: State::Done,
            decisive: true,
            ..nothing_yet
        },
        Some((Progress::NotExecuted, _)) => Finding {
            decisive: true,
            ..nothing_yet
        },
        Some((Progress::Sending, attempted)) => {
            let decisive = proof == Proof::NotExecuted;
            Finding {
                decisive,
                decisive_after: write.decisive_after(attempted).filter(|_| !decisive),
                ..nothing_yet
            }
        }
    }
}
