//! A player: a program that holds the C library and does what it is told by lines on its standard input.
//!
//! Everything that scenarios ask of the library goes through such a process, hence through the C ABI, and
//! the process can be killed at any moment.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use parking_lot::Mutex;
use serde_json::Value;

/// One answer of the library.
#[derive(Clone, Debug)]
pub struct Reply {
    pub number: i64,
    pub status: String,
    pub json: Value,
}

/// What a call may carry beside method and parameters.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub timeout_ms: Option<u64>,
    pub flags: Option<u64>,
    pub operation_id: Option<String>,
}

/// An answer that is still to come.
#[derive(Debug)]
pub struct Pending {
    id: u64,
    what: String,
    receiver: Receiver<Reply>,
    waiting: Waiting,
}

impl Pending {
    /// By which the player knows the request.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether `wait` would return at once, because of an answer or because the player is gone.
    pub fn is_answered(&self) -> bool {
        !self.waiting.lock().contains_key(&self.id)
    }

    /// Waits; an error means that the player ended or is late, never that the library refused.
    pub fn wait(&self, limit: Duration) -> Result<Reply> {
        match self.receiver.recv_timeout(limit) {
            Ok(reply) => Ok(reply),
            Err(RecvTimeoutError::Timeout) => bail!("{} gave no answer in {limit:?}", self.what),
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the player ended before it answered {}", self.what)
            }
        }
    }
}

