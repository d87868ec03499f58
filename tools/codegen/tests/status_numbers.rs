//! Status numbers are promises: the list in the core equals the frozen one.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    reason = "each test binary uses its part of the support module"
)]

mod support;

use arkgrpc_core::error::Status;
use support::list;

#[test]
fn numbers_and_names_are_the_frozen_ones() {
    let present: Vec<String> = Status::ALL
        .iter()
        .map(|status| format!("{} {}", status.number(), status.name()))
        .collect();
    let frozen = list("status.txt");
    for row in &frozen {
        assert!(
            present.contains(row),
            "\"{row}\" was removed or changed: that breaks callers"
        );
    }
    for row in &present {
        assert!(
            frozen.contains(row),
            "\"{row}\" is new: append it to tests/abi/status.txt"
        );
    }
}
