//! How protocol features are shown: as a list in the order of their bits.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::transport::generated::lnrpc::Feature;

/// One announced feature (BOLT 9).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FeatureView {
    /// Its bit.
    bit: u32,
    /// Its name; lnd calls those that it does not know `unknown`.
    name: String,
    /// Whether whoever does not know it must not go on.
    is_required: bool,
    /// Whether lnd knows it.
    is_known: bool,
}

pub(super) fn features(map: HashMap<u32, Feature>) -> Vec<FeatureView> {
    let mut features: Vec<FeatureView> = map
        .into_iter()
        .map(|(bit, feature)| FeatureView {
            bit,
            name: feature.name,
            is_required: feature.is_required,
            is_known: feature.is_known,
        })
        .collect();
    features.sort_by_key(|feature| feature.bit);
    features
}