fn or_absent(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn object(params: &Value) -> String {
    match params.is_null() {
        true => "{}".to_owned(),
        false => params.to_string(),
    }
}

type Waiting = Arc<Mutex<HashMap<u64, Sender<Reply>>>>;

pub struct Player {
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    waiting: Waiting,
    next_id: AtomicU64,
    readers: Vec<JoinHandle<()>>,
    stray: Arc<Mutex<String>>,
}

impl Player {
    pub fn spawn(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting the player {}", program.display()))?;
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(mut errors)) = (input, output, errors) else {
            bail!("the player has no pipes");
        };
        let waiting = Waiting::default();
        let stray = Arc::new(Mutex::new(String::new()));
        let (their_waiting, output_stray) = (waiting.clone(), stray.clone());
        let error_stray = stray.clone();
        let readers = vec![
            thread::spawn(move || read_replies(output, &their_waiting, &output_stray)),
            thread::spawn(move || {
                let mut bytes = Vec::new();
                // What was read before a read error counts all the same.
                let _ = errors.read_to_end(&mut bytes);
                error_stray
                    .lock()
                    .push_str(&String::from_utf8_lossy(&bytes));
            }),
        ];
        let (child, input) = (Mutex::new(child), Mutex::new(input));
        Ok(Self {
            child,
            input,
            waiting,
            next_id: AtomicU64::new(1),
            readers,
            stray,
        })
    }

    pub fn open(&self, config: &Value) -> Result<Pending> {
        self.send("open", &[&config.to_string()])
    }

    pub fn call(
        &self,
        service: &str,
        method: &str,
        params: &Value,
        options: &CallOptions,
    ) -> Result<Pending> {
        self.call_text(service, method, &object(params), options)
    }

    /// The same with parameters in any text, which need not be JSON.
    pub fn call_text(
        &self,
        service: &str,
        method: &str,
        params: &str,
        options: &CallOptions,
    ) -> Result<Pending> {
        let operation_id = options.operation_id.as_deref().unwrap_or("-");
        let (timeout, flags) = (or_absent(options.timeout_ms), or_absent(options.flags));
        self.send(
            "call",
            &[service, method, &timeout, &flags, operation_id, params],
        )
    }

    pub fn cancel(&self, call: &Pending) -> Result<Pending> {
        self.send("cancel", &[&call.id.to_string()])
    }

    /// Opens a stream; the answer says whether its parameters are right.
    pub fn stream(
        &self,
        service: &str,
        name: &str,
        params: &Value,
        options: &CallOptions,
    ) -> Result<Pending> {
        let (timeout, flags) = (or_absent(options.timeout_ms), or_absent(options.flags));
        let params = object(params);
        self.send("stream", &[service, name, &timeout, &flags, &params])
    }

    /// The next message of a stream.
    pub fn next(&self, stream: u64, timeout_ms: u64) -> Result<Pending> {
        self.send("next", &[&stream.to_string(), &timeout_ms.to_string()])
    }

    /// Ends a stream that is open.
    pub fn end_stream(&self, stream: u64) -> Result<Pending> {
        self.send("end_stream", &[&stream.to_string()])
    }

    /// Triggers the token of a stream.
    pub fn cancel_stream(&self, stream: u64) -> Result<Pending> {
        self.send("cancel", &[&stream.to_string()])
    }

    /// Closes the manager.
    pub fn close(&self, timeout_ms: u64) -> Result<Pending> {
        self.send("close", &[&timeout_ms.to_string()])
    }

    pub fn methods(&self) -> Result<Pending> {
        self.send("methods", &[])
    }

    fn send(&self, verb: &str, fields: &[&str]) -> Result<Pending> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = channel();
        self.waiting.lock().insert(id, sender);
        let mut line = format!("{verb}\t{id}");
        for field in fields {
            let breaks = |byte: &u8| field.as_bytes().contains(byte);
            ensure!(
                !breaks(&b'\t') && !breaks(&b'\n'),
                "{field} would break the line"
            );
            line.push('\t');
            line.push_str(field);
        }
        line.push('\n');
        self.input
            .lock()
            .write_all(line.as_bytes())
            .context("the player reads no more")?;
        let shown = [verb]
            .iter()
            .chain(fields.iter().take(2))
            .copied()
            .collect::<Vec<_>>();
        Ok(Pending {
            id,
            what: shown.join(" "),
            receiver,
            waiting: self.waiting.clone(),
        })
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(&self) -> Result<()> {
        let mut child = self.child.lock();
        child.kill().context("killing the player")?;
        child.wait().context("waiting for the killed player")?;
        Ok(())
    }

    /// Asks it to end and gives what it wrote outside of the protocol: the library must be silent.
    pub fn finish(mut self, limit: Duration) -> Result<String> {
        let quit = self.send("quit", &[])?.wait(limit);
        if quit.is_err() {
            self.kill()?;
        }
        let status = self.child.lock().wait().context("waiting for the player")?;
        for reader in self.readers.drain(..) {
            reader
                .join()
                .map_err(|_| anyhow!("a reader of the player panicked"))?;
        }
        let stray = self.stray.lock().clone();
        quit.with_context(|| format!("the player had to be killed; it wrote: {stray}"))?;
        ensure!(
            status.success(),
            "the player ended with {status}; it wrote: {stray}"
        );
        Ok(stray)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // Already gone is the usual case; nobody is left to hear of anything else.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn read_replies(output: impl Read, waiting: &Waiting, stray: &Mutex<String>) {
    for line in BufReader::new(output).lines() {
        let Ok(line) = line else { break };
        let reply = parse(&line).and_then(|(id, reply)| Some((waiting.lock().remove(&id)?, reply)));
        match reply {
            // Whoever asked may have given up; that is his business.
            Some((sender, reply)) => drop(sender.send(reply)),
            None => stray.lock().push_str(&format!("unexpected line: {line}\n")),
        }
    }
    // Dropping the senders tells everybody who waits.
    waiting.lock().clear();
}

fn parse(line: &str) -> Option<(u64, Reply)> {
    let mut fields = line.splitn(4, '\t');
    let id = fields.next()?.parse().ok()?;
    let number = fields.next()?.parse().ok()?;
    let status = fields.next()?.to_owned();
    let json = match fields.next().unwrap_or_default() {
        "" | "-" => Value::Null,
        text => serde_json::from_str(text).ok()?,
    };
    Some((
        id,
        Reply {
            number,
            status,
            json,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn script(directory: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = directory.path().join("player.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    const ECHO: &str = "while IFS='\t' read -r verb id rest; do \
        case $verb in quit) printf '%s\\t0\\tOK\\t{}\\n' \"$id\"; exit 0;; \
        call) printf '%s\\t305\\tNOT_FOUND\\t{\"code\":\"NOT_FOUND\"}\\n' \"$id\";; esac; done";
    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn an_answer_finds_its_call() {
        let directory = tempfile::tempdir().unwrap();
        let player = Player::spawn(&script(&directory, ECHO)).unwrap();
        let options = CallOptions::default();
        let reply = player
            .call("lnd", "get_info", &Value::Null, &options)
            .unwrap()
            .wait(LIMIT)
            .unwrap();
        assert_eq!((reply.number, reply.status.as_str()), (305, "NOT_FOUND"));
        assert_eq!(reply.json["code"], "NOT_FOUND");
        assert_eq!(player.finish(LIMIT).unwrap(), "");
    }

    #[test]
    fn death_and_chatter_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let text = format!("echo oops >&2; echo chatter; {ECHO}");
        let player = Player::spawn(&script(&directory, &text)).unwrap();
        let stray = player.finish(LIMIT).unwrap();
        assert!(
            stray.contains("oops") && stray.contains("chatter"),
            "{stray}"
        );

        let player = Player::spawn(&script(&directory, "read -r line; exec sleep 1000")).unwrap();
        let pending = player.open(&Value::Null).unwrap();
        player.kill().unwrap();
        let error = pending.wait(LIMIT).unwrap_err().to_string();
        assert!(error.contains("ended before"), "{error}");
    }
}
