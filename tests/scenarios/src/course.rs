//! A test that is code of its own beside the scenario files: what it is called, and how it is played.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::network::Network;
use crate::payable::recover;
use crate::tier_table::{Outcome, Row, TierTable};

/// One such test.
pub struct Course {
    pub name: &'static str,
    pub covers: &'static [&'static str],
    pub kind: &'static str,
    pub run: fn(&dyn Network, &Path) -> Result<()>,
}

impl Course {
    /// Adds the row of this test if the filter lets it through.
    pub fn play(&self, network: &dyn Network, program: &Path, filter: &str, table: &mut TierTable) {
        let name = self.name;
        if !name.contains(filter) {
            return;
        }
        let tier = network.tier();
        let start = Instant::now();
        let outcome = match (self.run)(network, program) {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(error) => {
                println!("FAILED {name} on {}: {error:#}", tier.name());
                if let Err(error) = recover(network) {
                    println!("  and the nodes did not recover: {error:#}");
                }
                Outcome::Failed(format!("{error:#}"))
            }
        };
        table.add(Row {
            name: name.to_owned(),
            covers: self.covers.iter().map(ToString::to_string).collect(),
            kind: self.kind,
            tier,
            outcome,
        });
    }
}
