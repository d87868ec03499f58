//! The preimage of an invoice: never guessable. Whoever can compute it takes the money unpaid.

use ring::digest::{SHA256, digest};
use ring::hmac;

use super::context::Context;
use crate::clients::json::Hex32;
use crate::clients::options::no_randomness;
use crate::config::Secret;
use crate::error::{Error, Status};
use crate::transport::random_bytes;

const PURPOSE: &[u8] = b"arkgrpc/preimage/1";

/// The hash that a preimage opens.
pub(super) fn payment_hash(preimage: &Hex32) -> Hex32 {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &preimage.0).as_ref());
    Hex32(hash)
}

/// The caller's preimage, or one derived from the secret and the operation_id, or a random one where no
/// secret is configured. Call it once the node is recognised: its key is part of the derivation.
pub(super) fn choose(
    context: &Context,
    given: Option<Hex32>,
    method: &str,
) -> Result<Hex32, Error> {
    if let Some(preimage) = given {
        return Ok(preimage);
    }
    let random = || random_bytes().map(Hex32).ok_or_else(no_randomness);
    match (context.operation(), context.operation_secret()?) {
        (Some(operation), Some(_)) if operation.given || context.node().identity().is_some() => {
            derive(context, method, &operation.id)
        }
        (Some(operation), None) if operation.given => derive(context, method, &operation.id),
        _ => random(),
    }
}

/// The preimage that belongs to an operation_id, on this node and network, for this method.
pub(super) fn derive(context: &Context, method: &str, operation_id: &str) -> Result<Hex32, Error> {
    let secret = context.operation_secret()?.ok_or_else(|| {
        Error::local(
            Status::InvalidArgument,
            "option `operation_id`: an invoice with an operation_id needs operation_secret",
            "set state_dir or operation_secret (at least 32 random bytes as hex) in the configuration, or give \
             `preimage`",
        )
    })?;
    let identity = context.node().identity().ok_or_else(|| {
        Error::local(
            Status::PermissionMissing,
            "option `operation_id`: the node's key is part of the derivation, and the macaroon does not \
             allow GetInfo",
            "use a macaroon with info:read, or give `preimage`",
        )
    })?;
    Ok(compute(
        secret,
        [&identity.network, &identity.pubkey, method, operation_id],
    ))
}

/// HMAC-SHA256 over the purpose and the length-prefixed parts: no two lists of parts give the same text.
fn compute(secret: &Secret, parts: [&str; 4]) -> Hex32 {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose()));
    context.update(PURPOSE);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut preimage = [0; 32];
    preimage.copy_from_slice(context.sign().as_ref());
    Hex32(preimage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha256() {
        let zeros = payment_hash(&Hex32([0; 32]));
        assert_eq!(
            zeros.to_string(),
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
        );
    }

    #[test]
    fn every_part_matters_and_parts_cannot_flow_together() {
        let secret = Secret::new(vec![1; 32]);
        let base = compute(&secret, ["regtest", "02ab", "add_invoice", "a"]);
        assert_eq!(
            base,
            compute(&secret, ["regtest", "02ab", "add_invoice", "a"])
        );
        for parts in [
            ["mainnet", "02ab", "add_invoice", "a"],
            ["regtest", "02ac", "add_invoice", "a"],
            ["regtest", "02ab", "add_hold_invoice", "a"],
            ["regtest", "02ab", "add_invoice", "b"],
            ["regtes", "t02ab", "add_invoice", "a"],
        ] {
            assert_ne!(base, compute(&secret, parts));
        }
        assert_ne!(
            base,
            compute(
                &Secret::new(vec![2; 32]),
                ["regtest", "02ab", "add_invoice", "a"]
            )
        );
    }
}
