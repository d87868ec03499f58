//! The `lndconnect` URI that wallets and node dashboards hand out: address, certificate and macaroon in one.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use http::uri::Authority;

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
    let rest = text
        .trim()
        .strip_prefix("lndconnect://")
        .ok_or_else(|| invalid(key, "it does not begin with lndconnect://", VALID))?;
    if rest.contains('#') {
        return Err(invalid(key, "a fragment has no place in it", VALID));
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut found = LndConnect {
        host: String::new(),
        port: None,
        certificate: None,
        macaroon: None,
    };
    read_address(
        key,
        address.strip_suffix('/').unwrap_or(address),
        &mut found,
    )?;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "cert" => found.certificate = Some(decode(key, "cert", &value)?),
            "macaroon" => found.macaroon = Some(Secret::new(decode(key, "macaroon", &value)?)),
            "host" => read_address(key, &value, &mut found)?,
            _ => {
                return Err(invalid(
                    key,
                    "it has a parameter besides cert and macaroon",
                    VALID,
                ));
            }
        }
    }
    if found.host.is_empty() {
        return Err(invalid(key, "no host", VALID));
    }
    Ok(found)
}

fn read_address(key: &str, text: &str, found: &mut LndConnect) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    let address: Authority = text
        .parse()
        .map_err(|_| invalid(key, "its address is not HOST:PORT", VALID))?;
    if text.contains('@') {
        return Err(invalid(key, "user and password have no place in it", VALID));
    }
    found.host = address.host().to_owned();
    found.port = address.port_u16();
    if address.port().is_some() && found.port.is_none() {
        return Err(invalid(key, "bad port", VALID));
    }
    Ok(())
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
