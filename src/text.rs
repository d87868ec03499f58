//! Text across the boundary: pointer + length in, strict UTF-8, copied at once; NUL-terminated out.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use std::slice;

use arkgrpc_core::error::{Error, Status};

/// Given as a length: the text ends with a NUL character and its length is not known.
pub const ARKGRPC_NTS: u64 = 18_446_744_073_709_551_615;

/// Copies a text that must be there. `name` is the parameter as the header calls it.
///
/// # Safety
/// `text` is NULL, or readable for `length` bytes, or NUL-terminated if `length` is `ARKGRPC_NTS`.
pub(crate) unsafe fn required(
    name: &str,
    text: *const c_char,
    length: usize,
) -> Result<String, Error> {
    // SAFETY: the same contract.
    let text = unsafe { optional(name, text, length) }?;
    text.ok_or_else(|| {
        Error::local(
            Status::NullPointer,
            format!("`{name}` is NULL"),
            format!("pass a text for `{name}`"),
        )
    })
}

/// Copies a text that may be NULL, then with length 0 or `ARKGRPC_NTS`.
///
/// # Safety
/// As for [`required`].
pub(crate) unsafe fn optional(
    name: &str,
    text: *const c_char,
    length: usize,
) -> Result<Option<String>, Error> {
    let terminated = length as u64 == ARKGRPC_NTS;
    if text.is_null() {
        return if length == 0 || terminated {
            Ok(None)
        } else {
            Err(missing(name, length))
        };
    }
    let bytes = if terminated {
        // SAFETY: by contract the text is NUL-terminated.
        unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
    } else if isize::try_from(length).is_err() {
        return Err(Error::local(
            Status::InputTooLarge,
            format!("the length of `{name}` is {length}: no text is that long"),
            "pass the number of bytes, or ARKGRPC_NTS for a NUL-terminated text",
        ));
    } else {
        // SAFETY: by contract readable for `length` bytes, which was found to fit an isize; any
        // byte is a valid u8.
        unsafe { slice::from_raw_parts(text.cast::<u8>(), length) }.to_vec()
    };
    checked(name, bytes).map(Some)
}

fn missing(name: &str, length: usize) -> Error {
    Error::local(
        Status::NullPointer,
        format!("`{name}` is NULL, but its length is {length}"),
        format!("pass a text for `{name}`, or length 0"),
    )
}

fn checked(name: &str, bytes: Vec<u8>) -> Result<String, Error> {
    if let Some(place) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Error::local(
            Status::InnerNul,
            format!("`{name}` contains a NUL character at byte {place}"),
            "do not count the terminating NUL in the length, or pass ARKGRPC_NTS",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Error::local(
            Status::InvalidUtf8,
            format!("`{name}` is not valid UTF-8 at byte {place}"),
            "convert the text to UTF-8 before passing it",
        )
    })
}

/// A text for C: terminated, and without a NUL character inside.
pub(crate) struct OutputText(Cow<'static, CStr>);

impl OutputText {
    pub(crate) const fn fixed(text: &'static CStr) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// A NUL character inside, which only a text of a daemon can have, becomes U+FFFD: the C side
    /// would take it for the end.
    pub(crate) fn new(text: String) -> Self {
        let text = CString::new(text).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(&error.into_vec()).replace('\0', "\u{fffd}");
            CString::new(text).unwrap_or_default()
        });
        Self(Cow::Owned(text))
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }

    /// Bytes without the terminator.
    pub(crate) fn len(&self) -> usize {
        self.0.count_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NTS: usize = ARKGRPC_NTS as usize;

    fn read(bytes: &[u8], length: usize) -> Result<String, Error> {
        // SAFETY: the callers pass the length of `bytes`, or NTS with a terminated text.
        unsafe { required("name", bytes.as_ptr().cast(), length) }
    }

    #[test]
    fn lengths_and_terminators_are_both_understood() {
        assert_eq!(read(b"abcdef", 3).unwrap(), "abc");
        assert_eq!(read(b"abc\0def", NTS).unwrap(), "abc");
        assert_eq!(read(b"abc", 0).unwrap(), "");
        assert_eq!(read("żółw\0".as_bytes(), NTS).unwrap(), "żółw");
    }

    #[test]
    fn each_fault_has_its_own_status() {
        let cases: [(&[u8], usize, Status); 6] = [
            (b"a\0b", 3, Status::InnerNul),
            (b"abc\0", 4, Status::InnerNul),
            (b"a\xffb", 3, Status::InvalidUtf8),
            (b"\xed\xa0\x80", 3, Status::InvalidUtf8),
            (b"\xc0\xaf", 2, Status::InvalidUtf8),
            (b"a", NTS - 1, Status::InputTooLarge),
        ];
        for (bytes, length, status) in cases {
            assert_eq!(
                read(bytes, length).unwrap_err().status(),
                status,
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn null_is_absent_only_without_a_length() {
        let null = std::ptr::null();
        // SAFETY: NULL is allowed by contract.
        unsafe {
            assert_eq!(optional("name", null, 0).unwrap(), None);
            assert_eq!(optional("name", null, NTS).unwrap(), None);
            assert_eq!(
                optional("name", null, 4).unwrap_err().status(),
                Status::NullPointer
            );
            assert_eq!(
                required("name", null, 0).unwrap_err().status(),
                Status::NullPointer
            );
        }
    }

    #[test]
    fn output_never_ends_early() {
        let text = OutputText::new("a\0b".to_owned());
        assert_eq!(text.0.to_bytes(), "a\u{fffd}b".as_bytes());
        assert_eq!(text.len(), 5);
        assert_eq!(OutputText::new("äx".to_owned()).len(), 3);
    }
}
