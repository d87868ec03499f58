//! The journal and the secret under everything that a disk and other processes can do to them.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::directory::StateDirectory;
use super::disk::{Disk, RealDisk};
use super::journal::{Claim, Entry};
use super::record::{Progress, Record};
use crate::error::{Error, Status};

/// Set for the child process of a test: the directory that it is to work in.
const CHILD_DIRECTORY: &str = "ARKGRPC_TEST_STATE_DIRECTORY";

fn directory() -> (tempfile::TempDir, StateDirectory) {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDirectory::open(folder.path().to_owned()).unwrap();
    (folder, state)
}

fn record(id: &str) -> Record {
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

fn claim(state: &StateDirectory, id: &str) -> Claim {
    let claimed = Entry::of(state, id).claim();
    claimed.map_err(|unclaimed| unclaimed.error).unwrap()
}

/// The error of a claim, and whether it leaves an earlier try possible.
fn refused(state: &StateDirectory, id: &str) -> (Error, bool) {
    let unclaimed = Entry::of(state, id).claim().err().unwrap();
    (unclaimed.error, unclaimed.may_hold_a_try)
}

fn announced(state: &StateDirectory, id: &str) {
    let mut claim = claim(state, id);
    claim.announce(record(id)).unwrap();
    claim.follow_up();
}

fn entry_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder.join("operations")).unwrap();
    files
        .find_map(|entry| Some(entry.unwrap().path()).filter(|path| path.extension().is_none()))
        .expect("no entry")
}

#[test]
fn an_entry_is_found_by_the_next_process_and_is_private() {
    let (folder, state) = directory();
    assert!(claim(&state, "a").record().is_none());
    announced(&state, "a");
    let other = StateDirectory::open(folder.path().to_owned()).unwrap();
    assert_eq!(claim(&other, "a").record(), Some(&record("a")));
    assert_eq!(Entry::of(&other, "a").read().unwrap(), Some(record("a")));
    assert!(claim(&other, "A").record().is_none());
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("operations")), 0o700);
    for file in fs::read_dir(folder.path().join("operations")).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn ids_that_mean_something_to_a_file_system_are_ids_like_others() {
    let (folder, state) = directory();
    for id in [".", "..", "-", "a.lock", "a.new"] {
        announced(&state, id);
        assert_eq!(claim(&state, id).record().unwrap().operation_id, id);
    }
    let outside: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "{outside:?}");
}

#[test]
fn what_was_announced_and_not_followed_up_is_taken_back() {
    let (_folder, state) = directory();
    claim(&state, "a").announce(record("a")).unwrap();
    assert!(claim(&state, "a").record().is_none());
    let known = Record {
        progress: Progress::NotExecuted,
        ..record("a")
    };
    claim(&state, "a").store(known.clone()).unwrap();
    claim(&state, "a").announce(record("a")).unwrap();
    assert_eq!(claim(&state, "a").record(), Some(&known));
}

#[test]
fn one_entry_belongs_to_one_call_at_a_time() {
    let (folder, state) = directory();
    let held = claim(&state, "a");
    let other = StateDirectory::open(folder.path().to_owned()).unwrap();
    let (error, may_hold) = refused(&other, "a");
    assert_eq!(error.status(), Status::OperationBusy);
    assert!(may_hold && !error.hint().is_empty());
    drop(claim(&other, "b"));
    drop(held);
    drop(claim(&other, "a"));
}

/// Not a test by itself: what the child process of the next test does.
#[test]
fn child_that_claims_and_waits() {
    let Some(path) = std::env::var_os(CHILD_DIRECTORY) else {
        return;
    };
    let state = StateDirectory::open(PathBuf::from(path)).unwrap();
    let mut held = claim(&state, "shared");
    held.announce(record("shared")).unwrap();
    held.follow_up();
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
}

#[test]
fn two_processes_exclude_each_other_and_a_killed_one_leaves_its_entry() {
    let (folder, state) = directory();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state::tests::child_that_claims_and_waits"])
        .env(CHILD_DIRECTORY, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while Entry::of(&state, "shared").read().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(30), "no entry");
        std::thread::yield_now();
    }
    assert_eq!(refused(&state, "shared").0.status(), Status::OperationBusy);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(claim(&state, "shared").record(), Some(&record("shared")));
}

