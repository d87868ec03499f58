//! Macaroons as lnd, tapd and arkd mint and check them: binary format V2, an HMAC chain, and an
//! identifier of the bakery's third version that lists the operations granted.

mod packets;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use prost::Message;
use sha2::Sha256;

use packets::{Packets, read, write};

const FORMAT_V2: u8 = 2;
const BAKERY_V3: u8 = 3;
const KEY_GENERATOR: &[u8] = b"macaroons-key-generator";

/// The identifier behind its version byte: which root key, and what is granted.
#[derive(Clone, PartialEq, Message)]
struct Identifier {
    #[prost(bytes = "vec", tag = "1")]
    nonce: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    root_key_id: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    operations: Vec<Operation>,
}

#[derive(Clone, PartialEq, Message)]
struct Operation {
    #[prost(string, tag = "1")]
    entity: String,
    #[prost(string, repeated, tag = "2")]
    actions: Vec<String>,
}

/// A macaroon that was read, its signature not yet checked.
pub(crate) struct Macaroon {
    packets: Packets,
    granted: Identifier,
}

/// A fresh macaroon over these operations, which must be sorted by entity, as bytes of a macaroon
/// file.
pub(crate) fn mint(
    location: &str,
    root_key: &[u8],
    nonce: [u8; 16],
    operations: &[(&str, &str)],
) -> Vec<u8> {
    let mut granted = Identifier {
        nonce: nonce.to_vec(),
        root_key_id: b"0".to_vec(),
        operations: vec![],
    };
    for &(entity, action) in operations {
        match granted.operations.last_mut() {
            Some(last) if last.entity == entity => last.actions.push(action.to_owned()),
            _ => granted.operations.push(Operation {
                entity: entity.to_owned(),
                actions: vec![action.to_owned()],
            }),
        }
    }
    let mut id = vec![BAKERY_V3];
    id.extend(granted.encode_to_vec());
    let signature = hmac(&hmac(KEY_GENERATOR, root_key), &id);
    with_format(&Packets {
        location: location.into(),
        id,
        caveats: Vec::new(),
        signature,
    })
}

fn with_format(packets: &Packets) -> Vec<u8> {
    let mut bytes = vec![FORMAT_V2];
    write(packets, &mut bytes);
    bytes
}

impl Macaroon {
    /// Reads one, with the texts that the Go library has for what it cannot read.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        match bytes.first() {
            None => return Err("empty macaroon data".to_owned()),
            Some(&FORMAT_V2) => {}
            // The first format starts with a hexadecimal length; lnd refuses it by its version.
            Some(b'0'..=b'9' | b'a'..=b'f') => {
                return Err("unknown macaroon version: v1".to_owned());
            }
            Some(_) => {
                return Err("cannot determine data format of binary-encoded macaroon".to_owned());
            }
        }
        let packets = read(&bytes[1..]).map_err(|text| format!("unmarshal v2: {text}"))?;
        if packets.id.first() != Some(&BAKERY_V3) {
            return Err("invalid ID".to_owned());
        }
        let granted = Identifier::decode(&packets.id[1..]).map_err(|error| {
            format!("cannot retrieve macaroon: cannot unmarshal macaroon id: {error}")
        })?;
        Ok(Self { packets, granted })
    }

    /// The same macaroon under one more condition, which needs no root key.
    pub(crate) fn restricted(mut self, condition: &str) -> Vec<u8> {
        self.packets.signature = hmac(&self.packets.signature, condition.as_bytes());
        self.packets.caveats.push(condition.into());
        with_format(&self.packets)
    }

    /// Under which root key it claims to be minted.
    pub(crate) fn root_key_id(&self) -> &[u8] {
        &self.granted.root_key_id
    }

    /// Whether the chain of HMACs from this root key ends in the signature.
    pub(crate) fn is_signed_by(&self, root_key: &[u8]) -> bool {
        let Packets {
            id,
            caveats,
            signature,
            ..
        } = &self.packets;
        let first = hmac(&hmac(KEY_GENERATOR, root_key), id);
        caveats.iter().fold(first, |key, caveat| hmac(&key, caveat)) == *signature
    }

    /// The conditions that were added after minting.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.packets
            .caveats
            .iter()
            .map(|caveat| String::from_utf8_lossy(caveat))
    }

    /// Whether this one operation is granted.
    pub(crate) fn grants(&self, entity: &str, action: &str) -> bool {
        let named = |operation: &&Operation| operation.entity == entity;
        let mut operations = self.granted.operations.iter().filter(named);
        operations.any(|operation| operation.actions.iter().any(|granted| granted == action))
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    // A key of any length suits HMAC, so there is no failure to report: an empty chain link matches
    // nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}
