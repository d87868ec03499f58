//! The daemon's own word on repeating a request: the trailer `grpc-retry-pushback-ms` (gRPC A6).

use std::time::Duration;

use http::HeaderMap;

const NAME: &str = "grpc-retry-pushback-ms";

/// What the daemon asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushback {
    /// Wait exactly so long, then try again.
    After(Duration),
    /// Do not try again: a negative, unreadable or repeated value.
    Never,
}

impl Pushback {
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(NAME).iter();
        let first = values.next()?;
        let wait = first
            .to_str()
            .ok()
            .and_then(|text| text.parse::<u32>().ok());
        Some(match (wait, values.next()) {
            (Some(wait), None) => Self::After(Duration::from_millis(u64::from(wait))),
            _ => Self::Never,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<Pushback> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, value.parse().unwrap());
        }
        Pushback::read(&headers)
    }

    #[test]
    fn only_one_plain_number_permits_a_repeat() {
        assert_eq!(read(&[]), None);
        let after = |ms| Some(Pushback::After(Duration::from_millis(ms)));
        assert_eq!(read(&["0"]), after(0));
        assert_eq!(read(&["1500"]), after(1500));
        for junk in [
            &["-1"][..],
            &["soon"],
            &[""],
            &["1.5"],
            &["10", "10"],
            &["99999999999"],
        ] {
            assert_eq!(read(junk), Some(Pushback::Never), "{junk:?}");
        }
    }
}
