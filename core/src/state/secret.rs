//! The secret from which preimages derive, where the configuration gives none: made once, kept for ever.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::directory::StateDirectory;
use super::disk::read;
use super::sealed_text::{Unsealed, seal, unseal};
use crate::config::Secret;
use crate::error::{Error, Status};
use crate::transport::random_bytes;

const NAME: &str = "operation_secret";
const KIND: &str = "arkgrpc-secret";
const SEEN_BY_OTHERS: u32 = 0o077;

impl StateDirectory {
    /// The secret, if there is one already.
    pub(crate) fn operation_secret(&self) -> Result<Option<Secret>, Error> {
        self.check()?;
        let path = self.file(NAME);
        let text = match read(&path) {
            Ok(text) => text.map(Zeroizing::new),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(self.unreadable("the secret", &path, Unsealed::Damaged));
            }
            Err(error) => return Err(self.unusable(&error)),
        };
        let Some(text) = text else { return Ok(None) };
        self.check_private(&path)?;
        let content = unseal(KIND, &text);
        let damaged = |fault| self.unreadable("the secret", &path, fault);
        let bytes = hex::decode(content.map_err(damaged)?.trim())
            .map_err(|_| damaged(Unsealed::Damaged))?;
        if bytes.len() < 32 {
            return Err(damaged(Unsealed::Damaged));
        }
        Ok(Some(Secret::new(bytes)))
    }

    /// The secret; made now if there is none. Two processes that make it at once get the same one.
    pub(crate) fn operation_secret_or_new(&self) -> Result<Secret, Error> {
        if let Some(secret) = self.operation_secret()? {
            return Ok(secret);
        }
        let random = random_bytes::<32>().map(Zeroizing::new).ok_or_else(|| {
            Error::local(
                Status::Unsupported,
                "the operating system gives no random bytes for operation_secret",
                "check that getrandom or /dev/urandom is available to this process",
            )
        })?;
        let content = Zeroizing::new(format!("{}\n", hex::encode(random.as_slice())));
        let text = Zeroizing::new(seal(KIND, &content));
        match self.publish(text.as_bytes()) {
            Ok(()) => Ok(Secret::new(random.to_vec())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self
                .operation_secret()?
                .ok_or_else(|| self.unusable(&error)),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    /// Makes the file, whole and on the disk, unless another process was faster.
    fn publish(&self, bytes: &[u8]) -> io::Result<()> {
        let own = random_bytes::<8>().map_or_else(String::new, hex::encode);
        let (file, spare) = (self.file(NAME), self.file(&format!("{NAME}.{own}")));
        let published = self
            .disk
            .write(&spare, bytes)
            .and_then(|written| self.disk.sync_file(&written))
            // Unlike a rename this never takes the place of another process's secret.
            .and_then(|()| std::fs::hard_link(&spare, &file));
        let removed = std::fs::remove_file(&spare);
        published?;
        removed?;
        self.disk.sync_directory(file.parent().unwrap_or(&file))
    }

    fn check_private(&self, path: &Path) -> Result<(), Error> {
        let found = std::fs::metadata(path).map_err(|error| self.unusable(&error))?;
        if found.mode() & SEEN_BY_OTHERS == 0 {
            return Ok(());
        }
        Err(Error::local(
            Status::StateDirectory,
            format!("the secret {} may be read by other users", path.display()),
            "chmod 600; if somebody may have read it, cancel open invoices that derive from it",
        ))
    }
}
