//! A write that lnd dedupes by a key that we know beforehand: when its answer is lost, what lnd has under
//! the key decides, and only then it may be sent again.

use super::context::Context;
use super::writing::{WriteFailure, write};
use crate::error::{Error, Executed, Reconcile, Status};
use crate::resilience::{Attempt, AttemptError, Fault};

/// Sending again after a look-up found nothing.
const SENDS: u32 = 3;

/// What a keyed write came to.
pub(super) enum Written<T, F> {
    /// lnd answered.
    Answered(T),
    /// lnd has it under the key.
    Found {
        found: F,
        /// No request of this call can have made it.
        earlier: bool,
    },
}

/// Makes the write; `look` finds what lnd has under the key, `recipe` is for a caller who has to ask.
pub(super) async fn write_by_key<T, F, S, SFut, L, LFut>(
    context: &Context,
    recipe: &Reconcile,
    send: S,
    look: L,
) -> Result<Written<T, F>, Error>
where
    S: Fn(Attempt, u64) -> SFut,
    SFut: Future<Output = Result<T, tonic::Status>>,
    L: Fn() -> LFut,
    LFut: Future<Output = Result<Option<F>, AttemptError>>,
{
    let mut sends = 0;
    let mut unanswered = false;
    // The key is what asks about earlier calls; this call's own requests are told by their latches.
    context.call().set_doubt(false);
    // What is proven about the last request proves nothing about an earlier one.
    let told = |error: Error, unanswered: bool| {
        if unanswered {
            doubtful(error, recipe)
        } else {
            error
        }
    };
    loop {
        sends += 1;
        let failure = match write(context, &send).await {
            Ok(answer) => return Ok(Written::Answered(answer)),
            Err(WriteFailure::NotStarted(error)) => return Err(told(error, unanswered)),
            Err(WriteFailure::Attempt(failure)) => failure,
        };
        let error = context.error(&failure);
        if error.status() == Status::AlreadyExists {
            return match look().await {
                Ok(Some(found)) => Ok(Written::Found {
                    found,
                    earlier: !unanswered,
                }),
                Ok(None) => Err(told(error, unanswered)),
                Err(failure) => Err(told(unseen(context, failure), unanswered)),
            };
        }
        if error.executed() != Executed::Unknown {
            return Err(told(error, unanswered));
        }
        unanswered = true;
        if matches!(failure.fault, Fault::DeadlineExceeded | Fault::Cancelled) {
            return Err(doubtful(error, recipe));
        }
        match look().await {
            Ok(Some(found)) => {
                return Ok(Written::Found {
                    found,
                    earlier: false,
                });
            }
            // The key keeps a second request from doing it twice.
            Ok(None) if sends < SENDS && context.call().may_repeat() => {}
            _ => return Err(doubtful(error, recipe)),
        }
    }
}

/// lnd has it and refused a second one, but could not be asked whether it is the wanted one: the refused
/// request did nothing, and asking again will tell.
fn unseen(context: &Context, failure: AttemptError) -> Error {
    context.error(&AttemptError {
        handed: false,
        ..failure
    })
}

fn doubtful(error: Error, recipe: &Reconcile) -> Error {
    error
        .with_executed(Executed::Unknown)
        .with_retryable(false)
        .with_reconcile(recipe.clone())
}
