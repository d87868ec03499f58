//! The `lndconnect` URI that wallets and node dashboards hand out: address, certificate and macaroon in one.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use url::Url;

use super::{Secret, invalid};
use crate::error::Error;

/// What an lndconnect URI says.
#[derive(Debug)]
pub(crate) struct LndConnect {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// DER of the node's certificate.
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) macaroon: Option<Secret>,
}

const VALID: &str = "give lndconnect://HOST:PORT?cert=<base64url DER>&macaroon=<base64url>, as lndconnect prints it";

/// Reads the URI; the legacy form with three slashes and `host=` too. No part of it is ever printed.
pub(crate) fn parse(key: &str, text: &str) -> Result<LndConnect, Error> {
    let url = Url::parse(text.trim()).map_err(|_| invalid(key, "not a URI", VALID))?;
    if url.scheme() != "lndconnect" {
        return Err(invalid(key, "the scheme is not lndconnect", VALID));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(invalid(
            key,
            "user, password and fragment have no place in it",
            VALID,
        ));
    }
    let mut host = url.host_str().map(str::to_owned);
    let mut port = url.port();
    let (mut certificate, mut macaroon) = (None, None);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "cert" => certificate = Some(decode(key, "cert", &value)?),
            "macaroon" => macaroon = Some(Secret::new(decode(key, "macaroon", &value)?)),
            "host" => {
                let (name, number) = value.rsplit_once(':').unwrap_or((&value, "10009"));
                host = Some(name.to_owned());
                port = Some(
                    number
                        .parse()
                        .map_err(|_| invalid(key, "bad port in `host`", VALID))?,
                );
            }
            _ => {
                return Err(invalid(
                    key,
                    "it has a parameter besides cert and macaroon",
                    VALID,
                ));
            }
        }
    }
    let host = host
        .filter(|host| !host.is_empty())
        .ok_or_else(|| invalid(key, "no host", VALID))?;
    Ok(LndConnect {
        host,
        port,
        certificate,
        macaroon,
    })
}

fn decode(key: &str, part: &str, text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|_| invalid(key, format_args!("its `{part}` is not base64url"), VALID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let plain = parse("k", "lndconnect://1.2.3.4:10010?cert=AQID&macaroon=AgED").unwrap();
        assert_eq!((plain.host.as_str(), plain.port), ("1.2.3.4", Some(10010)));
        assert_eq!(plain.certificate.unwrap(), [1, 2, 3]);
        assert_eq!(plain.macaroon.unwrap().expose(), [2, 1, 3]);
        let legacy = parse("k", "lndconnect:///?host=node.example:10009&macaroon=AgED").unwrap();
        assert_eq!(
            (legacy.host.as_str(), legacy.port),
            ("node.example", Some(10009))
        );
    }

    #[test]
    fn wrong_ones_are_refused_without_being_printed() {
        for text in [
            "",
            "http://x",
            "lndconnect://u:canary@x",
            "lndconnect://x?canary=1",
            "lndconnect://x?macaroon=canary!",
            "lndconnect://?macaroon=AgED",
        ] {
            let error = parse("LND_CONNECT", text).unwrap_err();
            assert!(!error.to_json().to_string().contains("canary"), "{error}");
        }
    }
}
