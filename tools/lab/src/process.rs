//! One daemon process, whichever daemon it is: start, graceful stop, SIGKILL, pause, and its last
//! words when it dies.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;

use crate::error::{LabError, Result};
use crate::orphan_guard::{self, Launcher};
use crate::waiter::Waiter;

/// tapd-integrated needs about 5 s, lnd less than one.
const GRACE: Duration = Duration::from_secs(15);
const LAST_WORDS: usize = 4096;

/// What the lab can do with each of its daemons, whichever it is.
pub trait Daemon {
    fn process(&self) -> &DaemonProcess;

    /// Starts the process and waits until it is of use.
    fn start(&self) -> Result<()>;
}

/// Ends its process when dropped.
#[derive(Debug)]
pub struct DaemonProcess {
    name: String,
    program: PathBuf,
    log: PathBuf,
    pid_file: PathBuf,
    grace: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    arguments: Vec<String>,
    child: Option<Child>,
    log_start: u64,
    paused: bool,
}

impl DaemonProcess {
    /// Output goes to `<directory>/<name>.log`, the process id to `<directory>/<name>.pid`.
    pub fn new(name: &str, program: &Path, directory: &Path, arguments: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            log: directory.join(format!("{name}.log")),
            pid_file: directory.join(format!("{name}.pid")),
            grace: GRACE,
            state: Mutex::new(State {
                arguments,
                ..State::default()
            }),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes effect at the next start.
    pub fn set_arguments(&self, arguments: Vec<String>) {
        self.state.lock().arguments = arguments;
    }

    pub fn start(&self) -> Result<()> {
        let mut state = self.state.lock();
        if let Some(child) = &mut state.child {
            let status = child
                .try_wait()
                .map_err(LabError::io("looking at a child process"))?;
            if status.is_none() {
                return Err(LabError::wrong_state(&self.name, "is already running"));
            }
        }
        let opening = || LabError::io(format!("opening {}", self.log.display()));
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(opening())?;
        state.log_start = log.metadata().map_err(opening())?.len();
        let mut command = Launcher::find().command(&self.program);
        command.args(&state.arguments).stdin(Stdio::null());
        command
            .stdout(log.try_clone().map_err(opening())?)
            .stderr(log);
        // A Ctrl-C at the terminal must reach the lab alone, which then ends its daemons in order.
        command.process_group(0);
        let starting = LabError::io(format!("starting {}", self.program.display()));
        let child = orphan_guard::spawn(command).map_err(starting)?;
        let noting = LabError::io(format!("writing {}", self.pid_file.display()));
        let noted = fs::write(&self.pid_file, child.id().to_string()).map_err(noting);
        state.child = Some(child);
        state.paused = false;
        noted
    }

    /// An error with the daemon's last words unless it runs.
    pub fn check_running(&self) -> Result<()> {
        let mut state = self.state.lock();
        let log_start = state.log_start;
        let child = self.running(&mut state)?;
        match child
            .try_wait()
            .map_err(LabError::io("looking at a child process"))?
        {
            None => Ok(()),
            Some(status) => Err(self.exited(status, log_start)),
        }
    }

    /// SIGTERM, and SIGKILL when that does not end it in time. `Ok` also when it had to be killed.
    pub fn stop(&self, waiter: &Waiter) -> Result<()> {
        let mut state = self.state.lock();
        self.running(&mut state)?;
        self.signal(&mut state, Signal::SIGCONT)?;
        self.signal(&mut state, Signal::SIGTERM)?;
        let child = self.running(&mut state)?;
        let ended = waiter.until("the end after SIGTERM", self.grace, || {
            match child
                .try_wait()
                .map_err(LabError::io("waiting for a child process"))?
            {
                Some(_) => Ok(()),
                None => Err(LabError::NotYet("still running".into())),
            }
        });
        match ended {
            Ok(()) | Err(LabError::Timeout { .. }) => self.end(&mut state),
            Err(error) => Err(error),
        }
    }

    pub fn kill(&self) -> Result<()> {
        let mut state = self.state.lock();
        self.running(&mut state)?;
        self.end(&mut state)
    }

    /// SIGSTOP: the daemon keeps its sockets open and answers nothing.
    pub fn pause(&self) -> Result<()> {
        let mut state = self.state.lock();
        self.signal(&mut state, Signal::SIGSTOP)?;
        state.paused = true;
        Ok(())
    }

    pub fn resume(&self) -> Result<()> {
        let mut state = self.state.lock();
        self.signal(&mut state, Signal::SIGCONT)?;
        state.paused = false;
        Ok(())
    }

    /// Whether it was started, and neither ended, nor stopped, nor paused since.
    pub fn is_responsive(&self) -> bool {
        self.check_running().is_ok() && !self.state.lock().paused
    }

    fn running<'a>(&self, state: &'a mut State) -> Result<&'a mut Child> {
        state
            .child
            .as_mut()
            .ok_or_else(|| LabError::wrong_state(&self.name, "is not running"))
    }

    fn signal(&self, state: &mut State, signal: Signal) -> Result<()> {
        let log_start = state.log_start;
        let child = self.running(state)?;
        // Once reaped, the process id may belong to somebody else.
        let looking = LabError::io("looking at a child process");
        if let Some(status) = child.try_wait().map_err(looking)? {
            return Err(self.exited(status, log_start));
        }
        let pid = Pid::from_raw(child.id().cast_signed());
        let sending = LabError::io(format!("sending {signal} to {}", self.name));
        kill(pid, signal).map_err(|errno| sending(errno.into()))
    }

    fn end(&self, state: &mut State) -> Result<()> {
        if let Some(mut child) = state.child.take() {
            let ending = || LabError::io(format!("ending {}", self.name));
            child.kill().map_err(ending())?;
            child.wait().map_err(ending())?;
        }
        state.paused = false;
        match fs::remove_file(&self.pid_file) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(LabError::io(format!(
                "removing {}",
                self.pid_file.display()
            ))(error)),
            _ => Ok(()),
        }
    }

    fn exited(&self, status: ExitStatus, log_start: u64) -> LabError {
        let log = self.last_words(log_start);
        let name = self.name.clone();
        if log.contains("address already in use") {
            LabError::PortTaken { name, log }
        } else {
            LabError::DaemonExited {
                name,
                status: status.to_string(),
                log,
            }
        }
    }

    fn last_words(&self, log_start: u64) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(&self.log)?;
            file.seek(SeekFrom::Start(log_start))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let tail = bytes.split_off(bytes.len().saturating_sub(LAST_WORDS));
            Ok(String::from_utf8_lossy(&tail).into_owned())
        };
        read().unwrap_or_else(|error| format!("(log unreadable: {error})"))
    }
}

