//! Processes of a measurement: run to their end within a limit, or kept until they are dropped.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::credentials::Credentials;

/// Runs a command that is expected to succeed, and gives what it printed.
pub fn output(command: &mut Command, limit: Duration) -> Result<String> {
    let name = format!("{}", command.get_program().display());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let mut stdout = child
        .stdout
        .take()
        .with_context(|| format!("{name} has no output"))?;
    let (sender, receiver) = mpsc::channel();
    // A thread of its own that sleeps until the end: polling would disturb what is measured.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let outcome = stdout.read_to_string(&mut text).map(|_| text);
        // Nobody waits any more when the limit has passed.
        sender.send(outcome).ok();
    });
    let printed = receiver.recv_timeout(limit);
    if printed.is_err() {
        child
            .kill()
            .with_context(|| format!("cannot stop {name}"))?;
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {name}"))?;
    reader
        .join()
        .map_err(|_| anyhow!("the reader of {name} panicked"))?;
    match printed {
        Err(_) => bail!("{name} did not finish within {} s", limit.as_secs()),
        Ok(printed) => {
            ensure!(status.success(), "{name} ended with {status}");
            printed.with_context(|| format!("cannot read what {name} printed"))
        }
    }
}

/// The daemon; ends with this value.
pub struct Daemon {
    child: Child,
    pub port: u16,
}

impl Daemon {
    pub fn start(credentials: &Credentials, core: Option<usize>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("daemon")
            .arg("--credentials")
            .arg(credentials.directory());
        if let Some(core) = core {
            command.arg("--core").arg(core.to_string());
        }
        // Its standard input stays open as long as this process lives.
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the daemon")?;
        let mut daemon = Self { child, port: 0 };
        let stdout = daemon
            .child
            .stdout
            .as_mut()
            .context("the daemon has no output")?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .context("the daemon's port")?;
        daemon.port = line.trim().parse().context("the daemon did not start")?;
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            eprintln!("arkgrpc-bench: the daemon could not be stopped: {error}");
        }
    }
}
