//! What keeps this library a quiet guest in its host: errno and cancellation state around every
//! call, the mark of our own threads, signal masks, and the identity of the process.

use std::cell::Cell;
use std::ffi::c_int;
use std::mem::MaybeUninit;

#[cfg(target_os = "linux")]
const CANCEL_DISABLE: c_int = 1;
#[cfg(target_os = "macos")]
const CANCEL_DISABLE: c_int = 0;

unsafe extern "C" {
    // POSIX; the libc crate lacks it for these targets.
    fn pthread_setcancelstate(state: c_int, previous: *mut c_int) -> c_int;
}

thread_local! {
    static OWN_THREAD: Cell<bool> = const { Cell::new(false) };
    static CALL_DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// The signals that a fault raises on the very thread that caused it: blocking them would turn the
/// host's crash report into a silent kill.
const FAULT_SIGNALS: [c_int; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];

/// Identifies the process: differs after a fork.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// Whether the calling thread was started by this library.
pub(crate) fn on_own_thread() -> bool {
    OWN_THREAD.get()
}

/// Whether the calling thread is inside one of our functions.
pub(crate) fn inside_call() -> bool {
    CALL_DEPTH.get() > 0
}

/// Runs first on every thread of ours: no signal of the host is ever handled on it, and it is
/// recognised when a callback comes back into the library.
pub(crate) fn prepare_own_thread() {
    set_signal_mask(libc::SIG_BLOCK, &asynchronous_signals());
    OWN_THREAD.set(true);
}

/// The state of the calling thread that a call must leave as it was. Lives as long as the call.
pub(crate) struct HostState {
    errno: c_int,
    cancel_state: c_int,
}

impl HostState {
    /// Marks the thread as inside a call and makes the call no cancellation point.
    pub(crate) fn enter() -> Self {
        let errno = read_errno();
        CALL_DEPTH.set(CALL_DEPTH.get().saturating_add(1));
        Self {
            errno,
            cancel_state: set_cancel_state(CANCEL_DISABLE),
        }
    }
}

impl Drop for HostState {
    fn drop(&mut self) {
        CALL_DEPTH.set(CALL_DEPTH.get().saturating_sub(1));
        set_cancel_state(self.cancel_state);
        write_errno(self.errno);
    }
}

/// Blocks the asynchronous signals of the calling thread while it lives, so that threads started
/// meanwhile never have a moment in which the host's signals can hit them.
pub(crate) struct SignalsBlocked {
    previous: libc::sigset_t,
}

impl SignalsBlocked {
    pub(crate) fn new() -> Self {
        Self {
            previous: set_signal_mask(libc::SIG_BLOCK, &asynchronous_signals()),
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        set_signal_mask(libc::SIG_SETMASK, &self.previous);
    }
}

fn asynchronous_signals() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set that it is given; sigdelset then gets an initialised
    // set and constants that are valid signal numbers.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        for signal in FAULT_SIGNALS {
            libc::sigdelset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Changes the calling thread's mask and returns the previous one.
fn set_signal_mask(how: c_int, set: &libc::sigset_t) -> libc::sigset_t {
    let mut previous = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are valid for the call; with a valid `how`, which all callers here pass,
    // pthread_sigmask cannot fail and has filled `previous`.
    unsafe {
        libc::sigemptyset(previous.as_mut_ptr());
        libc::pthread_sigmask(how, set, previous.as_mut_ptr());
        previous.assume_init()
    }
}

fn set_cancel_state(state: c_int) -> c_int {
    let mut previous = state;
    // SAFETY: `previous` outlives the call; a state other than the two constants is refused by the
    // function without effect.
    unsafe {
        pthread_setcancelstate(state, &mut previous);
    }
    previous
}

#[cfg(target_os = "linux")]
fn errno_location() -> *mut c_int {
    // SAFETY: has no preconditions.
    unsafe { libc::__errno_location() }
}

#[cfg(target_os = "macos")]
fn errno_location() -> *mut c_int {
    // SAFETY: has no preconditions.
    unsafe { libc::__error() }
}

fn read_errno() -> c_int {
    // SAFETY: the C library guarantees a valid errno cell for the calling thread.
    unsafe { *errno_location() }
}

fn write_errno(value: c_int) {
    // SAFETY: as in read_errno; nobody else holds a reference to the cell.
    unsafe { *errno_location() = value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(signal: c_int) -> bool {
        let mut empty = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset initialises the set.
        let empty = unsafe {
            libc::sigemptyset(empty.as_mut_ptr());
            empty.assume_init()
        };
        let mask = set_signal_mask(libc::SIG_BLOCK, &empty);
        // SAFETY: the mask is initialised.
        unsafe { libc::sigismember(&mask, signal) == 1 }
    }

    #[test]
    fn a_call_leaves_errno_and_cancellation_as_they_were() {
        let state_before = set_cancel_state(CANCEL_DISABLE);
        set_cancel_state(state_before);
        write_errno(77);
        {
            let _host = HostState::enter();
            assert!(inside_call());
            write_errno(5);
            let during = set_cancel_state(CANCEL_DISABLE);
            assert_eq!(during, CANCEL_DISABLE);
        }
        assert_eq!(read_errno(), 77);
        assert!(!inside_call());
        let state_after = set_cancel_state(CANCEL_DISABLE);
        set_cancel_state(state_after);
        assert_eq!(state_after, state_before);
        assert_ne!(
            state_before, CANCEL_DISABLE,
            "a new thread can be cancelled"
        );
    }

    #[test]
    fn own_threads_are_marked_and_see_only_fault_signals() {
        std::thread::spawn(|| {
            assert!(!on_own_thread());
            prepare_own_thread();
            assert!(on_own_thread());
            for signal in [
                libc::SIGPIPE,
                libc::SIGTERM,
                libc::SIGINT,
                libc::SIGCHLD,
                libc::SIGUSR1,
            ] {
                assert!(blocked(signal), "signal {signal} must be blocked");
            }
            for signal in FAULT_SIGNALS {
                assert!(!blocked(signal), "signal {signal} must stay unblocked");
            }
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_started_while_signals_are_blocked_inherits_that() {
        let child = {
            let _blocked = SignalsBlocked::new();
            std::thread::spawn(|| blocked(libc::SIGTERM))
        };
        assert!(child.join().unwrap());
        assert!(!blocked(libc::SIGTERM), "the caller's own mask is restored");
    }
}
