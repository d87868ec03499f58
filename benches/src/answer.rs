//! The answer to GetInfo: as long as a real node's, about 1 KB with 19 features and two addresses.

use std::collections::HashMap;

use crate::lnrpc::{Chain, Feature, GetInfoResponse};

/// Features as a present lnd announces them, by bit and name (BOLT 9).
const FEATURES: [(u32, &str); 19] = [
    (0, "data-loss-protect"),
    (5, "upfront-shutdown-script"),
    (7, "gossip-queries"),
    (9, "tlv-onion"),
    (12, "static-remote-key"),
    (14, "payment-addr"),
    (17, "multi-path-payments"),
    (19, "wumbo-channels"),
    (23, "anchors-zero-fee-htlc-tx"),
    (25, "route-blinding"),
    (27, "shutdown-any-segwit"),
    (31, "amp"),
    (35, "quiescence"),
    (45, "explicit-commitment-type"),
    (47, "scid-alias"),
    (51, "zero-conf"),
    (55, "keysend"),
    (161, "rbf-coop-close-x"),
    (2023, "script-enforced-lease"),
];

pub fn get_info() -> GetInfoResponse {
    let identity = "02c8".repeat(16) + "9f";
    GetInfoResponse {
        uris: vec![
            format!("{identity}@203.0.113.80:9735"),
            format!("{identity}@{}.onion:9735", "k5ad".repeat(14)),
        ],
        identity_pubkey: identity,
        alias: "a node to measure with".to_owned(),
        num_active_channels: 41,
        num_inactive_channels: 3,
        num_pending_channels: 1,
        num_peers: 44,
        block_height: 923_456,
        block_hash: "00000000000000000001a7".to_owned() + &"5e".repeat(21),
        best_header_timestamp: 1_795_400_000,
        synced_to_chain: true,
        synced_to_graph: true,
        wallet_synced: true,
        version: "0.21.2-beta commit=v0.21.2-beta".to_owned(),
        commit_hash: "3f".repeat(20),
        color: "#3399ff".to_owned(),
        chains: vec![Chain {
            network: "mainnet".to_owned(),
            ..Chain::default()
        }],
        features: features(),
    }
}

fn features() -> HashMap<u32, Feature> {
    let feature = |(bit, name): (u32, &str)| {
        let is_required = bit % 2 == 0;
        (
            bit,
            Feature {
                name: name.to_owned(),
                is_required,
                is_known: true,
            },
        )
    };
    FEATURES.into_iter().map(feature).collect()
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn the_answer_has_a_real_nodes_size() {
        let info = get_info();
        assert_eq!((info.features.len(), info.uris.len()), (19, 2));
        assert!(
            (950..1150).contains(&info.encoded_len()),
            "{}",
            info.encoded_len()
        );
    }
}
