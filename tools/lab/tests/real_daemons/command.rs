//! The command: the program's environment and exit code, and the end by each kind of signal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use arkgrpc_lab::{LabError, Waiter};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::{daemon_pids, daemons_are_built, wait_until_gone};

const LAB: &str = env!("CARGO_BIN_EXE_arkgrpc-lab");

/// Ends the command with the test, also with a failed one; its daemons go with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }
}

/// A lab of its own temporary directory, up as soon as its environment file appears.
fn up(temporary: &Path, env_file: &Path) -> (Running, PathBuf) {
    let mut command = Command::new(LAB);
    command
        .args(["up", "--env-file"])
        .arg(env_file)
        .env("TMPDIR", temporary);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    Waiter::default()
        .until("the environment file", Duration::from_secs(180), || {
            assert!(
                running.0.try_wait().unwrap().is_none(),
                "arkgrpc-lab ended by itself"
            );
            if env_file.exists() {
                Ok(())
            } else {
                Err(LabError::NotYet("no file".into()))
            }
        })
        .unwrap();
    (running, lab_directory(temporary).expect("a lab directory"))
}

fn lab_directory(temporary: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(temporary)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.find(|path| path.to_string_lossy().contains("arkgrpc-lab-"))
}

#[test]
fn a_program_gets_the_environment_and_its_exit_code_is_passed_on() {
    if !daemons_are_built() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let env_file = temporary.path().join("lab.env");
    let script = "test \"$LND_PORT\" = \"$ALICE_LND_PORT\" && test -f \"$LND_MACAROON\" \
                  && test -f \"$BOB_LND_TLS_CERT\" \
                  && grep -q \"^BOB_LND_PORT=$BOB_LND_PORT$\" \"$0\" \
                  && exit 7";
    let output = Command::new(LAB)
        .args(["up", "--env-file"])
        .arg(&env_file)
        .args(["--", "/bin/sh", "-c", script])
        .arg(&env_file)
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{errors}");
    assert!(errors.contains("paid back"), "{errors}");
    assert!(
        output.stdout.is_empty(),
        "standard output belongs to the program"
    );
    assert!(!env_file.exists());
    assert_eq!(lab_directory(temporary.path()), None);
}

#[test]
fn sigterm_ends_in_order_and_sigkill_leaves_no_daemons() {
    if !daemons_are_built() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let env_file = temporary.path().join("lab.env");
    let (killed, abandoned) = up(temporary.path(), &env_file);
    let pids = daemon_pids(&abandoned);
    assert_eq!(pids.len(), 3);
    killed.signal(Signal::SIGKILL);
    wait_until_gone(&pids);
    drop(killed);
    assert!(abandoned.exists(), "nobody was left to remove it");
    fs::remove_file(&env_file).unwrap();

    let (mut ended, directory) = {
        let (running, _) = up(temporary.path(), &env_file);
        assert!(
            !abandoned.exists(),
            "the next lab clears what a killed one left"
        );
        (running, lab_directory(temporary.path()).unwrap())
    };
    let pids = daemon_pids(&directory);
    ended.signal(Signal::SIGTERM);
    assert_eq!(ended.0.wait().unwrap().code(), Some(0));
    wait_until_gone(&pids);
    assert!(!directory.exists() && !env_file.exists());
    let stdout = ended.0.stdout.take().unwrap();
    let summary: Value = serde_json::from_reader(stdout).unwrap();
    assert!(summary["environment"]["LND_HOST"].is_string(), "{summary}");
    assert!(
        summary["timeline"].as_array().unwrap().len() > 5,
        "{summary}"
    );
}

#[test]
fn a_signal_during_the_start_ends_it() {
    if !daemons_are_built() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new(LAB);
    command
        .arg("up")
        .env("TMPDIR", temporary.path())
        .stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let pids = Waiter::default()
        .until("the first daemon", Duration::from_secs(60), || {
            let pids = lab_directory(temporary.path()).map(|path| daemon_pids(&path));
            pids.filter(|pids| !pids.is_empty() && !pids.contains(&String::new()))
                .ok_or_else(|| LabError::NotYet("none".into()))
        })
        .unwrap();
    running.signal(Signal::SIGTERM);
    assert_eq!(running.0.wait().unwrap().code(), Some(1));
    let text = std::io::read_to_string(running.0.stderr.take().unwrap()).unwrap();
    assert!(text.contains("interrupted"), "{text}");
    wait_until_gone(&pids);
    assert_eq!(lab_directory(temporary.path()), None);
}

#[test]
fn without_go_the_build_is_skipped_aloud() {
    let nowhere = tempfile::tempdir().unwrap();
    let build = |require: &str| {
        let mut command = Command::new(LAB);
        command
            .arg("build")
            .env("PATH", nowhere.path())
            .env("ARKGRPC_REQUIRE", require);
        command.output().unwrap()
    };
    let output = build("python");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("SKIP: ") && text.lines().count() == 1,
        "{text}"
    );
    assert_eq!(build("go,python").status.code(), Some(1));
}
