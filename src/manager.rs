//! `arkgrpc_manager`: one configuration, its connections, and the clients on them.

use std::cell::RefCell;
use std::ffi::c_char;
use std::time::Duration;

use arkgrpc_core::error::{Error, Status};
use arkgrpc_core::{HostHooks, Manager};

use crate::answer::arkgrpc_result;
use crate::client::{CLIENTS, arkgrpc_client};
use crate::handle::{Kind, Registry};
use crate::host_protection::{
    SignalsBlocked, has_stack_for_driving, prepare_own_thread, without_broken_pipes,
};
use crate::status::arkgrpc_status;
use crate::{guard, options, text};

/// One configuration with its connections and threads; clients are made from it. A handle: NULL,
/// freed and foreign ones are recognised, never followed.
#[allow(non_camel_case_types, reason = "the name in C")]
pub struct arkgrpc_manager {
    _opaque: [u8; 0],
}

pub(crate) static MANAGERS: Registry<Manager> = Registry::new(Kind::Manager);

const HOOKS: HostHooks = HostHooks {
    thread_start: prepare_own_thread,
    while_driving: without_broken_pipes,
    may_drive: has_stack_for_driving,
};
const DEFAULT_HEALTH_LIMIT: Duration = Duration::from_secs(10);
const DEFAULT_CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Makes a manager from a configuration in JSON. Free `*out` with arkgrpc_manager_free().
///
/// `config_json`: the object described under "Configuration" above, copied before the return; its
/// length in bytes, or ARKGRPC_NTS. `out`: receives the manager, NULL on failure. `result`: NULL, or
/// receives the result on success and failure alike. Connects to nothing: a daemon that is down
/// shows in the calls, one wrongly configured service does not harm the others.
/// Errors: ARKGRPC_INVALID_CONFIG (the message names the field), ARKGRPC_INVALID_JSON and the other
/// text errors, ARKGRPC_NULL_POINTER, ARKGRPC_REENTRANT, ARKGRPC_UNSUPPORTED (no thread could be
/// started: raise the process limits). Any thread.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_new(
    config_json: *const c_char,
    config_json_len: usize,
    out: *mut *mut arkgrpc_manager,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: text and out-parameters as the header asks.
    unsafe {
        guard::constructing(out, result, || {
            let config = text::required("config_json", config_json, config_json_len)?;
            let _blocked = SignalsBlocked::new();
            MANAGERS.insert(Manager::new(&config, HOOKS)?)
        })
    }
}

/// Makes a manager from environment variables. Free `*out` with arkgrpc_manager_free().
///
/// Reads {LND,TAPD,ARKD}_{HOST,PORT,TLS_CERT,MACAROON}, LND_CONNECT, GRPC_TIMEOUT_SECONDS,
/// GRPC_MAX_MESSAGE_LENGTH, ARKGRPC_OPERATION_SECRET, ARKGRPC_STATE_DIR and, for each service,
/// ARKGRPC_LND_BREAKER, _BREAKER_THRESHOLD, _BREAKER_RECOVERY_MS, _SLOW_CALL_MS, _MAX_READS,
/// _MAX_WRITES, _MAX_PAYMENTS and _MAX_WAITING (see CONFIGURATION above). A service exists when any
/// of its variables is set. This is the only function that reads its configuration there, and it
/// races with setenv() and putenv() in other threads: call it before the host starts threads that
/// change the environment.
/// Errors: as arkgrpc_manager_new(); ARKGRPC_INVALID_UTF8 names a variable that is not UTF-8.
/// Any thread, with that warning.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_new_from_env(
    out: *mut *mut arkgrpc_manager,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameters as the header asks.
    unsafe {
        guard::constructing(out, result, || {
            let environment = Environment::default();
            let _blocked = SignalsBlocked::new();
            let manager = Manager::from_environment(&|name| environment.look_up(name), HOOKS);
            environment.check()?;
            MANAGERS.insert(manager?)
        })
    }
}

/// Makes a client of one service. Free `*out` with arkgrpc_client_free().
///
/// `service`: ARKGRPC_SERVICE_LND, ARKGRPC_SERVICE_TAPD or ARKGRPC_SERVICE_ARKD; length in bytes or
/// ARKGRPC_NTS. The client keeps what it needs alive: it may outlive the manager's handle. Clients
/// of the same service share connections. Never blocks on the network.
/// Errors: ARKGRPC_UNKNOWN_SERVICE, ARKGRPC_NOT_CONFIGURED, ARKGRPC_INVALID_CONFIG (this service's
/// part of the configuration is wrong: the message names the field), ARKGRPC_CLOSED,
/// ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT. Any thread.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_client(
    manager: *const arkgrpc_manager,
    service: *const c_char,
    service_len: usize,
    out: *mut *mut arkgrpc_client,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: text and out-parameters as the header asks.
    unsafe {
        guard::constructing(out, result, || {
            let manager = MANAGERS.get(manager)?;
            let service = text::required("service", service, service_len)?;
            CLIENTS.insert(manager.client(&service)?)
        })
    }
}

