//! From a failed attempt to the error that a caller sees.

use serde_json::{Value, json};

use super::registry::{Class, MethodRow};
use crate::error::{DaemonAnswer, Error, Executed, Status};
use crate::resilience::{Answer, AttemptError, Barrier, Fault, NotAdmitted};
use crate::transport::DialFault;

/// Longest text of a daemon that is shown.
const LONGEST_TEXT: usize = 500;

/// How a daemon's refusal reads to a caller.
pub(crate) type Explain = fn(&MethodRow, &Answer) -> (Status, String);

/// The error for an attempt of the row's method that failed.
pub(crate) fn error(row: &MethodRow, failure: &AttemptError, explain: Explain) -> Error {
    let error = describe(row, &failure.fault, explain);
    if row.class == Class::Read {
        let retryable = is_transient(&failure.fault);
        return error.with_retryable(retryable);
    }
    let executed = executed(row, failure);
    let retryable = executed == Executed::No && is_transient(&failure.fault);
    error.with_executed(executed).with_retryable(retryable)
}

/// What a failed attempt of a write proves about the daemon.
pub(crate) fn executed(row: &MethodRow, failure: &AttemptError) -> Executed {
    match &failure.fault {
        _ if !failure.handed => Executed::No,
        Fault::Answered(answer) if row.proves_no_effect(answer.code, &answer.message) => {
            Executed::No
        }
        _ => Executed::Unknown,
    }
}

fn is_transient(fault: &Fault) -> bool {
    match fault {
        Fault::Dial(error) => !error.is_permanent(),
        Fault::Stale | Fault::Lost(_) | Fault::DeadlineExceeded => true,
        Fault::NotAdmitted(refusal) => refusal.barrier != Barrier::ForcedOpen,
        Fault::Answered(answer) => answer.is_transient(),
        Fault::Malformed(_) | Fault::TooLarge(_) | Fault::Cancelled => false,
    }
}

/// The error for a fault, without a word on whether something was executed.
pub(crate) fn describe(row: &MethodRow, fault: &Fault, explain: Explain) -> Error {
    match fault {
        Fault::Dial(dial) => {
            let status = match dial.fault {
                DialFault::Unreachable | DialFault::TimedOut => Status::ConnectFailed,
                DialFault::Tls => Status::TlsFailed,
                DialFault::WrongProtocol => Status::WrongPeer,
                DialFault::Configuration => Status::CredentialsUnreadable,
            };
            Error::transport(status, dial.to_string(), dial.hint().to_owned())
                .with_retry_after(dial.retry_after)
        }
        Fault::Stale | Fault::Lost(_) => lost(fault),
        Fault::Malformed(text) => Error::transport(
            Status::MalformedAnswer,
            format!("the answer is no gRPC answer: {}", clean(text)),
            "check that the port is the daemon's gRPC port and that no proxy rewrites its answers",
        ),
        Fault::TooLarge(text) => Error::transport(
            Status::AnswerTooLarge,
            clean(text),
            "raise max_message_bytes in the configuration, or GRPC_MAX_MESSAGE_LENGTH",
        ),
        Fault::Answered(answer) => {
            let (status, hint) = explain(row, answer);
            Error::server(status, clean(&answer.message), hint).with_daemon(DaemonAnswer {
                grpc_code: answer.code,
                ..DaemonAnswer::default()
            })
        }
        Fault::DeadlineExceeded => deadline_exceeded(),
        Fault::NotAdmitted(refusal) => barred(refusal),
        Fault::Cancelled => Error::local(
            Status::Cancelled,
            "the call was cancelled by its token or because the manager is closing",
            "make the call again if its result is still wanted",
        ),
    }
}

fn lost(fault: &Fault) -> Error {
    let message = match fault {
        Fault::Lost(text) => {
            format!(
                "the connection broke before the answer was complete: {}",
                clean(text)
            )
        }
        _ => "the connection was replaced before the request was sent".to_owned(),
    };
    Error::transport(
        Status::ConnectionLost,
        message,
        "the daemon may have been restarted; the next call connects again",
    )
}

/// The error of a read that was not let in.
pub(crate) fn not_admitted(refusal: &NotAdmitted) -> Error {
    barred(refusal).with_retryable(refusal.barrier != Barrier::ForcedOpen)
}

fn barred(refusal: &NotAdmitted) -> Error {
    let (status, hint) = match refusal.barrier {
        Barrier::CircuitOpen => (
            Status::CircuitOpen,
            "check that the daemon is running and reachable; the library looks by itself and lets calls \
             through once it answers. Try again after retry_after_ms",
        ),
        Barrier::ForcedOpen => (
            Status::CircuitOpen,
            "set resilience.breaker to \"normal\" in the configuration to let calls through",
        ),
        Barrier::Overloaded => (
            Status::Overloaded,
            "make fewer calls at once or give them more time; resilience.max_reads, max_writes, \
             max_payments and max_waiting of the configuration are the limits",
        ),
    };
    Error::local(status, clean(&refusal.message), hint).with_retry_after(Some(refusal.retry_after))
}

/// The call's own time ran out.
pub(crate) fn deadline_exceeded() -> Error {
    Error::local(
        Status::DeadlineExceeded,
        "the deadline of the call passed before the daemon's answer",
        "raise timeout_ms, or look at the daemon's load and logs",
    )
}

/// Whether a report on the health of a service shows that its daemon answers.
pub(crate) fn is_sign_of_life(report: &Value) -> bool {
    report.get("status").is_some_and(|status| *status != "down")
}

/// The report on the health of a service that cannot be asked.
pub(crate) fn health_report(error: &Error) -> Value {
    json!({
        "status": "down", "reason": error.message(), "hint": error.hint(),
        "code": error.status().name(), "state": null, "latency_ms": null, "info": null,
    })
}

/// A daemon's text, cut and without control characters: it may carry a peer's words or a whole PSBT.
pub(crate) fn clean(text: &str) -> String {
    if text.len() <= LONGEST_TEXT && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_TEXT)
        .collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::registry::find;

    fn explain(_: &MethodRow, answer: &Answer) -> (Status, String) {
        (Status::from_grpc_code(answer.code), String::new())
    }

    fn fails(fault: Fault, handed: bool) -> Error {
        let row = find("lnd", "send_payment").unwrap();
        error(row, &AttemptError { fault, handed }, explain)
    }

    #[test]
    fn only_proof_says_no() {
        let answered = |text: &str| {
            Fault::Answered(Answer {
                code: 2,
                message: text.to_owned(),
                ..Answer::default()
            })
        };
        assert_eq!(
            fails(Fault::Lost("x".into()), false).executed(),
            Executed::No
        );
        assert_eq!(
            fails(Fault::Lost("x".into()), true).executed(),
            Executed::Unknown
        );
        assert_eq!(
            fails(Fault::DeadlineExceeded, true).executed(),
            Executed::Unknown
        );
        assert_eq!(
            fails(answered("permission denied"), true).executed(),
            Executed::No
        );
        assert_eq!(
            fails(answered("something else"), true).executed(),
            Executed::Unknown
        );
    }

    #[test]
    fn a_write_is_retryable_only_when_nothing_happened() {
        assert!(fails(Fault::Lost("x".into()), false).retryable());
        assert!(!fails(Fault::Lost("x".into()), true).retryable());
    }

    #[test]
    fn texts_are_cut_and_cleaned() {
        let shown = clean(&format!("a\n\u{1b}[31m{}", "x".repeat(1000)));
        assert!(shown.chars().count() <= LONGEST_TEXT + 1 && !shown.contains('\n'));
    }
}
