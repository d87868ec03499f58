//! The directory of one lab: data, logs and process ids of its daemons. Removed with the lab; what
//! a killed lab left behind is cleared by the next one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::daemon_build::{cache_root, create_directory, lock_file};
use crate::error::{LabError, Result};
use crate::waiter::Waiter;

const PREFIX: &str = "arkgrpc-lab-";
/// Held by the owner of a lab directory as long as it lives.
const OWNER: &str = "owner";
const PID_SUFFIX: &str = "pid";

#[derive(Debug)]
pub struct LabDirectory {
    directory: TempDir,
    _owner: Option<Flock<File>>,
}

impl LabDirectory {
    /// With `keep` the directory stays when the lab ends.
    pub fn create(waiter: &Waiter, keep: bool) -> Result<Self> {
        let cache = cache_root()?;
        create_directory(&cache)?;
        // Between its creation and its owner's lock a new directory looks abandoned.
        let notice = "another lab is being set up: waiting for it";
        let _setup = lock_file(&cache.join("labs.lock"), waiter, notice)?;
        let parent = std::env::temp_dir();
        clear_abandoned(&parent)?;
        let creating = LabError::io("creating the lab's directory");
        let mut builder = tempfile::Builder::new();
        let directory = builder.prefix(PREFIX).rand_bytes(10).disable_cleanup(keep);
        let directory = directory.tempdir_in(parent).map_err(creating)?;
        // Without an owner file nobody clears a directory that is to be kept.
        let owner = if keep {
            None
        } else {
            Some(own(directory.path())?)
        };
        Ok(Self {
            directory,
            _owner: owner,
        })
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The random part of the directory's name: it tells this lab from all others.
    pub fn tag(&self) -> String {
        let name = self
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        name.trim_start_matches(PREFIX).to_lowercase()
    }
}

fn own(directory: &Path) -> Result<Flock<File>> {
    let owning = || LabError::io("locking the lab's owner file");
    let file = File::create(directory.join(OWNER)).map_err(owning())?;
    let locked = Flock::lock(file, FlockArg::LockExclusiveNonblock);
    locked.map_err(|(_, errno)| owning()(errno.into()))
}

/// Ends the daemons of, and removes, every lab directory whose owner is dead.
fn clear_abandoned(parent: &Path) -> Result<()> {
    let reading = || LabError::io(format!("reading {}", parent.display()));
    for entry in fs::read_dir(parent).map_err(reading())? {
        let path = entry.map_err(reading())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(PREFIX) {
            continue;
        }
        // No owner file: not ours to judge (kept on purpose, another user's, or just going away).
        let Ok(owner) = File::open(path.join(OWNER)) else {
            continue;
        };
        let Ok(_owner) = Flock::lock(owner, FlockArg::LockExclusiveNonblock) else {
            continue;
        };
        end_daemons(&path);
        if let Err(error) = fs::remove_dir_all(&path) {
            eprintln!(
                "lab: an abandoned lab cannot be removed: {}: {error}",
                path.display()
            );
        }
    }
    Ok(())
}

fn end_daemons(directory: &Path) {
    for file in pid_files(directory) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let Ok(pid) = text.trim().parse::<i32>() else {
            continue;
        };
        // The number may have been given to somebody else since; the lab's random directory on its
        // command line proves that it is the lab's daemon.
        let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command_line = String::from_utf8_lossy(&command_line);
        if command_line.contains(&*directory.to_string_lossy())
            && let Err(errno) = kill(Pid::from_raw(pid), Signal::SIGKILL)
        {
            eprintln!("lab: process {pid} of an abandoned lab cannot be ended: {errno}");
        }
    }
}

fn pid_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == PID_SUFFIX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::DaemonProcess;
    use std::time::Duration;

    /// A lab directory with one daemon, its path given on the daemon's command line or not.
    fn lab(parent: &Path, name: &str, mentioned: bool) -> (PathBuf, DaemonProcess) {
        let directory = parent.join(format!("{PREFIX}{name}"));
        fs::create_dir(&directory).unwrap();
        // One process without children: a shell's would outlive it.
        let followed = match mentioned {
            true => directory.join("lnd.log"),
            false => PathBuf::from("/dev/null"),
        };
        let arguments = vec!["-f".to_owned(), followed.display().to_string()];
        let process = DaemonProcess::new("lnd", Path::new("tail"), &directory, arguments);
        process.start().unwrap();
        // While a program is being replaced by the next one it has no command line.
        let pid = fs::read_to_string(directory.join("lnd.pid")).unwrap();
        let running = || match fs::read(format!("/proc/{pid}/cmdline")).unwrap() {
            line if line.starts_with(b"tail") => Ok(()),
            line => Err(LabError::NotYet(format!("{line:?}"))),
        };
        Waiter::default()
            .until("the daemon", Duration::from_secs(10), running)
            .unwrap();
        (directory, process)
    }

    fn wait_until_dead(process: &DaemonProcess) {
        let look = || match process.check_running() {
            Err(LabError::DaemonExited { .. }) => Ok(()),
            other => Err(LabError::NotYet(format!("{other:?}"))),
        };
        Waiter::default()
            .until("its end", Duration::from_secs(10), look)
            .unwrap();
    }

    /// A program that another test starts right now holds a released lock until its exec.
    fn clear_until_gone(parent: &Path, directory: &Path) {
        let cleared = || {
            clear_abandoned(parent)?;
            match directory.exists() {
                true => Err(LabError::NotYet("it is there".into())),
                false => Ok(()),
            }
        };
        let limit = Duration::from_secs(10);
        Waiter::default()
            .until("the directory's removal", limit, cleared)
            .unwrap();
    }

    #[test]
    fn an_abandoned_lab_is_ended_and_removed() {
        let parent = tempfile::tempdir().unwrap();
        let (directory, process) = lab(parent.path(), "dead", true);
        drop(own(&directory).unwrap());
        clear_until_gone(parent.path(), &directory);
        wait_until_dead(&process);
    }

    #[test]
    fn a_living_a_kept_and_a_foreign_process_are_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let (living, living_daemon) = lab(parent.path(), "living", true);
        let _owner = own(&living).unwrap();
        let (kept, kept_daemon) = lab(parent.path(), "kept", true);
        let (reused, foreign) = lab(parent.path(), "reused-pid", false);
        drop(own(&reused).unwrap());
        clear_until_gone(parent.path(), &reused);
        living_daemon.check_running().unwrap();
        kept_daemon.check_running().unwrap();
        foreign.check_running().unwrap();
        assert!(living.exists() && kept.exists());
    }
}
