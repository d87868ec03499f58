//! The kinds of addresses by name: short ones as users write them, and lnd's longer ones.

use crate::error::{Error, Status};
use crate::transport::generated::lnrpc::AddressType;

/// Short name, lnd's name, kind.
const NAMES: &[(&str, &str, AddressType)] = &[
    (
        "p2wkh",
        "witness_pubkey_hash",
        AddressType::WitnessPubkeyHash,
    ),
    (
        "np2wkh",
        "nested_pubkey_hash",
        AddressType::NestedPubkeyHash,
    ),
    ("p2tr", "taproot_pubkey", AddressType::TaprootPubkey),
    (
        "unused_p2wkh",
        "unused_witness_pubkey_hash",
        AddressType::UnusedWitnessPubkeyHash,
    ),
    (
        "unused_np2wkh",
        "unused_nested_pubkey_hash",
        AddressType::UnusedNestedPubkeyHash,
    ),
    (
        "unused_p2tr",
        "unused_taproot_pubkey",
        AddressType::UnusedTaprootPubkey,
    ),
];

/// The kind with this name, short or long, in either case.
pub(super) fn read(text: &str) -> Result<AddressType, Error> {
    let matches = |name: &str| name.eq_ignore_ascii_case(text);
    let known = NAMES
        .iter()
        .find(|(short, long, _)| matches(short) || matches(long));
    known.map(|(_, _, kind)| *kind).ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().map(|(short, _, _)| *short).collect();
        Error::local(
            Status::InvalidArgument,
            "field `address_type`: no such type of address",
            format!("use one of: {}", names.join(", ")),
        )
    })
}

/// The short name of a kind.
pub(super) fn name(number: i32) -> String {
    let known = NAMES.iter().find(|(_, _, kind)| *kind as i32 == number);
    known.map_or_else(
        || format!("unknown_{number}"),
        |(short, _, _)| (*short).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_names_mean_the_same() {
        for (short, long, kind) in NAMES {
            assert_eq!(read(short).unwrap(), *kind);
            assert_eq!(read(&long.to_uppercase()).unwrap(), *kind);
            assert_eq!(name(*kind as i32), *short);
        }
        assert_eq!(name(42), "unknown_42");
    }

    #[test]
    fn other_names_are_refused_and_the_valid_ones_named() {
        let error = read("p2pkh").unwrap_err();
        assert!(error.hint().contains("unused_p2tr"), "{}", error.hint());
    }
}
