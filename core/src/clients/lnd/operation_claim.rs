//! A call's hold on the journal entry of its operation_id, and what it writes there. The disk's work is
//! done beside the worker, so that a slow disk holds up no other call.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::context::Context;
use crate::error::{Error, Executed, Status};
use crate::resilience::AttemptError;
use crate::state::{Claim, Entry, Progress, Record};

/// How long an answer waits for the note on what became of it.
const NOTE_TIME: Duration = Duration::from_millis(150);

/// The entry, while the call runs; empty for a write without an id of the caller, or where the journal
/// is not needed and there is no state directory.
pub(super) struct OperationClaim {
    claim: Option<Claim>,
    /// What is to be written there, once the node is known.
    intent: Option<Record>,
    /// Whether an earlier try of this operation may have been executed.
    earlier: bool,
}

/// Whether a write with an id of the caller can do without the journal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Journal {
    /// lnd has no key of its own for it.
    Required,
    /// lnd's own books tell what became of it; the journal tells other parameters apart.
    Helpful,
}

impl OperationClaim {
    /// Takes the entry of the call's operation, before anything is asked of the node.
    pub(super) async fn take(
        context: &Context,
        journal: Journal,
        parameters: &Value,
    ) -> Result<Self, Error> {
        let Some(operation) = context.operation().filter(|operation| operation.given) else {
            return Ok(Self::without(false));
        };
        let Some(state) = context.state() else {
            return match journal {
                Journal::Required => Err(no_directory(context)),
                Journal::Helpful => Ok(Self::without(true)),
            };
        };
        // Until the entry is read, nothing is known about earlier tries.
        context.call().set_doubt(true);
        let unknown = |error: Error| error.with_executed(Executed::Unknown);
        let entry = Entry::of(state, &operation.id);
        let claim = beside(context, move || entry.claim())
            .await
            .map_err(unknown)?;
        let claim = match claim {
            Ok(claim) => claim,
            Err(unclaimed) if unclaimed.may_hold_a_try => return Err(unknown(unclaimed.error)),
            Err(unclaimed) => return Err(unclaimed.error),
        };
        if let Some(field) = claim.record().and_then(|record| {
            record.other_write("lnd", context.method(), &fingerprint(parameters))
        }) {
            return Err(conflict(field));
        }
        let progress = claim.record().map(|record| record.progress);
        let mut taken = Self {
            claim: Some(claim),
            intent: None,
            earlier: false,
        };
        taken.set_earlier(context, progress == Some(Progress::Sending));
        // A call that is given up has no word for "an earlier one did it": then it is not known.
        if progress == Some(Progress::Done) {
            context.call().set_doubt(true);
        }
        Ok(taken)
    }

    /// What the journal has of an operation, without taking its entry: of another call, perhaps.
    pub(super) async fn peek(
        context: &Context,
        operation_id: &str,
        method: &str,
        parameters: &Value,
    ) -> Result<Option<Record>, Error> {
        let Some(state) = context.state() else {
            return Ok(None);
        };
        let entry = Entry::of(state, operation_id);
        let record = beside(context, move || entry.read()).await??;
        let field = record
            .as_ref()
            .and_then(|record| record.other_write("lnd", method, &fingerprint(parameters)));
        match field {
            Some(field) => Err(conflict(field)),
            None => Ok(record),
        }
    }

    fn without(earlier: bool) -> Self {
        Self {
            claim: None,
            intent: None,
            earlier,
        }
    }

    /// Compares the node with the one in the entry. It must have been recognised before.
    pub(super) fn recognise(&mut self, context: &Context, parameters: &Value) -> Result<(), Error> {
        let (Some(claim), Some(operation)) = (&self.claim, context.operation()) else {
            return Ok(());
        };
        let intent = intent(context, &operation.id, parameters)?;
        let earlier = claim.record();
        if earlier.is_some_and(|it| it.node != intent.node || it.network != intent.network) {
            return Err(conflict("node"));
        }
        self.intent = Some(intent);
        Ok(())
    }

    pub(super) fn record(&self) -> Option<&Record> {
        self.claim.as_ref().and_then(Claim::record)
    }

