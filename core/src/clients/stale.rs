//! `allow_stale`: the last good answers of reads that show how things stood, for callers who prefer an
//! old answer to none. Only rows that say so are remembered, and only for calls that ask for it.

use std::time::Instant;

use serde_json::Value;

use super::registry::{METHODS, MethodRow};
use super::staleness;
use crate::error::{Error, Status};
use crate::locks::Mutex;

/// More answers than this are not remembered; the oldest goes first.
const MOST: usize = 64;
/// All of them together, bytes.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Refuses the option for methods whose old answers would mislead.
pub(super) fn check(row: &MethodRow) -> Result<(), Error> {
    if row.stale {
        return Ok(());
    }
    let offered: Vec<_> = METHODS
        .iter()
        .filter(|other| other.stale && other.service == row.service)
        .map(|other| other.name)
        .collect();
    Err(Error::local(
        Status::InvalidArgument,
        format!(
            "option `allow_stale`: an old answer of {} would mislead",
            row.name
        ),
        format!("leave the flag out; it is for {}", offered.join(", ")),
    ))
}

/// Answers by method and parameters.
#[derive(Default)]
pub(super) struct Memory(Mutex<Vec<Kept>>);

struct Kept {
    service: &'static str,
    key: String,
    json: String,
    at: Instant,
}

impl Memory {
    /// Remembers a good answer; in place of an error that is about the way to the daemon or its state
    /// gives the last good one.
    pub(super) fn consult(
        &self,
        row: &MethodRow,
        params: &str,
        outcome: Result<String, Error>,
    ) -> Result<String, Error> {
        let key = key(row, params);
        match outcome {
            Ok(json) => {
                self.keep(row, key, &json);
                Ok(json)
            }
            Err(error) if is_passing(error.status()) => self.recall(&key).ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Another node may be meant from now on.
    pub(super) fn forget(&self, service: &str) {
        self.0.lock().retain(|kept| kept.service != service);
    }

    fn keep(&self, row: &MethodRow, key: String, json: &str) {
        let mut all = self.0.lock();
        all.retain(|kept| kept.key != key);
        if json.len() > MOST_BYTES {
            return;
        }
        all.push(Kept {
            service: row.service,
            key,
            json: json.to_owned(),
            at: Instant::now(),
        });
        let mut bytes: usize = all.iter().map(|kept| kept.json.len()).sum();
        let mut surplus = 0;
        for kept in all.iter() {
            if bytes <= MOST_BYTES && all.len() - surplus <= MOST {
                break;
            }
            bytes -= kept.json.len();
            surplus += 1;
        }
        all.drain(..surplus);
    }

    fn recall(&self, key: &str) -> Option<String> {
        let all = self.0.lock();
        let kept = all.iter().find(|kept| kept.key == key)?;
        staleness::aged(&kept.json, kept.at.elapsed())
    }
}

/// The same parameters in another order or layout are the same question.
fn key(row: &MethodRow, params: &str) -> String {
    let params = serde_json::from_str::<Value>(params)
        .map_or_else(|_| params.trim().to_owned(), |params| params.to_string());
    let params = if params.is_empty() { "{}" } else { &params };
    format!("{} {} {params}", row.service, row.name)
}

/// The daemon could not be reached, did not answer in time, or is not ready.
fn is_passing(status: Status) -> bool {
    matches!(
        status,
        Status::DeadlineExceeded
            | Status::ConnectFailed
            | Status::ConnectionLost
            | Status::ServiceDown
            | Status::CircuitOpen
            | Status::WalletLocked
            | Status::NotReady
            | Status::DaemonUnavailable
    )
}

#[cfg(test)]
#[path = "stale_tests.rs"]
mod tests;
