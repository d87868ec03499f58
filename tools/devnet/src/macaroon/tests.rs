//! Macaroons against ones that the daemons' own Go library minted and restricted.

use super::{Macaroon, mint};

const ROOT_KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const OPERATIONS: [(&str, &str); 3] = [
    ("invoices", "read"),
    ("invoices", "write"),
    ("onchain", "read"),
];
const NONCE: &str = "c389d804f22d31cc131a0eb43eac926c";
/// Minted by gopkg.in/macaroon-bakery.v2 under the root key above.
const FROM_GO: &str = concat!(
    "0201036c6e640240030a10c389d804f22d31cc131a0eb43eac926c1201301a170a08696e766f6963",
    "6573120472656164120577726974651a0f0a076f6e636861696e120472656164000006209f3644f6",
    "a71d8dd0cf4482559bc359b40946d9f85ce9826460d795ed14639f3e",
);
/// The same under one more condition.
const RESTRICTED_BY_GO: &str = concat!(
    "0201036c6e640240030a10c389d804f22d31cc131a0eb43eac926c1201301a170a08696e766f6963",
    "6573120472656164120577726974651a0f0a076f6e636861696e12047265616400022074696d652d",
    "6265666f726520323032302d30312d30315430303a30303a30305a00000620988700877524a80977",
    "5a360ae06be73259e2086248d1823b3d3276f61b5aa471",
);
const CONDITION: &str = "time-before 2020-01-01T00:00:00Z";

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn mints_byte_for_byte_what_the_bakery_mints() {
    let nonce = bytes(NONCE).try_into().unwrap();
    assert_eq!(
        hex::encode(mint("lnd", ROOT_KEY, nonce, &OPERATIONS)),
        FROM_GO
    );
}

#[test]
fn restricts_as_the_go_library_does() {
    let restricted = Macaroon::parse(&bytes(FROM_GO))
        .unwrap()
        .restricted(CONDITION);
    assert_eq!(hex::encode(restricted), RESTRICTED_BY_GO);
}

#[test]
fn checks_the_chain_and_reads_what_is_granted() {
    for (text, conditions) in [(FROM_GO, vec![]), (RESTRICTED_BY_GO, vec![CONDITION])] {
        let macaroon = Macaroon::parse(&bytes(text)).unwrap();
        assert!(macaroon.is_signed_by(ROOT_KEY));
        assert!(!macaroon.is_signed_by(b"another root key"));
        assert_eq!(macaroon.root_key_id(), b"0");
        assert_eq!(macaroon.conditions().collect::<Vec<_>>(), conditions);
        assert!(macaroon.grants("invoices", "write") && macaroon.grants("onchain", "read"));
        assert!(!macaroon.grants("onchain", "write") && !macaroon.grants("offchain", "read"));
    }
}

#[test]
fn a_changed_condition_or_grant_breaks_the_chain() {
    for place in [bytes(RESTRICTED_BY_GO).len() - 60, 60] {
        let mut changed = bytes(RESTRICTED_BY_GO);
        changed[place] ^= 1;
        let signed =
            Macaroon::parse(&changed).is_ok_and(|macaroon| macaroon.is_signed_by(ROOT_KEY));
        assert!(!signed, "byte {place}");
    }
}

#[test]
fn refuses_what_is_no_macaroon_without_a_panic() {
    let whole = bytes(RESTRICTED_BY_GO);
    for length in 0..whole.len() {
        assert!(
            Macaroon::parse(&whole[..length]).is_err(),
            "cut at {length}"
        );
    }
    for (input, text) in [
        (vec![], "empty macaroon data"),
        (
            vec![9, 9],
            "cannot determine data format of binary-encoded macaroon",
        ),
        (b"0023".to_vec(), "unknown macaroon version: v1"),
        (vec![2, 0], "unmarshal v2: invalid macaroon header"),
    ] {
        assert_eq!(Macaroon::parse(&input).err().as_deref(), Some(text));
    }
}
