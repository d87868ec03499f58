//! The list of cases.

use std::path::Path;

use anyhow::Result;

use super::situation::{Arrival, Finding, Situation};
use super::{cuts, hold_invoices, kills, sweep};
use crate::network::Network;

type Held = fn(&mut Situation<'_>) -> Result<()>;
type Whole = fn(&dyn Network, &Path) -> Result<Vec<Finding>>;

enum Course {
    /// One payment that bob holds.
    Held(Held),
    /// Payments of its own.
    Whole(Whole),
}

/// One way to lose an answer.
pub struct MoneyCase {
    pub name: &'static str,
    course: Course,
}

impl MoneyCase {
    const fn held(name: &'static str, course: Held) -> Self {
        let course = Course::Held(course);
        Self { name, course }
    }

    const fn whole(name: &'static str, course: Whole) -> Self {
        let course = Course::Whole(course);
        Self { name, course }
    }

    pub fn play(&self, network: &dyn Network, program: &Path) -> Result<Vec<Finding>> {
        println!("--- {} ({})", self.name, network.tier().name());
        match self.course {
            Course::Whole(play) => play(network, program),
            Course::Held(play) => {
                let mut situation = Situation::begin(network, program, Arrival::Held)?;
                play(&mut situation)?;
                situation.close_books()
            }
        }
    }
}

pub const CASES: &[MoneyCase] = &[
    MoneyCase::held("cut in flight, then paid", cuts::in_flight_then_paid),
    MoneyCase::held("cut in flight, then refused", cuts::in_flight_then_refused),
    MoneyCase::held("cut in flight, healed in time", cuts::healed_in_time),
    MoneyCase::held("answers lost until the deadline", cuts::answers_lost),
    MoneyCase::held("cut before the first byte", cuts::before_the_first_byte),
    MoneyCase::held("silent line under an open connection", cuts::silent_line),
    MoneyCase::held("killed in flight, then paid", kills::in_flight_then_paid),
    MoneyCase::held(
        "killed in flight, asked before paid",
        kills::asked_while_in_flight,
    ),
    MoneyCase::held("killed before the first byte", kills::before_the_first_byte),
    MoneyCase::whole("cut once at every moment", sweep::cut_once),
    MoneyCase::whole("first updates lost", sweep::updates_of_a_held_payment),
    MoneyCase::whole("hold invoices cut at every moment", hold_invoices::cut_once),
    MoneyCase::whole("cut for good at every moment", sweep::cut_for_good),
];
