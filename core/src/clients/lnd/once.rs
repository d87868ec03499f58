//! A write that lnd does not dedupe, made at most once: what became of an earlier try is looked up first,
//! the journal remembers what is sent, and a lost answer is looked for until the deadline.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};

use super::context::Context;
use super::operation_claim::{Journal, OperationClaim, unix_now};
use super::recognition::ready_for_write;
use super::writing::WriteFailure;
use crate::error::{Error, Executed, Reconcile, Status};
use crate::resilience::{AttemptError, Fault};
use crate::state::{Progress, Record};

/// Between two looks for a lost answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// After a refusal in lnd's own words its work is over: what it did is soon in its books.
const LOOKS_AFTER_REFUSAL: u32 = 4;

/// One such write with its parameters.
pub(super) trait Once: Sync {
    /// What a look finds out for the sending.
    type Plan: Send + Sync;
    /// What the caller gets.
    type Done: Send;

    const JOURNAL: Journal;

    /// The checked parameters in one form, for the comparison with an earlier call.
    fn canonical(&self) -> Value;
    /// The parameters as the caller gave them, for the recipe.
    fn original(&self) -> Value;
    /// The plan of a first try that needs no look.
    fn unlooked(&self) -> Option<Self::Plan>;
    /// Asks lnd's books. `record`: what the journal has of an earlier try.
    fn look(
        &self,
        context: &Context,
        record: Option<&Record>,
    ) -> impl Future<Output = Result<Look<Self::Plan, Self::Done>, Error>> + Send;
    /// What it will spend, and at which height the chain is, for the journal.
    fn plan_in_journal(&self, plan: &Self::Plan) -> (Vec<String>, u32);
    fn send(
        &self,
        context: &Context,
        plan: &Self::Plan,
    ) -> impl Future<Output = Result<Self::Done, WriteFailure>> + Send;
    /// The txid or channel point of what was done.
    fn outcome(done: &Self::Done) -> Option<String>;
    /// From when on a try of that time is known not to have been executed if it is not found.
    fn decisive_after(&self, attempted: u64) -> Option<u64>;
}

/// What lnd's books say.
pub(super) enum Look<P, D> {
    /// It is done.
    Found(D),
    /// There is no trace of it.
    Absent(P, Proof),
}

/// What the absence of a trace proves about an earlier try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing.
    Nothing,
    /// It may still be executed, but a repeat cannot do it twice.
    RepeatIsHarmless,
    /// It was not executed and will not be.
    NotExecuted,
}

/// Makes it, or finds it made. The flag says whether an earlier call had made it.
pub(super) async fn make_once<W: Once>(
    context: &Context,
    write: &W,
) -> Result<(W::Done, bool), Error> {
    let parameters = write.canonical();
    let claim = OperationClaim::take(context, W::JOURNAL, &parameters);
    let claim = claim
        .await
        .map_err(|error| with_recipe(context, write, error, None))?;
    let attempted = claim.record().map(|record| record.attempted);
    let mut maker = Maker {
        context,
        write,
        claim,
        attempted,
    };
    let outcome = maker.run(&parameters).await;
    outcome.map_err(|error| with_recipe(context, write, error, maker.attempted))
}

struct Maker<'a, W: Once> {
    context: &'a Context,
    write: &'a W,
    claim: OperationClaim,
    /// When the latest try was made.
    attempted: Option<u64>,
}

