//! How an lnd is doing, asked now: its state, which needs no macaroon, then its own view of itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::context::Context;
use super::get_info::ask;
use super::node::Node;
use super::refusal;
use crate::clients::health_monitor::Watched;
use crate::clients::health_pulse::{Examination, Pulse};
use crate::clients::health_view::NodeView;
use crate::clients::readiness::Reachable;
use crate::clients::registry::{self, Class};
use crate::error::{Error, Status};
use crate::resilience::{Attempt, AttemptError, Call, Fault, Finding, Health};
use crate::transport::DialError;
use crate::transport::generated::lnrpc::{GetInfoResponse, GetStateRequest, WalletState};

/// A probe may take so long, or as long as a dial.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// A connection on which a daemon that is down was silent for so long is dialled anew.
const SILENT: Duration = Duration::from_secs(8);

/// What is not well, its remedy, and what follows from it.
struct Flaw(Finding, &'static str, Option<&'static str>);

impl Watched for Node {
    fn pulse(&self) -> &Pulse {
        self.pulse()
    }

    fn probe_limit(&self) -> Duration {
        PROBE_LIMIT.max(self.config.connect_timeout)
    }

    fn forgive(&self) {
        self.let_reads_dial();
    }

    fn examine(self: Arc<Self>, call: Arc<Call>) -> BoxFuture<'static, Examination> {
        async move {
            match registry::find("lnd", "get_info") {
                Ok(row) => examine(&Context::new(call, self, row, None, None)).await,
                Err(error) => Examination::failed(error),
            }
        }
        .boxed()
    }

    fn learn(&self, finding: Finding, health: Option<Health>) {
        if finding != Finding::Failed {
            self.let_writes_dial();
        } else if health == Some(Health::Down) {
            self.give_up_if_silent(SILENT);
        }
    }
}

impl Reachable for Node {
    async fn connect(&self, class: Class) -> Result<(), DialError> {
        self.connected(class).await
    }
}

/// Asks for the state, then for more if the state says that there is more.
async fn examine(context: &Context) -> Examination {
    let started = Instant::now();
    let state = match get_state(context).await {
        Ok(state) => state,
        Err(failure) => return Examination::failed(unanswered(context, &failure)),
    };
    let latency = started.elapsed();
    let known = WalletState::try_from(state);
    let flaw = |reason, hint| Flaw(Finding::Limited, reason, hint);
    let (flaw, info, error) = match known {
        Ok(WalletState::ServerActive) => judge(context).await,
        Ok(WalletState::Locked) => (
            Some(flaw(
                "the wallet is locked",
                Some("unlock the wallet: lncli unlock"),
            )),
            None,
            None,
        ),
        Ok(WalletState::NonExisting) => (
            Some(flaw(
                "there is no wallet yet",
                Some("create the wallet: lncli create"),
            )),
            None,
            None,
        ),
        _ => (
            Some(flaw(
                "lnd is starting",
                Some("wait until lnd has started; if it lasts, look at its log"),
            )),
            None,
            None,
        ),
    };
    let Flaw(finding, reason, hint) = flaw.unwrap_or(Flaw(Finding::Ready, "", None));
    Examination {
        finding,
        active: Some(known == Ok(WalletState::ServerActive)),
        synced: info.as_ref().map(|info| info.synced_to_chain),
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        hint: hint.map(str::to_owned),
        error,
        state: Some(state_name(state)),
        latency: Some(latency),
        info,
    }
}

type Judged = (Option<Flaw>, Option<NodeView>, Option<Error>);

async fn judge(context: &Context) -> Judged {
    let failure = match ask(context).await {
        Ok(info) => {
            let unsynced = Flaw(
                Finding::Limited,
                "the node is not in sync with its chain",
                Some("wait until lnd has caught up; if it lasts, look at its chain backend"),
            );
            let flaw = (!info.synced_to_chain).then_some(unsynced);
            return (flaw, Some(summary(info)), None);
        }
        Err(failure) => failure,
    };
    let error = unanswered(context, &failure);
    match &failure.fault {
        // Seen by the state alone; the calls themselves will tell what the macaroon lacks.
        Fault::Answered(answer) if refusal::is_permission(answer) => (
            Some(Flaw(
                Finding::Ready,
                "told by the state alone: the macaroon lacks info:read",
                None,
            )),
            None,
            None,
        ),
        Fault::Answered(answer) if refusal::is_about_credentials(answer) => (
            Some(Flaw(
                Finding::Limited,
                "the macaroon is refused",
                Some("copy this node's current macaroon"),
            )),
            None,
            Some(error),
        ),
        _ => (
            Some(Flaw(
                Finding::Impaired,
                "GetState answers, GetInfo does not",
                Some("look at lnd's load and log"),
            )),
            None,
            Some(error),
        ),
    }
}

fn unanswered(context: &Context, failure: &AttemptError) -> Error {
    if matches!(failure.fault, Fault::DeadlineExceeded) {
        return Error::local(
            Status::DeadlineExceeded,
            "lnd did not answer a health read in time",
            "look at the daemon's load and log, and at the network between",
        );
    }
    context.error(failure)
}

fn summary(info: GetInfoResponse) -> NodeView {
    NodeView {
        identity_pubkey: info.identity_pubkey,
        alias: info.alias,
        version: info.version,
        block_height: info.block_height,
        synced_to_chain: info.synced_to_chain,
        synced_to_graph: info.synced_to_graph,
    }
}

async fn get_state(context: &Context) -> Result<i32, AttemptError> {
    let client = context.node().state();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let request = context.request(&attempt, GetStateRequest {});
        async move {
            client
                .get_state(request)
                .await
                .map(|answer| answer.into_inner().state)
        }
    };
    context.read(send).await
}

fn state_name(state: i32) -> String {
    match WalletState::try_from(state) {
        Ok(known) => known.as_str_name().to_ascii_lowercase(),
        Err(_) => format!("unknown_{state}"),
    }
}
