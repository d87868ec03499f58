//! The kept secret.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::{broken, directory, failing};
use crate::error::Status;

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
