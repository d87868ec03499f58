//! Plays all scenarios on one tier and checks that no method of the library is left out.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::network::Network;
use crate::payable::recover;
use crate::player::Player;
use crate::scenario::{Kind, Scenario};
use crate::stage::Stage;
use crate::steps;
use crate::tier_table::{Outcome, Row, TierTable, uncovered};

/// All scenario files below a directory, in the order of their paths.
pub fn read_scenarios(directory: &Path) -> Result<Vec<Scenario>> {
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    files.sort();
    ensure!(
        !files.is_empty(),
        "no scenario below {}",
        directory.display()
    );
    files.iter().map(|file| Scenario::read(file)).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || format!("reading {}", directory.display());
    for entry in std::fs::read_dir(directory).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Plays those scenarios whose name contains `filter`.
pub fn play_all(
    network: &dyn Network,
    program: &Path,
    scenarios: &[Scenario],
    filter: &str,
    table: &mut TierTable,
) {
    let tier = network.tier();
    let mut lost = None;
    for scenario in scenarios
        .iter()
        .filter(|scenario| scenario.name.contains(filter))
    {
        let outcome = match (&scenario.only_because, &lost) {
            (Some(reason), _) if !scenario.is_for(tier) => Outcome::Skipped(reason.clone()),
            (_, Some(reason)) => Outcome::Failed(format!("not played: {reason}")),
            _ => play(network, program, scenario),
        };
        if let (Outcome::Failed(reason), None) = (&outcome, &lost) {
            println!("FAILED {} on {}: {reason}", scenario.name, tier.name());
            lost = recover(network)
                .err()
                .map(|error| format!("the nodes are lost: {error:#}"));
        }
        table.add(Row {
            name: scenario.name.clone(),
            covers: scenario.covers.clone(),
            kind: kind_name(scenario.kind),
            tier,
            outcome,
        });
    }
}

fn play(network: &dyn Network, program: &Path, scenario: &Scenario) -> Outcome {
    let start = Instant::now();
    let mut stage = match Stage::new(network, program, scenario.player.clone()) {
        Ok(stage) => stage,
        Err(error) => return Outcome::Failed(format!("{error:#}")),
    };
    let played = steps::play(&mut stage, &scenario.step);
    let finished = stage.finish();
    match (played, finished) {
        (Ok(()), Ok(())) => Outcome::Passed(start.elapsed()),
        (Err(error), Ok(())) | (Ok(()), Err(error)) => Outcome::Failed(format!("{error:#}")),
        (Err(first), Err(second)) => Outcome::Failed(format!("{first:#}; then {second:#}")),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Happy => "happy",
        Kind::Error => "error",
        Kind::Repeat => "repeat",
        Kind::Restart => "restart",
    }
}

/// Adds one row that fails when a method or a stream of the library has no happy or no error scenario.
pub fn check_coverage(
    network: &dyn Network,
    program: &Path,
    scenarios: &[Scenario],
    table: &mut TierTable,
) {
    let start = Instant::now();
    let outcome = match offered_methods(program) {
        Ok(methods) => {
            let missing = uncovered(&methods, scenarios, network.tier());
            match missing.is_empty() {
                true => Outcome::Passed(start.elapsed()),
                false => Outcome::Failed(missing.join("; ")),
            }
        }
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    if let Outcome::Failed(reason) = &outcome {
        println!("FAILED coverage: {reason}");
    }
    let name = "every method and stream has a happy and an error scenario".to_owned();
    table.add(Row {
        name,
        covers: vec![],
        kind: "coverage",
        tier: network.tier(),
        outcome,
    });
}

/// What `arkgrpc_methods` of the library under test lists, as `service.name`: methods and streams.
fn offered_methods(program: &Path) -> Result<Vec<String>> {
    const LIMIT: Duration = Duration::from_secs(30);
    let player = Player::spawn(program)?;
    let reply = player.methods()?.wait(LIMIT)?;
    ensure!(
        reply.status == "OK",
        "arkgrpc_methods answered {}",
        reply.status
    );
    player.finish(LIMIT)?;
    let mut names = Vec::new();
    for list in ["methods", "streams"] {
        let rows = reply.json.get(list).and_then(Value::as_array);
        let rows = rows.with_context(|| format!("no {list} in {}", reply.json))?;
        ensure!(!rows.is_empty(), "the library offers no {list}");
        for row in rows {
            let text = |key: &str| row.get(key).and_then(Value::as_str);
            let (service, name) = (text("service"), text("name"));
            let service = service.with_context(|| format!("no service in {row}"))?;
            let name = name.with_context(|| format!("no name in {row}"))?;
            names.push(format!("{service}.{name}"));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_file_is_sound_and_has_a_name_of_its_own() {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("files");
        let scenarios = read_scenarios(&files).unwrap();
        let mut names: Vec<_> = scenarios.iter().map(|scenario| &scenario.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), scenarios.len());
    }

    #[test]
    fn a_directory_without_scenarios_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read_scenarios(directory.path()).is_err());
        std::fs::write(directory.path().join("a.toml"), "title = 5").unwrap();
        let error = format!("{:#}", read_scenarios(directory.path()).unwrap_err());
        assert!(error.contains("a.toml"), "{error}");
    }
}
