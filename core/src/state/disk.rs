//! The steps that may fail on a disk, behind a small seam: tests let each of them fail.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// For the owner alone.
const FILE_MODE: u32 = 0o600;
/// Nothing of ours is longer.
const LONGEST: u64 = 1024 * 1024;

/// What replacing a file is made of.
pub(super) trait Disk: Send + Sync {
    /// Makes the file and fills it.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File>;
    /// Returns once the file is on the disk.
    fn sync_file(&self, file: &File) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Returns once the names in the directory are on the disk.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The one of the operating system.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = options.mode(FILE_MODE).open(path)?;
        // A file that was there already keeps its mode otherwise.
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        file.write_all(bytes)?;
        Ok(file)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Puts a file in the place of the one at `path`, or leaves that one alone. When it returns without an
/// error the new one survives a loss of power. `spare` is a name beside it that nobody else uses now.
pub(super) fn replace(disk: &dyn Disk, path: &Path, spare: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = disk
        .write(spare, bytes)
        .and_then(|file| disk.sync_file(&file))
        .and_then(|()| disk.rename(spare, path));
    if written.is_err() {
        // What matters is the first error; a spare file that stays is written over next time.
        let _ = std::fs::remove_file(spare);
        return written;
    }
    disk.sync_directory(path.parent().unwrap_or(path))
}

/// The file's text; `None` when there is no such file.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}
