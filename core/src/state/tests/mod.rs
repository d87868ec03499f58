//! The state directory under everything that a disk and other processes can do to it.

mod entries;
mod faults;
mod secret;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::directory::StateDirectory;
use super::disk::{Disk, RealDisk};
use super::journal::{Claim, Entry};
use super::record::{Progress, Record};
use crate::error::Error;

pub(super) fn directory() -> (tempfile::TempDir, StateDirectory) {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDirectory::open(folder.path().to_owned()).unwrap();
    (folder, state)
}

pub(super) fn record(id: &str) -> Record {
    Record {
        operation_id: id.to_owned(),
        service: "lnd".into(),
        method: "open_channel".into(),
        node: "02ab".into(),
        network: "regtest".into(),
        parameters: "cd".repeat(32),
        inputs: vec![],
        created: 1_790_000_000,
        attempted: 1_790_000_000,
        height: 446,
        progress: Progress::Sending,
        outcome: None,
    }
}

pub(super) fn claim(state: &StateDirectory, id: &str) -> Claim {
    let claimed = Entry::of(state, id).claim();
    claimed.map_err(|unclaimed| unclaimed.error).unwrap()
}

/// The error of a claim, and whether it leaves an earlier try possible.
pub(super) fn refused(state: &StateDirectory, id: &str) -> (Error, bool) {
    let unclaimed = Entry::of(state, id).claim().err().unwrap();
    (unclaimed.error, unclaimed.may_hold_a_try)
}

pub(super) fn announced(state: &StateDirectory, id: &str) {
    let mut claim = claim(state, id);
    claim.announce(record(id)).unwrap();
    claim.follow_up();
}

pub(super) fn entry_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder.join("operations")).unwrap();
    files
        .find_map(|entry| Some(entry.unwrap().path()).filter(|path| path.extension().is_none()))
        .expect("no entry")
}

/// A disk on which one step fails.
pub(super) struct Failing {
    pub(super) step: &'static str,
    pub(super) error: fn() -> io::Error,
}

impl Failing {
    fn at(&self, step: &str) -> io::Result<()> {
        match step == self.step {
            true => Err((self.error)()),
            false => Ok(()),
        }
    }
}

impl Disk for Failing {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        if let Err(error) = self.at("write") {
            // A full disk takes a part of it.
            RealDisk.write(path, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        RealDisk.write(path, bytes)
    }
    fn sync_file(&self, file: &File) -> io::Result<()> {
        self.at("sync_file").and_then(|()| RealDisk.sync_file(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.at("rename").and_then(|()| RealDisk.rename(from, to))
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.at("sync_directory")
            .and_then(|()| RealDisk.sync_directory(path))
    }
}

pub(super) fn no_space() -> io::Error {
    rustix::io::Errno::NOSPC.into()
}

pub(super) fn broken() -> io::Error {
    rustix::io::Errno::IO.into()
}

pub(super) fn failing(
    folder: &Path,
    step: &'static str,
    error: fn() -> io::Error,
) -> StateDirectory {
    StateDirectory::with_disk(folder.to_owned(), Arc::new(Failing { step, error })).unwrap()
}
