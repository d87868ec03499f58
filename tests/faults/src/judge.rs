//! Whether a cell came out as the design demands. What was executed is told by the peer, never by us.

use std::time::Duration;

use arkgrpc_scenarios::player::Reply;
use serde_json::Value;

use crate::rows::Row;
use crate::tables::{Class, Expectation};

/// More than the deadline of a call before it must be back.
pub const SLACK: Duration = Duration::from_secs(2);

const KEYS: [&str; 16] = [
    "code",
    "message",
    "hint",
    "service",
    "method",
    "origin",
    "executed",
    "operation_id",
    "retryable",
    "retry_after_ms",
    "attempts",
    "elapsed_ms",
    "grpc_code",
    "daemon",
    "reconcile",
    "result",
];

/// What one call came to.
pub struct Seen<'a> {
    pub reply: &'a Reply,
    pub elapsed: Duration,
    /// Requests to the struck rpc, by this call.
    pub requests: usize,
    /// How often its handler ran for this call.
    pub executed: usize,
    /// Connections since the cell began.
    pub dials: usize,
    /// Between the first and the second request.
    pub pause: Option<Duration>,
}

/// All that is not as it must be.
pub fn judge(
    row: &Row,
    expected: &Expectation,
    deadline: Duration,
    seen: &Seen<'_>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let status = &seen.reply.status;
    // Where success is not demanded, a call whose time is up may say that in the place of its last fault.
    let late = status == "DEADLINE_EXCEEDED" && seen.elapsed >= deadline;
    let fails = expected.status.iter().any(|it| it != "OK");
    check(
        expected.status.contains(status) || (late && fails),
        format!(
            "status {status}, expected one of {}",
            expected.status.join(" ")
        ),
    );
    check(
        seen.elapsed <= deadline + SLACK,
        format!(
            "back after {:?} with a deadline of {deadline:?}",
            seen.elapsed
        ),
    );
    for (name, most, count) in [
        ("requests", expected.requests, seen.requests),
        ("dials", expected.dials, seen.dials),
    ] {
        let most = most.unwrap_or(usize::MAX);
        check(
            count <= most,
            format!("{count} {name}, at most {most} expected"),
        );
    }
    if let (Some(least), Some(pause)) = (expected.pause_ms, seen.pause) {
        check(
            pause >= Duration::from_millis(least),
            format!("the second request came after {pause:?} instead of {least} ms"),
        );
    }
    let write = row.class != Class::R;
    check(
        !write || seen.executed <= 1,
        format!("EXECUTED {} TIMES", seen.executed),
    );
    if status == "OK" {
        check(
            seen.reply.json.is_object(),
            "the result is no object".to_owned(),
        );
        check(
            !write || seen.executed == 1,
            format!("OK, but executed {} times", seen.executed),
        );
    } else {
        wrong.extend(judge_error(row, expected, seen));
    }
    wrong
}

fn judge_error(row: &Row, expected: &Expectation, seen: &Seen<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let Some(error) = seen.reply.json.as_object() else {
        return vec!["the error is no JSON object".to_owned()];
    };
    for key in KEYS {
        check(error.contains_key(key), format!("the error lacks {key}"));
    }
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or("null");
    check(
        text("code") == seen.reply.status,
        format!("code {} with status {}", text("code"), seen.reply.status),
    );
    check(
        text("service") == row.service,
        format!("service {}", text("service")),
    );
    for key in ["message", "hint"] {
        check(!matches!(text(key), "" | "null"), format!("no {key}"));
    }
    check(
        matches!(text("origin"), "local" | "transport" | "server"),
        format!("origin {}", text("origin")),
    );
    let executed = text("executed");
    check(
        expected.executed.iter().any(|word| word == executed),
        format!(
            "executed \"{executed}\", expected one of {:?}",
            expected.executed
        ),
    );
    let write = row.class != Class::R;
    let count = seen.executed;
    check(
        !write || executed != "no" || count == 0,
        format!("FALSE NO: executed {count} times"),
    );
    check(
        !write || executed != "yes" || count > 0,
        "FALSE YES: the handler did not run".to_owned(),
    );
    let retryable = error.get("retryable").and_then(Value::as_bool);
    check(retryable.is_some(), "retryable is no boolean".to_owned());
    check(
        !write || retryable == Some(false) || executed == "no",
        format!("retryable, though executed is {executed}"),
    );
    let recipe = error.get("reconcile").is_some_and(Value::is_object);
    check(
        executed != "unknown" || recipe,
        "unknown, and no word on how to find out".to_owned(),
    );
    for key in ["attempts", "elapsed_ms"] {
        check(
            error.get(key).is_some_and(Value::is_u64),
            format!("{key} is no number"),
        );
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Parameters;
    use serde_json::json;

    fn row(class: Class) -> Row {
        Row {
            service: "lnd".to_owned(),
            method: "m".to_owned(),
            class,
            parameters: Parameters {
                rpc: String::new(),
                params: Value::Null,
                operation_id: false,
            },
            schema: Value::Null,
        }
    }

    fn reply(executed: &str) -> Reply {
        let mut json = json!({
            "code": "CONNECTION_LOST", "message": "m", "hint": "h", "service": "lnd",
            "origin": "transport", "executed": executed, "retryable": false, "attempts": 1,
            "elapsed_ms": 1, "reconcile": {},
        });
        for key in KEYS {
            let fields = json.as_object_mut().unwrap();
            fields.entry(key).or_insert(Value::Null);
        }
        Reply {
            number: 204,
            status: "CONNECTION_LOST".to_owned(),
            json,
        }
    }

    fn verdict(class: Class, executed: &str, count: usize, requests: usize) -> Vec<String> {
        let expected = Expectation {
            status: vec!["CONNECTION_LOST".to_owned()],
            executed: vec!["no".to_owned(), "unknown".to_owned(), "yes".to_owned()],
            requests: Some(1),
            dials: None,
            pause_ms: None,
            repeats: None,
        };
        let seen = Seen {
            reply: &reply(executed),
            elapsed: Duration::ZERO,
            requests,
            executed: count,
            dials: 1,
            pause: None,
        };
        judge(&row(class), &expected, Duration::from_secs(1), &seen)
    }

    #[test]
    fn the_peers_counter_decides_what_was_executed() {
        assert_eq!(verdict(Class::N, "unknown", 1, 1), Vec::<String>::new());
        assert_eq!(verdict(Class::N, "no", 0, 1), Vec::<String>::new());
        assert!(verdict(Class::N, "no", 1, 1)[0].starts_with("FALSE NO"));
        assert!(verdict(Class::K, "yes", 0, 1)[0].starts_with("FALSE YES"));
        assert!(verdict(Class::K, "unknown", 2, 1)[0].starts_with("EXECUTED 2 TIMES"));
        assert!(verdict(Class::N, "unknown", 1, 2)[0].starts_with("2 requests"));
        assert_eq!(verdict(Class::R, "no", 3, 1), Vec::<String>::new());
    }
}
