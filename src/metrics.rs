//! `arkgrpc_manager_metrics`: what the library counts about itself, in two forms.

use arkgrpc_core::MetricsFormat;
use arkgrpc_core::error::{Error, Status};

use crate::answer::arkgrpc_result;
use crate::guard;
use crate::log_worker::lost_lines;
use crate::manager::{MANAGERS, arkgrpc_manager};
use crate::status::arkgrpc_status;

/// Metrics format: the text that Prometheus scrapes (exposition format 0.0.4).
pub const ARKGRPC_METRICS_PROMETHEUS: i32 = 0;
/// Metrics format: one JSON object with the same families, labels and numbers.
pub const ARKGRPC_METRICS_JSON: i32 = 1;

/// Tells what this manager has counted since it was made.
///
/// `format`: ARKGRPC_METRICS_PROMETHEUS: arkgrpc_result_json() is then the text itself, many lines,
/// to be served as "text/plain; version=0.0.4". ARKGRPC_METRICS_JSON: an object with a key for each
/// family: {"type","help","samples":[{"labels":{…},"value":n}]}; a sample of a histogram has
/// "count", "sum" and "buckets":[{"le","count"}], cumulative, instead of "value". `result` carries
/// the answer and must not be NULL.
///
/// Families, with their labels; times are in seconds:
///   arkgrpc_calls_total{service,method,status}            calls that ended; status as from
///                                                         arkgrpc_status_name()
///   arkgrpc_call_duration_seconds{service,method}         histogram, from the call to its answer
///   arkgrpc_attempts_total{service,method}                requests to the daemon of ended calls
///   arkgrpc_retries_total{service,method}                 those that followed a failed one
///   arkgrpc_calls_in_flight{service,method}               calls that have not ended
///   arkgrpc_streams_open{service,stream}                  streams that were not freed
///   arkgrpc_streams_opened_total{service,stream}
///   arkgrpc_dials_total{service,connection,outcome}       connection: read, write; outcome: made,
///                                                         failed
///   arkgrpc_reconnects_total{service,connection}          connections made after the first one
///   arkgrpc_connections_live{service,connection}          0 or 1
///   arkgrpc_breaker_state{service,state}                  1 for the present state: closed, open,
///                                                         half_open; else 0
///   arkgrpc_breaker_opened_total{service}                 how often it opened
///   arkgrpc_breaker_refused_total{service}                calls that it refused
///   arkgrpc_lane_in_flight{service,lane}                  calls in the lane: read, write, payment
///   arkgrpc_lane_places{service,lane}                     its size
///   arkgrpc_lane_waiting{service,lane}                    calls that wait for a place
///   arkgrpc_lane_refused_total{service,lane}              calls that got no place in time
///   arkgrpc_health_state{service,state}                   1 for the present state: up, degraded,
///                                                         read_only, down, closed; else 0
///   arkgrpc_log_lines_dropped_total                       of the process, by a slow log callback
/// What is not known is left out, never 0: a histogram of a method that was not called, the health
/// of a service that nobody has watched. Labels come from the registry alone: their number is
/// bounded, and nothing that callers or daemons say is among them. The numbers are read one by one
/// while calls go on; each only grows, except those in flight, open, live and the states.
/// arkgrpc_manager_reconnect() resets nothing; a manager that was closed still answers.
/// Errors: ARKGRPC_INVALID_ARGUMENT (no such format), ARKGRPC_NULL_POINTER, ARKGRPC_INVALID_HANDLE,
/// ARKGRPC_FORKED, ARKGRPC_REENTRANT. Any thread; does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_metrics(
    manager: *const arkgrpc_manager,
    format: i32,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            let manager = MANAGERS.get(manager)?;
            Ok(manager.metrics(format_of(format)?, lost_lines()))
        })
    }
}

fn format_of(number: i32) -> Result<MetricsFormat, Error> {
    match number {
        ARKGRPC_METRICS_PROMETHEUS => Ok(MetricsFormat::Prometheus),
        ARKGRPC_METRICS_JSON => Ok(MetricsFormat::Json),
        other => Err(Error::local(
            Status::InvalidArgument,
            format!("there is no metrics format {other}"),
            "pass ARKGRPC_METRICS_PROMETHEUS or ARKGRPC_METRICS_JSON",
        )),
    }
}