impl Drop for DaemonProcess {
    /// Straight SIGKILL: the data goes with the lab, and a paused daemon would not hear SIGTERM.
    fn drop(&mut self) {
        let mut state = self.state.lock();
        if state.child.is_some()
            && let Err(error) = self.end(&mut state)
        {
            eprintln!("lab: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(directory: &Path, script: &str) -> DaemonProcess {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        DaemonProcess::new("daemon", Path::new("/bin/sh"), directory, arguments)
    }

    fn wait_for_exit(process: &DaemonProcess) -> LabError {
        Waiter::default()
            .until::<()>("the exit", Duration::from_secs(10), || {
                process.check_running()?;
                Err(LabError::NotYet("running".into()))
            })
            .unwrap_err()
    }

    fn process_state(pid: &str) -> Option<char> {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        status.rsplit(')').next()?.trim().chars().next()
    }

    #[test]
    fn a_daemon_that_dies_is_reported_with_its_last_words() {
        let directory = tempfile::tempdir().unwrap();
        let process = shell(directory.path(), "echo no wallet here >&2; exit 3");
        process.start().unwrap();
        match wait_for_exit(&process) {
            LabError::DaemonExited { status, log, .. } => {
                assert_eq!(status, "exit status: 3");
                assert_eq!(log, "no wallet here\n");
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_taken_port_is_told_apart_and_old_logs_do_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let process = shell(
            directory.path(),
            "echo bind: address already in use; exit 1",
        );
        process.start().unwrap();
        assert!(matches!(
            wait_for_exit(&process),
            LabError::PortTaken { .. }
        ));
        process.set_arguments(vec!["-c".into(), "echo second run; exit 1".into()]);
        process.start().unwrap();
        assert!(matches!(
            wait_for_exit(&process),
            LabError::DaemonExited { .. }
        ));
    }

    #[test]
    fn stop_is_graceful_and_restartable() {
        let directory = tempfile::tempdir().unwrap();
        let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do read x <&9; done";
        let fifo = directory.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let script = format!("exec 9<>'{}'; {script}", fifo.display());
        let process = shell(directory.path(), &script);
        let log = directory.path().join("daemon.log");
        for round in 1..=2 {
            process.start().unwrap();
            let ready = || match fs::read_to_string(&log).unwrap().matches("ready").count() {
                count if count == round => Ok(()),
                count => Err(LabError::NotYet(count.to_string())),
            };
            Waiter::default()
                .until("ready", Duration::from_secs(10), ready)
                .unwrap();
            process.stop(&Waiter::default()).unwrap();
            assert_eq!(
                fs::read_to_string(&log).unwrap().matches("bye").count(),
                round
            );
        }
        assert!(
            process.stop(&Waiter::default()).is_err(),
            "stopping what does not run"
        );
    }

    #[test]
    fn pause_and_resume_stop_and_continue_the_process() {
        let directory = tempfile::tempdir().unwrap();
        let process = shell(directory.path(), "exec sleep 1000");
        process.start().unwrap();
        assert!(
            process.start().is_err(),
            "a second start of a running daemon"
        );
        let pid = fs::read_to_string(directory.path().join("daemon.pid")).unwrap();
        let reaches = |wanted: char| {
            let look = || match process_state(&pid) {
                Some(state) if state == wanted => Ok(()),
                state => Err(LabError::NotYet(format!("{state:?}"))),
            };
            Waiter::default()
                .until("the state", Duration::from_secs(10), look)
                .unwrap();
        };
        process.pause().unwrap();
        assert!(!process.is_responsive());
        reaches('T');
        process.resume().unwrap();
        reaches('S');
        assert!(process.is_responsive());
        process.pause().unwrap();
        drop(process);
        assert_eq!(
            process_state(&pid),
            None,
            "the paused process survived the drop"
        );
    }

    #[test]
    fn a_daemon_deaf_to_sigterm_is_killed_after_the_grace() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = shell(directory.path(), "trap '' TERM; exec sleep 1000");
        process.grace = Duration::from_millis(300);
        process.start().unwrap();
        let pid = fs::read_to_string(directory.path().join("daemon.pid")).unwrap();
        let ignoring = || {
            let status = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if status.starts_with("sleep") {
                Ok(())
            } else {
                Err(LabError::NotYet(status))
            }
        };
        Waiter::default()
            .until("sleep", Duration::from_secs(10), ignoring)
            .unwrap();
        let start = Instant::now();
        process.stop(&Waiter::default()).unwrap();
        assert!(start.elapsed() >= process.grace);
        assert_eq!(process_state(&pid), None);
    }
}
