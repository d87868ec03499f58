//! Scenarios: what users do with the library, written down once and played on simulated and on real daemons,
//! through the C ABI of the library and with the daemons' own interfaces as the judge.
#![forbid(unsafe_code)]

pub mod course;
pub mod crowd;
pub mod cut_and_kill;
pub mod cut_proxy;
pub mod made;
pub mod network;
pub mod partition;
pub mod pattern;
pub mod payable;
pub mod player;
pub mod polling;
pub mod runner;
pub mod scenario;
pub mod stage;
pub mod steps;
pub mod tier_table;
pub mod variables;
