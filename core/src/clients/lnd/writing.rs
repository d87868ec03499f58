//! How a write is made: on a connection on which the daemon was recognised, and repeated on the proof of
//! the latch alone.

use super::context::Context;
use super::recognition::ready_for_write;
use crate::error::Error;
use crate::resilience::{Attempt, AttemptError, Effect};

/// Why a write brought no result.
pub(super) enum WriteFailure {
    /// Nothing was sent: the daemon could not be reached or recognised.
    NotStarted(Error),
    /// It was tried.
    Attempt(AttemptError),
}

/// Makes a write; `send` gets the dial on which the request must go out.
pub(super) async fn write<T, F, Fut>(context: &Context, send: F) -> Result<T, WriteFailure>
where
    F: Fn(Attempt, u64) -> Fut,
    Fut: Future<Output = Result<T, tonic::Status>>,
{
    let call = context.call();
    let mut number = 1;
    loop {
        let ready = ready_for_write(context).await;
        let generation = ready.map_err(WriteFailure::NotStarted)?;
        let attempt = |attempt| send(attempt, generation);
        match call.once(Effect::Write, &attempt).await {
            Ok(value) => return Ok(value),
            Err(error) if call.try_again(Effect::Write, number, &error).await => number += 1,
            Err(error) => return Err(WriteFailure::Attempt(error)),
        }
    }
}