/// Asks every configured daemon now how it is, and waits for the answers.
///
/// `timeout_ms`: for all of them together; ARKGRPC_TIMEOUT_DEFAULT means 10 seconds. OK says that
/// the question was answered, not that all is well. `result` carries {"services":{"lnd":{...}}}
/// with the keys status ("up", "degraded", "read_only" or "down", as this one look shows it),
/// reason, hint, code (name of the error that the look met), state (the daemon's own, for lnd that
/// of its wallet), latency_ms and info (identity_pubkey, alias, version, block_height,
/// synced_to_chain, synced_to_graph); what is not known is null. It must not be NULL. What is
/// found is remembered: see arkgrpc_manager_health().
/// Errors: ARKGRPC_CLOSED, ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT,
/// ARKGRPC_NULL_POINTER. Any thread; blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_health_check_all(
    manager: *const arkgrpc_manager,
    timeout_ms: u64,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            let limit = options::timeout(timeout_ms).unwrap_or(DEFAULT_HEALTH_LIMIT);
            MANAGERS.get(manager)?.health_check_all(limit)
        })
    }
}

/// Drops the connections, so that the next call dials anew, without waiting out a pause.
///
/// A service that was found down is asked again at once, and its writes are no longer refused. For
/// a host that knows that the network changed (a resumed laptop, a new VPN). `service`: NULL
/// for all. Calls under way may fail with ARKGRPC_CONNECTION_LOST. `result` may be NULL.
/// Errors: ARKGRPC_UNKNOWN_SERVICE, ARKGRPC_NOT_CONFIGURED, ARKGRPC_CLOSED,
/// ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_reconnect(
    manager: *const arkgrpc_manager,
    service: *const c_char,
    service_len: usize,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: text and out-parameter as the header asks.
    unsafe {
        guard::fallible(result, || {
            let manager = MANAGERS.get(manager)?;
            let service = text::optional("service", service, service_len)?;
            manager.reconnect(service.as_deref())
        })
    }
}

/// Ends a manager's work: refuses new calls, lets those under way finish until the time is up,
/// cancels the rest, and stops the threads.
///
/// `timeout_ms`: ARKGRPC_TIMEOUT_DEFAULT means 5 seconds, ARKGRPC_TIMEOUT_ZERO cancels at once. May
/// be repeated. Afterwards every call returns ARKGRPC_CLOSED; the handles still have to be freed.
/// Close before the process ends: then no memory and no thread is left. `result` may be NULL.
/// Errors: ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT. Any thread; blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_close(
    manager: *const arkgrpc_manager,
    timeout_ms: u64,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::fallible(result, || {
            let limit = options::timeout(timeout_ms).unwrap_or(DEFAULT_CLOSE_LIMIT);
            MANAGERS.get(manager)?.close(limit)
        })
    }
}

/// Frees the handle. The connections end when the last client is freed too.
///
/// Never blocks: without arkgrpc_manager_close() threads end in the background. Calls under way go
/// on. NULL and handles that are not live do nothing; in a forked child the parent's manager is
/// left alone. Any thread, in any order against clients, cancel tokens and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_free(manager: *mut arkgrpc_manager) {
    guard::value((), || drop(MANAGERS.remove(manager)))
}

/// The process environment. A variable that is set but unreadable is an error, not an absent one.
#[derive(Default)]
struct Environment {
    unreadable: RefCell<Option<String>>,
}

impl Environment {
    fn look_up(&self, name: &str) -> Option<String> {
        let value = std::env::var_os(name)?.into_string();
        if value.is_err() {
            self.unreadable.replace(Some(name.to_owned()));
        }
        value.ok()
    }

    fn check(&self) -> Result<(), Error> {
        match &*self.unreadable.borrow() {
            None => Ok(()),
            Some(name) => Err(Error::local(
                Status::InvalidUtf8,
                format!("the environment variable {name} is not valid UTF-8"),
                format!("set {name} to a UTF-8 text or unset it"),
            )),
        }
    }
}