#[test]
fn of_many_threads_one_at_a_time_gets_the_entry() {
    let (folder, state) = directory();
    claim(&state, "a").store(record("a")).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let state = StateDirectory::open(folder.path().to_owned()).unwrap();
            std::thread::spawn(move || {
                let mut added = 0;
                while added < 20 {
                    let Ok(mut claim) = Entry::of(&state, "a").claim() else {
                        std::thread::yield_now();
                        continue;
                    };
                    let before = claim.record().unwrap().clone();
                    let attempted = before.attempted + 1;
                    let next = Record {
                        attempted,
                        ..before
                    };
                    claim.store(next).unwrap();
                    added += 1;
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let last = claim(&state, "a").record().unwrap().attempted;
    assert_eq!(last, record("a").attempted + 160);
}

#[test]
fn cut_altered_and_newer_entries_are_told_apart_and_never_taken_for_absent() {
    let (folder, state) = directory();
    announced(&state, "a");
    let file = entry_file(folder.path());
    let whole = fs::read_to_string(&file).unwrap();
    let cases = [
        (String::new(), Status::StateDamaged),
        (whole[..whole.len() - 1].to_owned(), Status::StateDamaged),
        (
            whole.replace("sending", "not_executed"),
            Status::StateDamaged,
        ),
        (whole.replacen(" 1 ", " 2 ", 1), Status::StateNewer),
    ];
    for (text, status) in cases {
        fs::write(&file, text).unwrap();
        let (error, may_hold) = refused(&state, "a");
        assert_eq!(error.status(), status, "{error}");
        assert!(
            may_hold && error.message().contains("nothing was sent"),
            "{error}"
        );
        assert_eq!(Entry::of(&state, "a").read().unwrap_err().status(), status);
    }
    fs::write(&file, [0xff, 0xfe]).unwrap();
    assert_eq!(refused(&state, "a").0.status(), Status::StateDamaged);
}

#[test]
fn a_missing_directory_is_an_error_and_is_not_made() {
    let (folder, state) = directory();
    let gone = folder.path().join("gone");
    let error = StateDirectory::open(gone.clone()).err().unwrap();
    assert_eq!(error.status(), Status::StateDirectory);
    assert!(!gone.exists());
    drop(folder);
    let (error, may_hold) = refused(&state, "a");
    assert_eq!(error.status(), Status::StateDirectory);
    assert!(
        may_hold,
        "what stood in a directory that is gone is not known"
    );
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let error = StateDirectory::open(folder.path().to_owned())
        .err()
        .unwrap();
    assert!(error.message().contains("other users"), "{error}");
    let file = folder.path().join("file");
    File::create(&file).unwrap();
    assert!(StateDirectory::open(file).is_err());
}

/// A disk on which one step fails.
struct Failing {
    step: &'static str,
    error: fn() -> io::Error,
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

fn no_space() -> io::Error {
    rustix::io::Errno::NOSPC.into()
}

fn broken() -> io::Error {
    rustix::io::Errno::IO.into()
}

fn failing(folder: &Path, step: &'static str, error: fn() -> io::Error) -> StateDirectory {
    StateDirectory::with_disk(folder.to_owned(), Arc::new(Failing { step, error })).unwrap()
}

#[test]
fn a_full_or_failing_disk_is_an_error_and_leaves_what_was_there() {
    for (step, error, word) in [
        ("write", no_space as fn() -> io::Error, "free space"),
        ("sync_file", broken, "disk"),
        ("rename", no_space, "free space"),
        ("sync_directory", broken, "disk"),
    ] {
        let (folder, state) = directory();
        let before = Record {
            progress: Progress::NotExecuted,
            ..record("a")
        };
        claim(&state, "a").store(before.clone()).unwrap();
        let bad = failing(folder.path(), step, error);
        let mut held = claim(&bad, "a");
        let error = held.announce(record("a")).unwrap_err();
        assert_eq!(error.status(), Status::StateDirectory, "{step}");
        assert!(error.hint().contains(word), "{step}: {}", error.hint());
        drop(held);
        // A rename that went through and may not last is as good as either; it is never half an entry.
        let after = claim(&state, "a").record().cloned().unwrap();
        let whole = after == before || (step == "sync_directory" && after == record("a"));
        assert!(whole, "{step}: {after:?}");
    }
}

#[test]
fn a_first_entry_that_cannot_be_kept_is_not_there_afterwards() {
    for step in ["write", "sync_file", "rename"] {
        let (folder, state) = directory();
        drop(claim(&state, "other"));
        let bad = failing(folder.path(), step, broken);
        assert!(claim(&bad, "a").announce(record("a")).is_err());
        assert!(claim(&state, "a").record().is_none(), "{step}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_an_error_that_rules_earlier_tries_out() {
    // Root may write everywhere: a file in the place of the room has the same effect.
    let (folder, state) = directory();
    File::create(folder.path().join("operations")).unwrap();
    let (error, _) = refused(&state, "a");
    assert_eq!(error.status(), Status::StateDirectory);
    let (folder, state) = directory();
    let bad = failing(folder.path(), "sync_directory", || {
        rustix::io::Errno::ROFS.into()
    });
    let (error, may_hold) = refused(&bad, "a");
    assert_eq!(error.status(), Status::StateDirectory);
    assert!(
        error.hint().contains("write to state_dir") && !may_hold,
        "{error}"
    );
    assert!(claim(&state, "a").record().is_none());
}

#[test]
fn the_secret_is_made_once_and_kept() {
    let (folder, state) = directory();
    assert!(state.operation_secret().unwrap().is_none());
    let made: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| state.operation_secret_or_new().unwrap().expose().to_vec()))
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    assert!(
        made.iter()
            .all(|secret| *secret == made[0] && secret.len() == 32)
    );
    let file = folder.path().join("operation_secret");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(state.operation_secret().unwrap().unwrap().expose(), made[0]);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "spare files stay: {names:?}");
}

#[test]
fn a_secret_that_is_cut_altered_or_seen_by_others_is_refused() {
    let (folder, state) = directory();
    state.operation_secret_or_new().unwrap();
    let file = folder.path().join("operation_secret");
    let whole = fs::read_to_string(&file).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let error = state.operation_secret().unwrap_err();
    assert!(error.message().contains("read by other users"), "{error}");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    let error = state.operation_secret_or_new().unwrap_err();
    assert_eq!(error.status(), Status::StateDamaged);
    let secret = whole.lines().nth(1).unwrap();
    assert!(!error.to_string().contains(&secret[..16]));
}

#[test]
fn a_secret_that_cannot_be_kept_is_not_used() {
    for step in ["write", "sync_file", "sync_directory"] {
        let (folder, _) = directory();
        let bad = failing(folder.path(), step, broken);
        let error = bad.operation_secret_or_new().unwrap_err();
        assert_eq!(error.status(), Status::StateDirectory, "{step}");
    }
}
