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

/// Runs `drive` so that a socket that breaks under it sends no SIGPIPE to the host's thread: the signal
/// is blocked meanwhile, and one that came of it is taken away. One that was pending before stays.
pub(crate) fn without_broken_pipes(drive: &mut dyn FnMut()) {
    let _restored = BrokenPipesBlocked::new();
    drive();
}

struct BrokenPipesBlocked {
    previous: libc::sigset_t,
    pending_before: bool,
}

impl BrokenPipesBlocked {
    fn new() -> Self {
        let previous = set_signal_mask(libc::SIG_BLOCK, &broken_pipe());
        // SAFETY: the mask is initialised and SIGPIPE is a valid signal number.
        let was_blocked = unsafe { libc::sigismember(&previous, libc::SIGPIPE) } == 1;
        Self {
            previous,
            // A thread that does not block a signal has none of it waiting.
            pending_before: was_blocked && broken_pipe_is_pending(),
        }
    }
}

impl Drop for BrokenPipesBlocked {
    fn drop(&mut self) {
        if !self.pending_before && broken_pipe_is_pending() {
            take_broken_pipe();
        }
        set_signal_mask(libc::SIG_SETMASK, &self.previous);
    }
}

fn broken_pipe() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set; sigaddset then gets an initialised set and a valid
    // signal number.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        set.assume_init()
    }
}

fn broken_pipe_is_pending() -> bool {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set, sigpending fills it, sigismember reads it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigpending(set.as_mut_ptr()) == 0
            && libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1
    }
}

#[cfg(target_os = "linux")]
fn take_broken_pipe() {
    let at_once = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: set and time are initialised and outlive the call; NULL asks for no details. It does not
    // wait, and fails without effect when another thread took the signal first.
    unsafe {
        libc::sigtimedwait(&broken_pipe(), std::ptr::null_mut(), &at_once);
    }
}

#[cfg(target_os = "macos")]
fn take_broken_pipe() {
    let mut signal = 0;
    // SAFETY: both pointers are valid for the call. SIGPIPE is pending for this thread, so it returns
    // at once.
    unsafe {
        libc::sigwait(&broken_pipe(), &mut signal);
    }
}

/// What driving the runtime may take of a thread's stack, with room to spare: measured 40 KiB in a
/// debug build.
const STACK_FOR_DRIVING: usize = 192 * 1024;

/// Whether the calling thread has enough stack left to drive the runtime itself.
pub(crate) fn has_stack_for_driving() -> bool {
    let marker = 0_u8;
    let here = std::ptr::from_ref(&marker).addr();
    STACK_END.with(|end| here.saturating_sub(*end) >= STACK_FOR_DRIVING)
}

thread_local! {
    /// Lowest address of the thread's stack; the highest number when it is not known.
    static STACK_END: usize = stack_end().unwrap_or(usize::MAX);
}

#[cfg(target_os = "linux")]
fn stack_end() -> Option<usize> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut address = std::ptr::null_mut();
    let mut size = 0;
    // SAFETY: pthread_getattr_np initialises the attributes when it succeeds; they are read and then
    // destroyed once. The other pointers are valid for the calls.
    let known = unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let read = libc::pthread_attr_getstack(attributes.as_ptr(), &mut address, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        read == 0
    };
    known.then(|| address.addr())
}

#[cfg(target_os = "macos")]
fn stack_end() -> Option<usize> {
    // SAFETY: the calling thread's own handle is always valid.
    let (top, size) = unsafe {
        let thread = libc::pthread_self();
        (
            libc::pthread_get_stackaddr_np(thread).addr(),
            libc::pthread_get_stacksize_np(thread),
        )
    };
    top.checked_sub(size)
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
    fn a_broken_pipe_is_swallowed_and_an_earlier_one_is_kept() {
        std::thread::spawn(|| {
            let previous = set_signal_mask(libc::SIG_BLOCK, &broken_pipe());
            // SAFETY: the mask is initialised.
            assert_eq!(unsafe { libc::sigismember(&previous, libc::SIGPIPE) }, 0);
            set_signal_mask(libc::SIG_SETMASK, &previous);
            // SAFETY: raises a signal in the calling thread, which blocks it.
            let raise = || assert_eq!(unsafe { libc::raise(libc::SIGPIPE) }, 0);
            without_broken_pipes(&mut || {
                assert!(blocked(libc::SIGPIPE));
                raise();
            });
            assert!(!blocked(libc::SIGPIPE));
            assert!(!broken_pipe_is_pending());

            set_signal_mask(libc::SIG_BLOCK, &broken_pipe());
            raise();
            without_broken_pipes(&mut raise_nothing);
            assert!(blocked(libc::SIGPIPE) && broken_pipe_is_pending());
            take_broken_pipe();
        })
        .join()
        .unwrap();
    }

    fn raise_nothing() {}

    #[test]
    fn small_stacks_do_not_drive() {
        let asked_with = |size| {
            let thread = std::thread::Builder::new().stack_size(size);
            thread.spawn(has_stack_for_driving).unwrap().join().unwrap()
        };
        assert!(asked_with(2 * 1024 * 1024));
        assert!(!asked_with(128 * 1024));
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
