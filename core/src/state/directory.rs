//! The directory itself: where it is, whether it may be trusted, and what to say when it cannot be used.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, RealDisk};
use super::sealed_text::Unsealed;
use crate::error::{Error, Status};

/// Group and others must not be able to put files there.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The state directory of a manager. Every step looks at the disk anew: other processes work there too.
#[derive(Clone)]
pub(crate) struct StateDirectory {
    path: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
}

impl StateDirectory {
    /// The directory must exist. It is never made: a volume that is not mounted must not look like a
    /// place where nothing has happened yet.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        Self::with_disk(path, Arc::new(RealDisk))
    }

    pub(super) fn with_disk(path: PathBuf, disk: Arc<dyn Disk>) -> Result<Self, Error> {
        let directory = Self { path, disk };
        directory.check()?;
        Ok(directory)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let found = std::fs::metadata(&self.path).map_err(|error| self.unusable(&error))?;
        let refused = |wrong: &str, hint: &str| {
            Err(Error::local(
                Status::StateDirectory,
                format!("the state directory {} {wrong}", self.path.display()),
                hint.to_owned(),
            ))
        };
        if !found.is_dir() {
            return refused("is not a directory", "set state_dir to a directory");
        }
        if writable_by_others(&found) {
            return refused(
                "may be written to by other users",
                "make it private to the user of this process: chmod 700",
            );
        }
        Ok(())
    }

    /// A file of the directory.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A room within the directory, made if need be.
    pub(super) fn room(&self, name: &str) -> Result<PathBuf, Error> {
        self.check()?;
        let room = self.path.join(name);
        match DirBuilder::new().mode(0o700).create(&room) {
            Ok(()) => {
                // The room's name must survive a loss of power like what will be in it.
                self.disk
                    .sync_directory(&self.path)
                    .map_err(|error| self.unusable(&error))?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(self.unusable(&error)),
        }
        Ok(room)
    }

    /// What a failed step of the disk means for a caller.
    pub(super) fn unusable(&self, error: &io::Error) -> Error {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => {
                "make the directory that state_dir names, or mount it: the library never makes it"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "let the user of this process write to state_dir"
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free space on the disk of state_dir, then call again"
            }
            _ => "check the disk of state_dir; nothing is sent while it cannot keep an entry",
        };
        Error::local(
            Status::StateDirectory,
            format!(
                "the state directory {} cannot be used: {error}; nothing was sent",
                self.path.display()
            ),
            hint,
        )
    }

    /// What a file that cannot be read means for a caller.
    pub(super) fn unreadable(&self, what: &str, file: &Path, fault: Unsealed) -> Error {
        let place = file.display();
        match fault {
            Unsealed::Damaged => Error::local(
                Status::StateDamaged,
                format!("{what} {place} is cut or was altered; nothing was sent"),
                "restore it from a backup; remove it only when lnd's own books show what became of \
                 the operation",
            ),
            Unsealed::Newer => Error::local(
                Status::StateNewer,
                format!(
                    "{what} {place} was written by a newer version of the library; nothing was sent"
                ),
                "use that version of the library, or one that is newer still",
            ),
        }
    }
}

fn writable_by_others(found: &Metadata) -> bool {
    found.mode() & WRITABLE_BY_OTHERS != 0
}
