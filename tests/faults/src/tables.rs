//! The tables: faults, expectations, parameters of the methods, and what is played elsewhere.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::server::{Act, Door, Mode};

/// How the daemon treats repeats of a method.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Read.
    R,
    /// Write with a key.
    K,
    /// Other write.
    N,
}

/// What is wrong beside or in the place of the server.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    #[default]
    Usual,
    NoSuchHost,
    MacaroonRenewed,
    CertificateRenewed,
    PlaintextConfigured,
    /// The connections are idle, then reset as soon as something comes.
    IdleAndForgotten,
    /// The connections are idle, then nothing goes through any more.
    IdleAndDead,
    /// The wall clock jumps an hour back and forth whenever it is read.
    ClockJumps,
    WrongJson,
    WrongAmounts,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub number: u32,
    pub name: String,
    /// Group of expectations.
    pub expect: String,
    #[serde(default)]
    pub says: String,
    #[serde(default)]
    pub door: Door,
    #[serde(default)]
    pub act: Option<Act>,
    #[serde(default)]
    pub ground: Ground,
    #[serde(default)]
    modes: Vec<Mode>,
}

impl Fault {
    /// The modes in which it is played against a method of this class.
    pub fn modes(&self, class: Class) -> Vec<Mode> {
        let possible = match (&self.act, class) {
            (None, _) => vec![Mode::Outset],
            (Some(_), Class::R) => vec![Mode::Once, Mode::Lasting],
            (Some(_), _) => vec![Mode::Once, Mode::Lasting, Mode::Outset],
        };
        let chosen = |mode: &Mode| self.modes.is_empty() || self.modes.contains(mode);
        possible.into_iter().filter(chosen).collect()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    pub status: Vec<String>,
    pub executed: Vec<String>,
    pub requests: Option<usize>,
    pub dials: Option<usize>,
    pub pause_ms: Option<u64>,
    pub repeats: Option<usize>,
}

type Group = BTreeMap<String, BTreeMap<Class, Expectation>>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// A read that shows that a client is usable.
    pub read: String,
    /// A harmless write that shows the same.
    pub write: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The struck request, `package.Service/Method`.
    pub rpc: String,
    #[serde(default)]
    pub params: Value,
    /// Whether the call carries an id of its caller.
    #[serde(default)]
    pub operation_id: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Played {
    pub number: u32,
    pub title: String,
    /// Name in the list of tests.
    pub test: String,
    /// Function of the C program.
    pub function: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultFile {
    fault: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterFile {
    service: BTreeMap<String, Service>,
    method: BTreeMap<String, BTreeMap<String, Parameters>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayedFile {
    played: Vec<Played>,
}

pub struct Tables {
    pub faults: Vec<Fault>,
    expectations: BTreeMap<String, Group>,
    parameters: ParameterFile,
    pub elsewhere: Vec<Played>,
}

/// All of them stand somewhere.
const FAULTS: u32 = 34;

impl Tables {
    /// Reads them and checks that they fit together.
    pub fn read() -> Result<Self> {
        let faults: FaultFile = parse("faults", include_str!("../tables/faults.toml"))?;
        let played: PlayedFile = parse("elsewhere", include_str!("../tables/elsewhere.toml"))?;
        let tables = Self {
            faults: faults.fault,
            expectations: parse("expectations", include_str!("../tables/expectations.toml"))?,
            parameters: parse("parameters", include_str!("../tables/parameters.toml"))?,
            elsewhere: played.played,
        };
        for fault in &tables.faults {
            for class in [Class::R, Class::K, Class::N] {
                for mode in fault.modes(class) {
                    tables.expectation(fault, mode, class)?;
                }
            }
        }
        for number in 1..=FAULTS {
            let here = tables.faults.iter().any(|fault| fault.number == number);
            let there = tables.elsewhere.iter().any(|it| it.number == number);
            ensure!(here || there, "fault {number} is played nowhere");
        }
        Ok(tables)
    }

    /// What may come out of this fault.
    pub fn expectation(&self, fault: &Fault, mode: Mode, class: Class) -> Result<Expectation> {
        let group = self.expectations.get(&fault.expect);
        let modes = group.and_then(|group| group.get(mode.name()));
        let found = modes.and_then(|classes| classes.get(&class));
        let mut expectation = found.cloned().with_context(|| {
            format!("no expectation {}.{}.{class:?}", fault.expect, mode.name())
        })?;
        for status in &mut expectation.status {
            if status == "$" {
                status.clone_from(&fault.says);
            }
        }
        Ok(expectation)
    }

    pub fn service(&self, name: &str) -> Result<&Service> {
        let found = self.parameters.service.get(name);
        found.with_context(|| format!("tables/parameters.toml has no [service.{name}]"))
    }

    pub fn parameters(&self, service: &str, method: &str) -> Result<&Parameters> {
        let methods = self.parameters.method.get(service);
        let found = methods.and_then(|methods| methods.get(method));
        found.with_context(|| format!("tables/parameters.toml has no [method.{service}.{method}]"))
    }

    /// Every method that the table names.
    pub fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters
            .method
            .iter()
            .flat_map(|(service, methods)| {
                methods
                    .keys()
                    .map(|method| (service.as_str(), method.as_str()))
            })
    }
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    match toml::from_str(text) {
        Ok(table) => Ok(table),
        Err(error) => bail!("tables/{name}.toml: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_fit_together() {
        Tables::read().unwrap();
    }

    #[test]
    fn writes_may_never_be_sent_twice_without_a_key() {
        let tables = Tables::read().unwrap();
        for (name, group) in &tables.expectations {
            for (mode, classes) in group {
                let Some(write) = classes.get(&Class::N) else {
                    continue;
                };
                let harmless = write.dials == Some(0) || write.status == ["OK"];
                assert!(
                    write.requests.is_some_and(|most| most <= 1) || harmless,
                    "{name}.{mode}"
                );
                let read = classes.get(&Class::R);
                assert!(read.is_none_or(|read| !read.executed.contains(&"unknown".to_owned())));
            }
        }
    }
}
