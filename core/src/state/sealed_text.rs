//! The form of every file here: one line with kind, version and checksum, then the content. A file that
//! was cut or altered is recognised, and so is one of a newer version of the library.

use ring::digest::{SHA256, digest};

const VERSION: u32 = 1;

/// Why a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsealed {
    /// Cut, altered, or something else.
    Damaged,
    /// Written by a version of the library that knows more.
    Newer,
}

/// The file's text.
pub(super) fn seal(kind: &str, content: &str) -> String {
    format!("{kind} {VERSION} {}\n{content}", checksum(content))
}

/// The content of a file's text.
pub(super) fn unseal<'a>(kind: &str, text: &'a str) -> Result<&'a str, Unsealed> {
    let (head, content) = text.split_once('\n').ok_or(Unsealed::Damaged)?;
    let words: Vec<&str> = head.split(' ').collect();
    let [found, version, sum] = words.as_slice() else {
        return Err(Unsealed::Damaged);
    };
    let version: u32 = version.parse().map_err(|_| Unsealed::Damaged)?;
    match (*found == kind, version) {
        (true, VERSION) if *sum == checksum(content) => Ok(content),
        (true, VERSION) | (false, _) | (_, 0) => Err(Unsealed::Damaged),
        (true, _) => Err(Unsealed::Newer),
    }
}

fn checksum(content: &str) -> String {
    hex::encode(digest(&SHA256, content.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_and_every_altered_byte_is_noticed() {
        let text = seal("kind", "{\"a\":1}\n");
        assert_eq!(unseal("kind", &text), Ok("{\"a\":1}\n"));
        for length in 0..text.len() {
            let cut = unseal("kind", &text[..length]);
            assert!(cut.is_err(), "{length}");
        }
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let altered = String::from_utf8(bytes).unwrap();
            assert!(unseal("kind", &altered).is_err(), "{place}");
        }
    }

    #[test]
    fn other_kinds_and_newer_versions_are_told_apart() {
        let text = seal("kind", "x");
        assert_eq!(unseal("other", &text), Err(Unsealed::Damaged));
        let newer = text.replacen("kind 1 ", "kind 2 ", 1);
        assert_eq!(unseal("kind", &newer), Err(Unsealed::Newer));
    }
}