    /// Whether an earlier try of this operation may have been executed.
    pub(super) fn earlier(&self) -> bool {
        self.earlier
    }

    pub(super) fn set_earlier(&mut self, context: &Context, earlier: bool) {
        self.earlier = earlier;
        context.call().set_doubt(earlier);
    }

    /// Writes down that the write is about to be sent, with what it spends. On the disk when it returns.
    pub(super) async fn announce(
        &mut self,
        context: &Context,
        inputs: Vec<String>,
        height: u32,
    ) -> Result<(), Error> {
        let Some(mut claim) = self.claim.take() else {
            return Ok(());
        };
        let mut record = self.intent.clone().ok_or_else(|| {
            Error::local(
                Status::Panic,
                "a defect of this library: a journal entry without its node; nothing was sent",
                "report it with the version and the method",
            )
        })?;
        let now = unix_now();
        record.created = claim.record().map_or(now, |before| before.created);
        record.height = claim.record().map_or(height, |before| before.height);
        record.attempted = now;
        record.inputs = inputs;
        let announced = beside(context, move || claim.announce(record).map(|()| claim)).await?;
        let mut claim = announced?;
        claim.follow_up();
        self.claim = Some(claim);
        Ok(())
    }

    /// Writes down what became of it, within a moment: the entry says more than happened otherwise, and
    /// the next call finds that out.
    pub(super) async fn note(&mut self, progress: Progress, outcome: Option<String>) {
        let Some(mut claim) = self.claim.take() else {
            return;
        };
        let Some(record) = claim.record() else {
            // Found at the daemon, without an entry here: nothing is to be kept.
            return;
        };
        let record = Record {
            progress,
            outcome: outcome.or_else(|| record.outcome.clone()),
            ..record.clone()
        };
        let noting = tokio::task::spawn_blocking(move || {
            if let Err(error) = claim.store(record) {
                tracing::warn!(target: "arkgrpc::journal", %error, "an outcome was not written down");
            }
        });
        // What the disk has not done by then it does without us.
        let _ = tokio::time::timeout(NOTE_TIME, noting).await;
    }
}

/// Runs the disk's work beside the worker.
async fn beside<T: Send + 'static>(
    context: &Context,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    match context
        .call()
        .within(tokio::task::spawn_blocking(work))
        .await
    {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Error::local(
            Status::Panic,
            "a defect of this library was caught while it used the state directory",
            "report it with the version and the method",
        )),
        Err(fault) => Err(context.error(&AttemptError {
            fault,
            handed: false,
        })),
    }
}

fn intent(context: &Context, operation_id: &str, parameters: &Value) -> Result<Record, Error> {
    let identity = context.node().identity().ok_or_else(|| {
        Error::local(
            Status::PermissionMissing,
            "option `operation_id`: the node's key is part of the journal, and the macaroon does not \
             allow GetInfo",
            "use a macaroon with info:read, or leave operation_id out",
        )
    })?;
    Ok(Record {
        operation_id: operation_id.to_owned(),
        service: "lnd".to_owned(),
        method: context.method().to_owned(),
        node: identity.pubkey,
        network: identity.network,
        parameters: fingerprint(parameters),
        inputs: Vec::new(),
        created: 0,
        attempted: 0,
        height: 0,
        progress: Progress::Sending,
        outcome: None,
    })
}

/// Equal for equal parameters, whatever order or form they were given in: `parameters` are checked ones.
pub(super) fn fingerprint(parameters: &Value) -> String {
    hex::encode(digest(&SHA256, parameters.to_string().as_bytes()))
}

pub(super) fn conflict(field: &str) -> Error {
    Error::local(
        Status::OperationConflict,
        format!("the operation_id was used before, with another {field}; nothing was sent"),
        "draw a fresh operation_id for each write; repeat a write with its own parameters",
    )
}

fn no_directory(context: &Context) -> Error {
    Error::local(
        Status::InvalidArgument,
        format!(
            "option `operation_id`: {} can only be repeated safely with a journal, and there is no \
             state directory",
            context.method()
        ),
        "set state_dir in the configuration, or ARKGRPC_STATE_DIR, or leave operation_id out",
    )
}

pub(super) fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs())
}
