//! Entries of the journal: found again, held by one call at a time, taken back.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::directory::StateDirectory;
use super::super::journal::Entry;
use super::super::record::{Progress, Record};
use super::{announced, claim, directory, entry_file, record, refused};
use crate::error::Status;

/// Set for the child process of a test: the directory that it is to work in.
const CHILD_DIRECTORY: &str = "ARKGRPC_TEST_STATE_DIRECTORY";

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
        .args([
            "--exact",
            "state::tests::entries::child_that_claims_and_waits",
        ])
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
