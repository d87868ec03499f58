//! Floor 2: the state directory. What the library itself must not forget: the journal of operations and
//! the secret from which preimages derive.
//!
//! Several processes may share one directory. Each file is replaced as a whole and is on the disk before
//! the step that it is about; each entry has a lock of its own.

mod directory;
mod disk;
mod journal;
mod record;
mod sealed_text;
mod secret;
#[cfg(test)]
mod tests;

pub(crate) use directory::StateDirectory;
pub(crate) use journal::{Claim, Entry};
pub(crate) use record::{Progress, Record};
