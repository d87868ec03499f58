//! The lab itself, tried with the real daemons. They must be built before (`arkgrpc-lab build`), or
//! the tests are skipped: a test run is no place for a build of ten minutes.

mod command;
mod library;

use std::fs;
use std::io::{Write, stderr};
use std::path::Path;
use std::time::Duration;

use arkgrpc_lab::daemon_build::DaemonBinaries;
use arkgrpc_lab::{LabError, Waiter};

/// Whether the daemons are there; says aloud when they are not.
fn daemons_are_built() -> bool {
    let reason = match DaemonBinaries::locate() {
        Ok(Some(_)) => return true,
        Ok(None) => "the daemons are not built, run: cargo run -p arkgrpc-lab -- build".to_owned(),
        Err(error) if error.is_skip() => error.to_string(),
        Err(error) => panic!("{error}"),
    };
    let required = std::env::var("ARKGRPC_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|word| word.trim() == "go"),
        "{reason}"
    );
    // Not through eprintln!, which the test harness hides when the test passes.
    stderr()
        .write_all(format!("SKIP: {reason}\n").as_bytes())
        .unwrap();
    false
}

/// Process ids of all daemons of the lab in that directory.
fn daemon_pids(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pid_files = files.filter(|path| path.extension().is_some_and(|ending| ending == "pid"));
    pid_files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

fn wait_until_gone(pids: &[String]) {
    Waiter::default()
        .until("the end of the daemons", Duration::from_secs(10), || {
            let alive = |pid: &&String| match fs::read_to_string(format!("/proc/{pid}/stat")) {
                Ok(text) => !text
                    .rsplit(')')
                    .next()
                    .unwrap()
                    .trim_start()
                    .starts_with('Z'),
                Err(_) => false,
            };
            match pids.iter().find(alive) {
                Some(pid) => Err(LabError::NotYet(format!("process {pid} lives"))),
                None => Ok(()),
            }
        })
        .unwrap();
}
