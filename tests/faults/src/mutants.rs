//! Mistakes that can be built into the library for this test alone, and the cells that must notice them.

use anyhow::{Result, bail};

use crate::cell::Cell;
use crate::report::Report;
use crate::server::Mode;
use crate::tables::Class;

pub struct Mutant {
    name: &'static str,
    /// Faults whose cells show it.
    faults: &'static [&'static str],
    modes: &'static [Mode],
    writes_only: bool,
    /// What the cells then complain about.
    complaint: &'static str,
}

const MUTANTS: [Mutant; 3] = [
    Mutant {
        name: "retry_unavailable",
        faults: &[
            "unavailable_after_execution",
            "unavailable_wait",
            "unavailable_never",
        ],
        modes: &[Mode::Once, Mode::Lasting],
        writes_only: true,
        complaint: "requests, at most",
    },
    Mutant {
        name: "fresh_latch",
        faults: &[
            "reset_stream_internal",
            "close_after_execution",
            "no_answer",
        ],
        modes: &[Mode::Once, Mode::Lasting],
        writes_only: true,
        complaint: "FALSE NO",
    },
    Mutant {
        name: "count_refusals",
        faults: &["wallet_locked", "starting", "macaroon_revoked"],
        modes: &[Mode::Lasting],
        writes_only: false,
        complaint: "CIRCUIT_OPEN",
    },
];

impl Mutant {
    pub fn named(name: &str) -> Result<Self> {
        match MUTANTS.into_iter().find(|mutant| mutant.name == name) {
            Some(mutant) => Ok(mutant),
            None => bail!("no mutant is called {name}"),
        }
    }

    pub fn concerns(&self, cell: &Cell) -> bool {
        self.faults.contains(&cell.fault.name.as_str())
            && self.modes.contains(&cell.mode)
            && (!self.writes_only || cell.row.class != Class::R)
    }

    /// Whether the cells noticed, by what they are there for.
    pub fn is_found(&self, report: &Report) -> bool {
        let (found, cells) = (report.found(self.complaint), report.cells());
        let name = self.name;
        println!(
            "mutant {name}: {found} of {cells} cells complain of \"{}\"",
            self.complaint
        );
        found > 0
    }
}
