//! What a look-up of a write is asked, and what it answers.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::context::Context;
use crate::error::{Error, Status};

/// The look-up of one method.
pub(super) type Lookup = for<'a> fn(&'a Context, Sought<'a>) -> Looking<'a>;

type Looking<'a> = Pin<Box<dyn Future<Output = Result<Finding, Error>> + Send + 'a>>;

/// The write that is looked for.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) operation_id: &'a str,
    pub(super) params: &'a Value,
}

impl Sought<'_> {
    /// The parameters of the original call.
    pub(super) fn original<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_path_to_error::deserialize(self.params).map_err(|error| {
            Error::local(
                Status::InvalidArgument,
                format!("field `params.{}`: {}", error.path(), error.inner()),
                "pass the parameters of the original call",
            )
        })
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It was done.
    Done,
    /// It was tried and came to nothing.
    Failed,
    /// It is under way.
    InFlight,
    /// The daemon has no trace of it.
    NotFound,
}

impl State {
    /// The word in the result.
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Failed => "failed",
            State::InFlight => "in_flight",
            State::NotFound => "not_found",
        }
    }
}

/// The answer of a look-up.
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) decisive: bool,
    pub(super) decisive_after: Option<u64>,
    pub(super) result: Option<Value>,
}

impl Finding {
    /// Done for good.
    pub(super) fn done(result: impl Serialize) -> Self {
        Self {
            state: State::Done,
            decisive: true,
            decisive_after: None,
            result: serde_json::to_value(result).ok(),
        }
    }

    /// It has become impossible.
    pub(super) fn failed(result: impl Serialize) -> Self {
        Self {
            state: State::Failed,
            ..Self::done(result)
        }
    }

    /// No trace of it, which proves nothing: a request on its way may still do it.
    pub(super) fn not_found_yet() -> Self {
        Self {
            state: State::NotFound,
            decisive: false,
            decisive_after: None,
            result: None,
        }
    }
}
