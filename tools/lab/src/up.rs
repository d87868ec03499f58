//! `arkgrpc-lab up`: the lab as a running service, or around one program.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use arkgrpc_lab::environment::{EnvironmentFile, Variables};
use arkgrpc_lab::error::Result;
use arkgrpc_lab::{Lab, LabError, LabOptions, Waiter};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use crate::ENDING_SIGNALS;

const POLL_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
pub struct Request {
    pub env_file: Option<PathBuf>,
    pub keep_files: bool,
    /// Program and arguments; empty: stay until told to end.
    pub program: Vec<OsString>,
}

/// The exit code: that of the program, or 0.
pub fn run(request: &Request, waiter: Waiter) -> Result<u8> {
    let registering = LabError::io("registering signals");
    let mut signals = Signals::new(ENDING_SIGNALS).map_err(registering)?;
    let lab = Lab::start(LabOptions {
        echo: true,
        keep_files: request.keep_files,
        waiter,
        ..LabOptions::default()
    })?;
    let variables = lab.environment();
    let written = request
        .env_file
        .as_ref()
        .map(|path| EnvironmentFile::write(path, &variables));
    let _file = written.transpose()?;
    match request.program.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).envs(variables);
            let running = LabError::io(format!("running {}", program.display()));
            accompany(command.spawn().map_err(running)?, &mut signals)
        }
        None => {
            println!("{:#}", summary(&lab, &variables));
            signals.forever().next();
            Ok(0)
        }
    }
}

/// Hands SIGTERM on to the program and waits for its end.
fn accompany(mut program: Child, signals: &mut Signals) -> Result<u8> {
    let waiting = || LabError::io("waiting for the program");
    loop {
        if let Some(status) = program.try_wait().map_err(waiting())? {
            // The shell's way to say that a signal ended it.
            let ended_by = status.signal().map_or(1, |signal| 128 + signal);
            return Ok(u8::try_from(status.code().unwrap_or(ended_by)).unwrap_or(1));
        }
        // The other signals come from a terminal, which sends them to the program as well.
        if signals.pending().any(|signal| signal == SIGTERM) {
            let pid = Pid::from_raw(program.id().cast_signed());
            kill(pid, Signal::SIGTERM).map_err(|errno| waiting()(errno.into()))?;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn summary(lab: &Lab, variables: &Variables) -> Value {
    let environment: Map<String, Value> = variables
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let timeline: Vec<Value> = lab
        .timeline()
        .into_iter()
        .map(|(at, step)| {
            let after_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            json!({"after_ms": after_ms, "step": step})
        })
        .collect();
    json!({"directory": lab.directory(), "environment": environment, "timeline": timeline})
}
