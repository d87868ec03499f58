//! What stands behind an `arkgrpc_result`: the outcome of one call, on success and failure alike.

use std::ffi::{CStr, c_char};
use std::time::Duration;

use arkgrpc_core::error::{Error, Executed, Status};
use arkgrpc_core::{Recovery, Success};
use zeroize::Zeroizing;

use crate::text::OutputText;

/// The outcome of one call: status, JSON, and what an error has to say.
///
/// Owned by the caller: free it with arkgrpc_result_free(). Its texts live as long as it does.
#[allow(non_camel_case_types, reason = "the name in C")]
pub struct arkgrpc_result {
    _opaque: [u8; 0],
}

/// The outcome of one call.
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) json: OutputText,
    pub(crate) message: OutputText,
    pub(crate) hint: OutputText,
    pub(crate) executed: Executed,
    pub(crate) operation_id: Option<OutputText>,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) grpc_code: Option<i32>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    recovery: Option<SecretText>,
}

/// The answer to a defect of ours. Made before anything can go wrong, as the defect may have been
/// in making an answer; whether a write was done is not known then.
static AFTER_PANIC: Answer = Answer {
    status: Status::Panic,
    json: OutputText::fixed(PANIC_JSON),
    message: OutputText::fixed(c"a defect of this library was caught; it lives on"),
    hint: OutputText::fixed(
        c"report it; before repeating a write find out what became of it, see lookup_operation",
    ),
    executed: Executed::Unknown,
    operation_id: None,
    retryable: false,
    retry_after: None,
    grpc_code: None,
    attempts: 0,
    elapsed: Duration::ZERO,
    recovery: None,
};

const PANIC_JSON: &CStr = c"{\"code\":\"PANIC\",\
\"message\":\"a defect of this library was caught; it lives on\",\
\"hint\":\"report it; before repeating a write find out what became of it, see lookup_operation\",\
\"service\":null,\"method\":null,\"origin\":\"local\",\"executed\":\"unknown\",\
\"operation_id\":null,\"retryable\":false,\"retry_after_ms\":null,\"attempts\":0,\
\"elapsed_ms\":0,\"grpc_code\":null,\"daemon\":null,\"reconcile\":null,\"result\":null}";

impl Answer {
    pub(crate) fn new(outcome: Result<Success, Error>, elapsed: Duration) -> Self {
        match outcome {
            Ok(success) => Self::of_success(success, elapsed),
            Err(error) => Self::of_error(&error, elapsed),
        }
    }

    fn of_success(success: Success, elapsed: Duration) -> Self {
        Self {
            status: Status::Ok,
            json: OutputText::new(success.json),
            message: OutputText::fixed(c""),
            hint: OutputText::fixed(c""),
            executed: Executed::Yes,
            operation_id: None,
            retryable: false,
            retry_after: None,
            grpc_code: None,
            attempts: 0,
            elapsed,
            recovery: success.recovery.as_ref().map(SecretText::new),
        }
    }

    fn of_error(error: &Error, elapsed: Duration) -> Self {
        Self {
            status: error.status(),
            json: OutputText::new(error.to_json_text()),
            message: OutputText::new(error.message().to_owned()),
            hint: OutputText::new(error.hint().to_owned()),
            executed: error.executed(),
            operation_id: error
                .operation_id()
                .map(|id| OutputText::new(id.to_owned())),
            retryable: error.retryable(),
            retry_after: error.retry_after(),
            grpc_code: error.grpc_code(),
            attempts: error.attempts(),
            elapsed,
            recovery: None,
        }
    }

    pub(crate) fn recovery(&self) -> Option<*const c_char> {
        self.recovery.as_ref().map(SecretText::as_ptr)
    }

    /// Gives the answer to the caller.
    pub(crate) fn hand_out(self) -> *mut arkgrpc_result {
        Box::into_raw(Box::new(self)).cast()
    }

    /// The answer to a defect of ours, as the caller holds it. Needs no memory.
    pub(crate) fn hand_out_panic() -> *mut arkgrpc_result {
        (&raw const AFTER_PANIC).cast_mut().cast()
    }

    /// Looks at an answer that a caller holds. NULL and handles, which are odd, are no answers.
    ///
    /// # Safety
    /// A well-aligned pointer came from `hand_out` or `hand_out_panic` and was not freed.
    pub(crate) unsafe fn behind<'a>(result: *const arkgrpc_result) -> Option<&'a Self> {
        let answer = result.cast::<Self>();
        if !answer.is_aligned() {
            return None;
        }
        // SAFETY: by contract NULL or an answer that lives until the caller frees it.
        unsafe { answer.as_ref() }
    }

    /// Takes an answer back from its caller.
    ///
    /// # Safety
    /// As for [`Answer::behind`], and the pointer is not used again.
    pub(crate) unsafe fn take_back(result: *mut arkgrpc_result) {
        let answer = result.cast::<Self>();
        if answer.is_null() || !answer.is_aligned() || std::ptr::eq(answer, &raw const AFTER_PANIC)
        {
            return;
        }
        // SAFETY: by contract from `hand_out`, which boxed it, and not freed before.
        drop(unsafe { Box::from_raw(answer) });
    }
}

/// A terminated text that is wiped when it is dropped.
struct SecretText(Zeroizing<Vec<u8>>);

impl SecretText {
    fn new(secret: &Recovery) -> Self {
        let text = secret.as_str();
        // Of its final size from the start: growing would leave an unwiped copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        bytes.extend(text.bytes().filter(|byte| *byte != 0));
        bytes.push(0);
        Self(bytes)
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use serde_json::Value;

    fn keys(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_prepared_panic_answer_is_a_complete_error() {
        let prepared: Value = serde_json::from_slice(PANIC_JSON.to_bytes()).unwrap();
        let made = Error::local(Status::Panic, "m", "h")
            .with_executed(Executed::Unknown)
            .to_json();
        assert_eq!(keys(&prepared), keys(&made));
        assert_eq!(prepared["code"], made["code"]);
        assert_eq!(prepared["executed"], made["executed"]);
        // SAFETY: the pointer of a static text.
        let message = unsafe { CStr::from_ptr(AFTER_PANIC.message.as_ptr()) };
        assert_eq!(prepared["message"], message.to_str().unwrap());
    }

    #[test]
    fn answers_go_to_the_caller_and_back() {
        let error = Error::local(Status::NotFound, "gone", "look elsewhere");
        let result = Answer::new(Err(error), Duration::from_millis(3)).hand_out();
        // SAFETY: just handed out, freed once.
        unsafe {
            let answer = Answer::behind(result).unwrap();
            assert_eq!(answer.status, Status::NotFound);
            assert_eq!(CStr::from_ptr(answer.message.as_ptr()), c"gone");
            Answer::take_back(result);
        }
    }

    #[test]
    fn null_handles_and_the_prepared_answer_survive_being_freed() {
        let handle = std::ptr::without_provenance_mut::<arkgrpc_result>(0x1_0000_0003);
        // SAFETY: NULL, misaligned and prepared pointers are all allowed.
        unsafe {
            assert!(Answer::behind(std::ptr::null()).is_none());
            assert!(Answer::behind(handle).is_none());
            Answer::take_back(std::ptr::null_mut());
            Answer::take_back(handle);
            Answer::take_back(Answer::hand_out_panic());
            Answer::take_back(Answer::hand_out_panic());
            assert_eq!(
                Answer::behind(Answer::hand_out_panic()).unwrap().status,
                Status::Panic
            );
        }
    }
}
