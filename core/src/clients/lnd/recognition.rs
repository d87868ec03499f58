//! Before a write goes out: is there a live connection, and is the right daemon behind it?

use std::time::Duration;

use super::context::Context;
use super::refusal;
use crate::clients::failure;
use crate::error::{Error, Status};
use crate::resilience::{Answer, Attempt, AttemptError, Effect, Fault};
use crate::transport::generated::lnrpc::{GetInfoRequest, GetInfoResponse, GetStateRequest};

/// A connection that has been silent for longer is asked before a write goes out on it.
const STALE_AFTER: Duration = Duration::from_secs(30);

enum Refused {
    Error(Error),
    Attempt(AttemptError),
}

/// Makes sure that a write has a live connection to the right daemon, and names that connection's dial:
/// the write goes out on it or not at all. One cheap read on a new or long silent connection finds dead
/// ones while nothing is at stake yet.
pub(super) async fn ready_for_write(context: &Context) -> Result<u64, Error> {
    context.admit()?;
    let mut number = 1;
    loop {
        let version = context.node().credentials_version();
        let failure = match recognise(context).await {
            Ok(generation) => return Ok(generation),
            Err(Refused::Error(error)) => return Err(error),
            Err(Refused::Attempt(failure)) => failure,
        };
        let about_credentials = matches!(&failure.fault, Fault::Answered(answer)
            if refusal::is_about_credentials(answer));
        let renewed =
            about_credentials && number == 1 && context.node().has_other_credentials(version);
        let call = context.call();
        if !renewed && !call.try_again(Effect::Read, number, &failure).await {
            // Nothing of the write itself was sent.
            let unsent = AttemptError {
                handed: false,
                ..failure
            };
            return Err(context.error(&unsent));
        }
        number += 1;
    }
}

async fn recognise(context: &Context) -> Result<u64, Refused> {
    let node = context.node();
    let unsent = |fault| {
        Refused::Attempt(AttemptError {
            fault,
            handed: false,
        })
    };
    let dialled = context.call().connect(node.write_generation()).await;
    let (generation, silent) = dialled.map_err(unsent)?;
    if node.is_recognised(generation) && silent < STALE_AFTER {
        return Ok(generation);
    }
    let ask = |attempt| ask_info(context, attempt, generation);
    match context.call().once(Effect::Read, &ask).await {
        Ok(info) => node.note_identity(&info).map_err(Refused::Error)?,
        Err(AttemptError {
            fault: Fault::Answered(answer),
            ..
        }) if refusal::is_permission(&answer) => {
            ask_state(context, generation).await?;
        }
        Err(failure) => return Err(wrong_service(failure)),
    }
    node.set_recognised(generation);
    Ok(generation)
}

async fn ask_info(
    context: &Context,
    attempt: Attempt,
    generation: u64,
) -> Result<GetInfoResponse, tonic::Status> {
    let request = context.request_on(&attempt, generation, GetInfoRequest {});
    let answer = context.node().writing_lightning().get_info(request).await;
    answer.map(tonic::Response::into_inner)
}

/// What remains when the macaroon does not allow GetInfo: that it is an lnd, not which one.
async fn ask_state(context: &Context, generation: u64) -> Result<(), Refused> {
    let client = context.node().writing_state();
    let ask = |attempt: Attempt| {
        let request = context.request_on(&attempt, generation, GetStateRequest {});
        let mut client = client.clone();
        async move { client.get_state(request).await.map(|_| ()) }
    };
    context
        .call()
        .once(Effect::Read, &ask)
        .await
        .map_err(wrong_service)?;
    tracing::warn!(
        target: "arkgrpc::lnd",
        "the macaroon lacks info:read: the node's key and network were not compared before the write"
    );
    Ok(())
}

fn wrong_service(failure: AttemptError) -> Refused {
    match &failure.fault {
        Fault::Answered(Answer {
            code: 12, message, ..
        }) => Refused::Error(Error::server(
            Status::WrongPeer,
            format!("what answers there is no lnd: {}", failure::clean(message)),
            "check host and port: lnd's gRPC port is 10009 by default",
        )),
        _ => Refused::Attempt(failure),
    }
}
