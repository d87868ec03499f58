//! Strict reading of host, port and Unix socket: what is not plainly an address is refused.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::invalid;
use crate::error::Error;

/// Where a daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Tcp { host: String, port: u16 },
    Unix { path: PathBuf },
}

impl Target {
    /// A checked TCP target. `key` is the configuration key or variable of the host.
    pub(crate) fn tcp(key: &str, host: &str, port: u16) -> Result<Self, Error> {
        let valid = "give a host name or an IP address, without scheme, user, path or port";
        let bare = host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host);
        if bare.is_empty() || bare.len() > 253 {
            return Err(invalid(
                key,
                "the host is empty or longer than 253 characters",
                valid,
            ));
        }
        if let Ok(address) = bare.parse::<IpAddr>() {
            if address == IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)) {
                return Err(invalid(
                    key,
                    "the cloud metadata address is no daemon",
                    valid,
                ));
            }
        } else if !bare
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            return Err(invalid(
                key,
                "the host contains characters that no host name has",
                valid,
            ));
        }
        if port == 0 {
            return Err(invalid(
                key,
                "port 0 cannot be dialled",
                "give a port from 1 to 65535",
            ));
        }
        Ok(Target::Tcp {
            host: bare.to_owned(),
            port,
        })
    }

    /// Whether nobody else can listen in on the way there.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Target::Unix { .. } => true,
            Target::Tcp { host, .. } => {
                host == "localhost"
                    || host
                        .parse::<IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// `host:port` or `unix:path`, for messages and the HTTP/2 authority.
    pub(crate) fn display(&self) -> String {
        match self {
            Target::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Target::Tcp { host, port } => format!("{host}:{port}"),
            Target::Unix { path } => format!("unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_hosts_pass() {
        for host in [
            "localhost",
            "10.0.0.1",
            "::1",
            "[::1]",
            "node.example",
            "abc.onion",
        ] {
            assert!(Target::tcp("lnd.host", host, 10009).is_ok(), "{host}");
        }
        assert_eq!(Target::tcp("k", "[::1]", 1).unwrap().display(), "[::1]:1");
    }

    #[test]
    fn everything_else_is_refused_by_key() {
        for host in [
            "",
            "https://x",
            "a@b",
            "x/y",
            "x?y",
            "x y",
            "x\n",
            "169.254.169.254",
            "x:1",
        ] {
            let error = Target::tcp("lnd.host", host, 10009).unwrap_err();
            assert!(error.message().contains("lnd.host"), "{host}: {error}");
        }
        assert!(Target::tcp("k", "localhost", 0).is_err());
    }

    #[test]
    fn loopback_is_local() {
        assert!(Target::tcp("k", "127.0.0.1", 1).unwrap().is_local());
        assert!(Target::tcp("k", "::1", 1).unwrap().is_local());
        assert!(!Target::tcp("k", "10.0.0.1", 1).unwrap().is_local());
    }
}