impl<W: Once> Maker<'_, W> {
    async fn run(&mut self, parameters: &Value) -> Result<(W::Done, bool), Error> {
        ready_for_write(self.context)
            .await
            .and_then(|_| self.claim.recognise(self.context, parameters))
            .map_err(|error| self.doubt(error))?;
        let plan = match self.plan().await? {
            Look::Found(done) => return Ok((done, true)),
            Look::Absent(plan, _) => plan,
        };
        let (inputs, height) = self.write.plan_in_journal(&plan);
        let announced = self.claim.announce(self.context, inputs, height).await;
        announced.map_err(|error| self.doubt(error))?;
        self.attempted = Some(unix_now());
        match self.write.send(self.context, &plan).await {
            Ok(done) => {
                self.claim.note(Progress::Done, W::outcome(&done)).await;
                Ok((done, false))
            }
            Err(WriteFailure::NotStarted(error)) => Err(self.without_effect(error).await),
            Err(WriteFailure::Attempt(failure)) => self.after(failure).await,
        }
    }

    /// Decides whether something may be sent, or finds that it was.
    async fn plan(&mut self) -> Result<Look<W::Plan, W::Done>, Error> {
        let given = self
            .context
            .operation()
            .is_some_and(|operation| operation.given);
        if !given && let Some(plan) = self.write.unlooked() {
            return Ok(Look::Absent(plan, Proof::NotExecuted));
        }
        let looked = self.write.look(self.context, self.claim.record()).await;
        let look = looked.map_err(|error| self.doubt(error))?;
        let progress = self.claim.record().map(|record| record.progress);
        match &look {
            Look::Found(done) => {
                self.claim.note(Progress::Done, W::outcome(done)).await;
            }
            Look::Absent(_, proof) if self.claim.earlier() => match proof {
                Proof::Nothing => return Err(unresolved()),
                Proof::RepeatIsHarmless => {}
                Proof::NotExecuted => self.claim.set_earlier(self.context, false),
            },
            Look::Absent(..) if progress == Some(Progress::Done) => {
                return Err(gone(self.claim.record()));
            }
            Look::Absent(..) => {}
        }
        Ok(look)
    }

    /// The error of something that did not happen, while an earlier try did or may have.
    fn doubt(&self, error: Error) -> Error {
        // These two say themselves what is known about earlier tries.
        let settled = [Status::OperationConflict, Status::InputsSpent].contains(&error.status());
        let done = self.claim.record().map(|record| record.progress) == Some(Progress::Done);
        if done && !settled {
            error.with_executed(Executed::Yes).with_retryable(false)
        } else if self.claim.earlier() && !settled {
            error.with_executed(Executed::Unknown).with_retryable(false)
        } else {
            error
        }
    }

    /// The try is proven to have had no effect.
    async fn without_effect(&mut self, error: Error) -> Error {
        if !self.claim.earlier() {
            self.claim.note(Progress::NotExecuted, None).await;
        }
        self.doubt(error)
    }

    async fn after(&mut self, failure: AttemptError) -> Result<(W::Done, bool), Error> {
        let error = self.context.error(&failure);
        if error.executed() == Executed::No {
            return Err(self.without_effect(error).await);
        }
        self.context.call().set_doubt(true);
        match self.search(&failure.fault).await {
            Some(done) => {
                self.claim.note(Progress::Done, W::outcome(&done)).await;
                Ok((done, false))
            }
            None => Err(error.with_executed(Executed::Unknown).with_retryable(false)),
        }
    }

    /// Looks for what a lost answer was about, over restarts of lnd too.
    async fn search(&self, fault: &Fault) -> Option<W::Done> {
        let refused = matches!(fault, Fault::Answered(_));
        let mut looks = 0;
        let mut pause = FIRST_PAUSE;
        while !(refused && looks >= LOOKS_AFTER_REFUSAL) {
            let looked = self.write.look(self.context, self.claim.record()).await;
            if let Ok(Look::Found(done)) = looked {
                return Some(done);
            }
            looks += u32::from(looked.is_ok());
            // The call's own end is among the reasons for which this fails.
            self.context.call().pause(pause).await.ok()?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        None
    }
}

fn unresolved() -> Error {
    Error::local(
        Status::OperationUnresolved,
        "an earlier try of this operation_id may have been executed: lnd shows no trace of it, which \
         proves nothing yet; nothing was sent now",
        "ask lookup_operation again later; use a fresh operation_id only once you know from the node's \
         own books that the earlier try came to nothing",
    )
    .with_executed(Executed::Unknown)
}

fn gone(record: Option<&Record>) -> Error {
    let outcome = record.and_then(|record| record.outcome.as_deref());
    Error::local(
        Status::NotFound,
        format!(
            "an earlier call did this ({}), and lnd shows it no more; nothing was sent now",
            outcome.unwrap_or("its transaction is not known")
        ),
        "look the transaction up on the chain; use a fresh operation_id to do it once more",
    )
    .with_executed(Executed::Yes)
}

fn with_recipe<W: Once>(
    context: &Context,
    write: &W,
    error: Error,
    attempted: Option<u64>,
) -> Error {
    if error.executed() == Executed::No {
        return error;
    }
    error.with_reconcile(Reconcile {
        method: "lookup_operation",
        params: json!({
            "operation_id": context.operation_id(),
            "method": context.method(),
            "params": write.original(),
        }),
        decisive_after: attempted.and_then(|attempted| write.decisive_after(attempted)),
    })
}
