//! The macaroon as the metadata value that daemons expect, read again when its file has changed.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::config::MacaroonSource;
use crate::error::{Error, Status};
use crate::locks::Mutex;

/// What a connection shows to the daemon.
pub(super) struct Credentials {
    source: Option<MacaroonSource>,
    header: Mutex<Option<HeaderValue>>,
    /// How often another macaroon was taken over.
    version: AtomicU64,
}

impl Credentials {
    /// Reads the macaroon now, so that a missing file is found before the first call.
    pub(super) fn load(source: Option<MacaroonSource>) -> Result<Self, Error> {
        let header = source.as_ref().map(read).transpose()?;
        Ok(Self {
            source,
            header: Mutex::new(header),
            version: AtomicU64::new(0),
        })
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        self.header.lock().clone()
    }

    /// Reads the file again; true when it holds something new.
    pub(super) fn reload(&self) -> bool {
        let Some(source @ MacaroonSource::File(_)) = &self.source else {
            return false;
        };
        let Ok(fresh) = read(source) else {
            return false;
        };
        let mut header = self.header.lock();
        let changed = header.as_ref() != Some(&fresh);
        *header = Some(fresh);
        if changed {
            self.version.fetch_add(1, Ordering::AcqRel);
        }
        changed
    }

    /// Another number once another macaroon is shown.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}

fn read(source: &MacaroonSource) -> Result<HeaderValue, Error> {
    let digits = match source {
        MacaroonSource::Given(secret) => Zeroizing::new(hex::encode(secret.expose())),
        MacaroonSource::File(path) => {
            let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| {
                unreadable(format!(
                    "the macaroon file {} cannot be read: {error}",
                    path.display()
                ))
            })?);
            in_hex(&bytes)
                .ok_or_else(|| unreadable(format!("{} holds no macaroon", path.display())))?
        }
    };
    let mut value = HeaderValue::from_str(&digits)
        .map_err(|_| unreadable("the macaroon cannot be sent".to_owned()))?;
    // Keeps it out of HPACK's table and of every Debug print.
    value.set_sensitive(true);
    Ok(value)
}

/// Files hold the binary form; some tools write hex.
fn in_hex(bytes: &[u8]) -> Option<Zeroizing<String>> {
    if bytes.first() == Some(&2) && bytes.len() >= 16 {
        return Some(Zeroizing::new(hex::encode(bytes)));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let decoded = Zeroizing::new(hex::decode(text).ok()?);
    (decoded.first() == Some(&2) && decoded.len() >= 16)
        .then(|| Zeroizing::new(text.to_ascii_lowercase()))
}

fn unreadable(message: String) -> Error {
    Error::local(
        Status::CredentialsUnreadable,
        message,
        "give macaroon the path of a binary macaroon file readable by this process, or its hex or base64",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_and_hex_files_give_the_same_header() {
        let bytes = [&[2u8][..], &[9; 40]].concat();
        let file = tempfile::NamedTempFile::new().unwrap();
        let load = |content: &[u8]| {
            std::fs::write(file.path(), content).unwrap();
            Credentials::load(Some(MacaroonSource::File(file.path().to_owned())))
        };
        let binary = load(&bytes).unwrap().header().unwrap();
        let text = load(hex::encode_upper(&bytes).as_bytes())
            .unwrap()
            .header()
            .unwrap();
        assert_eq!(binary, text);
        assert!(binary.is_sensitive());
        assert!(load(b"nonsense").is_err());
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Credentials::load(Some(MacaroonSource::File("/nonexistent/m".into())))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.status(), Status::CredentialsUnreadable);
        assert!(error.message().contains("/nonexistent/m"));
    }
}
