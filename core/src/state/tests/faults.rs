//! Directories and disks that fail.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use super::super::directory::StateDirectory;
use super::super::record::{Progress, Record};
use super::{broken, claim, directory, failing, no_space, record, refused};
use crate::error::Status;

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
