//! The list of cases.

use std::path::Path;

use anyhow::Result;

use super::chain::{self, Kind};
use super::situation::{Arrival, Finding, Situation};
use super::{cuts, hold_invoices, kills, sweep};
use crate::network::Network;

type Held = fn(&mut Situation<'_>) -> Result<()>;
type OnChain = fn(&dyn Network, &Path, Kind) -> Result<Vec<Finding>>;
type Whole = fn(&dyn Network, &Path) -> Result<Vec<Finding>>;

enum Course {
    /// One payment that bob holds.
    Held(Held),
    /// Payments of its own.
    Whole(Whole),
    /// An order of its own kind.
    OnChain(OnChain, Kind),
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

    const fn chain(name: &'static str, course: OnChain, kind: Kind) -> Self {
        let course = Course::OnChain(course, kind);
        Self { name, course }
    }

    /// The method under fire.
    pub fn method(&self) -> &'static str {
        match self.course {
            Course::Held(_) | Course::Whole(_) => "send_payment",
            Course::OnChain(_, kind) => kind.method(),
        }
    }

    pub fn play(&self, network: &dyn Network, program: &Path) -> Result<Vec<Finding>> {
        println!("--- {} ({})", self.name, network.tier().name());
        match self.course {
            Course::Whole(play) => play(network, program),
            Course::OnChain(play, kind) => play(network, program, kind),
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
    MoneyCase::chain(
        "open: killed before the first byte",
        chain::killed_before_the_first_byte,
        Kind::Open,
    ),
    MoneyCase::chain(
        "open: killed in the middle",
        chain::killed_in_the_middle,
        Kind::Open,
    ),
    MoneyCase::chain(
        "open: killed with a lost order",
        chain::killed_with_a_lost_order,
        Kind::Open,
    ),
    MoneyCase::chain(
        "open: cut in the middle",
        chain::cut_in_the_middle,
        Kind::Open,
    ),
    MoneyCase::chain(
        "send on chain: killed before the first byte",
        chain::killed_before_the_first_byte,
        Kind::Send,
    ),
    MoneyCase::chain(
        "send on chain: killed in the middle",
        chain::killed_in_the_middle,
        Kind::Send,
    ),
    MoneyCase::chain(
        "send on chain: killed with a lost order",
        chain::killed_with_a_lost_order,
        Kind::Send,
    ),
    MoneyCase::chain(
        "send on chain: cut in the middle",
        chain::cut_in_the_middle,
        Kind::Send,
    ),
    MoneyCase::chain(
        "send chosen outputs: killed in the middle",
        chain::killed_in_the_middle,
        Kind::SendChosen,
    ),
    MoneyCase::chain(
        "send chosen outputs: killed with a lost order",
        chain::killed_with_a_lost_order,
        Kind::SendChosen,
    ),
    MoneyCase::chain(
        "close: killed before the first byte",
        chain::killed_before_the_first_byte,
        Kind::Close,
    ),
    MoneyCase::chain(
        "close: killed in the middle",
        chain::killed_in_the_middle,
        Kind::Close,
    ),
    MoneyCase::chain(
        "close: killed with a lost order",
        chain::killed_with_a_lost_order,
        Kind::Close,
    ),
    MoneyCase::chain(
        "close: cut in the middle",
        chain::cut_in_the_middle,
        Kind::Close,
    ),
];
