//! A daemon dies with a parent that had no chance to end it, through either launcher.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use arkgrpc_lab::orphan_guard::{Launcher, SUPERVISE, find_program};
use arkgrpc_lab::{LabError, Waiter};

const LAB: &str = env!("CARGO_BIN_EXE_arkgrpc-lab");

/// A shell that starts `command` in the background, says its process id and waits.
fn parent(script: &str, arguments: &[&str]) -> (Child, String) {
    let script = format!("{script} & echo $!; read line");
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", &script])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut pid = String::new();
    BufReader::new(shell.stdout.take().unwrap())
        .read_line(&mut pid)
        .unwrap();
    (shell, pid.trim().to_owned())
}

fn wait_for(what: &str, pid: &str, wanted: impl Fn(Option<&str>) -> bool) {
    Waiter::default()
        .until(what, Duration::from_secs(10), || {
            let running = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            let program = running.ok().filter(|line| !line.is_empty());
            match wanted(program.as_deref()) {
                true => Ok(()),
                false => Err(LabError::NotYet(format!("{program:?}"))),
            }
        })
        .unwrap();
}

fn dies_with_its_parent((mut shell, pid): (Child, String)) {
    let is_sleep = |line: Option<&str>| line.is_some_and(|line| line.starts_with("sleep"));
    wait_for("the launcher becoming the daemon", &pid, is_sleep);
    shell.kill().unwrap();
    shell.wait().unwrap();
    wait_for("the daemon's death", &pid, |line| line.is_none());
}

#[test]
fn with_the_own_binary() {
    dies_with_its_parent(parent(&format!("\"$0\" {SUPERVISE} $$ sleep 60"), &[LAB]));
}

#[test]
fn with_setpriv() {
    let Some(setpriv) = find_program("setpriv") else {
        // Not through eprintln!, which the test harness hides when the test passes.
        std::io::stderr()
            .write_all(b"SKIP: there is no setpriv\n")
            .unwrap();
        return;
    };
    let command = Launcher::Setpriv(setpriv).command(Path::new("sleep"));
    let mut words = vec![command.get_program().to_str().unwrap()];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_str().unwrap()),
    );
    dies_with_its_parent(parent("\"$0\" \"$@\" 60", &words));
}

#[test]
fn a_launcher_whose_parent_died_first_starts_nothing() {
    let mut command = Command::new(LAB);
    let output = command
        .args([SUPERVISE, "1", "/bin/echo", "started"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("parent process is gone"));
}
