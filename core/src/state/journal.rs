//! The journal: one entry for each operation, claimed by one call at a time, in whatever process it runs.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use rustix::fs::{FlockOperation, flock};

use super::directory::StateDirectory;
use super::disk::{read, replace};
use super::record::Record;
use super::sealed_text::{Unsealed, seal, unseal};
use crate::error::{Error, Status};

const ROOM: &str = "operations";
const KIND: &str = "arkgrpc-operation";

/// An entry that belongs to this call alone until it is dropped.
pub(crate) struct Claim {
    entry: Entry,
    lock: File,
    /// What stands in the file.
    record: Option<Record>,
    /// What stood there before an announcement that nothing followed yet.
    announced_over: Option<Option<Record>>,
}

/// Where an operation is written down.
pub(crate) struct Entry {
    directory: StateDirectory,
    file: PathBuf,
}

/// Why an entry could not be claimed, and whether an earlier try may stand in it.
pub(crate) struct Unclaimed {
    pub(crate) error: Error,
    pub(crate) may_hold_a_try: bool,
}

impl Entry {
    /// Makes nothing and waits for nothing.
    pub(crate) fn of(directory: &StateDirectory, operation_id: &str) -> Self {
        // Ids differ in case alone, or are `..`: their hashes are names for any file system.
        let name = hex::encode(digest(&SHA256, operation_id.as_bytes()));
        Self {
            file: directory.file(ROOM).join(name),
            directory: directory.clone(),
        }
    }

    /// What is written there now. Needs no lock: files are replaced as a whole.
    pub(crate) fn read(&self) -> Result<Option<Record>, Error> {
        self.directory.check()?;
        let text = match read(&self.file) {
            Ok(text) => text,
            // What is not even text was not written by us.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(self.unreadable(Unsealed::Damaged));
            }
            Err(error) => return Err(self.directory.unusable(&error)),
        };
        let Some(text) = text else { return Ok(None) };
        let content = unseal(KIND, &text).map_err(|fault| self.unreadable(fault))?;
        serde_json::from_str(content)
            .map(Some)
            .map_err(|_| self.unreadable(Unsealed::Damaged))
    }

    fn unreadable(&self, fault: Unsealed) -> Error {
        self.directory
            .unreadable("the journal entry", &self.file, fault)
    }

    /// Takes the entry for this call, and reads it.
    pub(crate) fn claim(self) -> Result<Claim, Unclaimed> {
        let lock = match self.lock() {
            Ok(lock) => lock,
            Err(error) => return Err(self.unclaimed(error)),
        };
        match self.read() {
            Ok(record) => Ok(Claim {
                entry: self,
                lock,
                record,
                announced_over: None,
            }),
            Err(error) => Err(self.unclaimed(error)),
        }
    }

    /// Only a directory that is there and holds no such entry proves that there was no try.
    fn unclaimed(&self, error: Error) -> Unclaimed {
        let absent = matches!(self.read(), Ok(None)) && error.status() != Status::OperationBusy;
        Unclaimed {
            error,
            may_hold_a_try: !absent,
        }
    }

    fn lock(&self) -> Result<File, Error> {
        self.directory.room(ROOM)?;
        let path = self.file.with_extension("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options
            .mode(0o600)
            .open(&path)
            .map_err(|error| self.directory.unusable(&error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::local(
                Status::OperationBusy,
                "another call or process is at work on this operation_id; nothing was sent by this one",
                "wait for the other call to end, or ask lookup_operation",
            )),
            Err(error) => Err(self.directory.unusable(&error.into())),
        }
    }

    fn spare(&self) -> PathBuf {
        self.file.with_extension("new")
    }
}

impl Claim {
    pub(crate) fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Writes down what is about to be sent. Until [`Claim::follow_up`] it is taken back when the claim
    /// is dropped: the call ended before it could send anything.
    pub(crate) fn announce(&mut self, record: Record) -> Result<(), Error> {
        let before = self.record.clone();
        self.announced_over = Some(before);
        self.store(record)
    }

    /// From here on something may be sent.
    pub(crate) fn follow_up(&mut self) {
        self.announced_over = None;
    }

    /// Writes down what became of it.
    pub(crate) fn store(&mut self, record: Record) -> Result<(), Error> {
        let directory = &self.entry.directory;
        let content = serde_json::to_string(&record).map_err(io::Error::from);
        content
            .and_then(|content| {
                let text = seal(KIND, &content);
                let (file, spare) = (&self.entry.file, self.entry.spare());
                replace(&*directory.disk, file, &spare, text.as_bytes())
            })
            .map_err(|error| directory.unusable(&error))?;
        self.record = Some(record);
        Ok(())
    }

    fn take_back(&mut self) {
        let Some(before) = self.announced_over.take() else {
            return;
        };
        let taken_back = match before {
            Some(before) => self.store(before),
            None => remove(&self.entry.file).map_err(|error| self.entry.directory.unusable(&error)),
        };
        if let Err(error) = taken_back {
            // The entry then says more than happened, never less.
            tracing::warn!(target: "arkgrpc::journal", %error, "an announced write stays in the journal");
        }
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.take_back();
        // Said aloud, since a forked child keeps the open file, and the lock with it. A failure leaves
        // the lock to the closing of the file.
        let _ = flock(&self.lock, FlockOperation::Unlock);
    }
}
