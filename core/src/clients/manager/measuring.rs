//! Calls as a manager measures them, and what it tells of them.

use super::{Client, Manager};
use crate::clients::metrics_report::{self, MetricsFormat};
use crate::clients::options::{CallOptions, Success};
use crate::clients::registry;
use crate::error::{Error, Status};

impl Manager {
    /// What was counted since the manager was made; a closed one still tells. `lost_log_lines` is the
    /// process's, and the host's part of the library counts it.
    pub fn metrics(&self, format: MetricsFormat, lost_log_lines: u64) -> Success {
        let core = &self.0;
        let families = metrics_report::families(
            &core.metrics,
            &core.services,
            &core.policies,
            lost_log_lines,
        );
        Success::new(format.print(&families))
    }
}

impl Client {
    /// Makes a call and waits for its end.
    pub fn call(
        &self,
        method: &str,
        params_json: &str,
        options: CallOptions,
    ) -> Result<Success, Error> {
        let _inside = self.core.gate.enter()?;
        let row = registry::find(self.kind.name(), method)?;
        let measured = self.core.metrics.call(row);
        let outcome = self.make(row, params_json, options, &measured);
        measured.end(outcome.as_ref().map_or_else(Error::status, |_| Status::Ok));
        outcome
    }
}
