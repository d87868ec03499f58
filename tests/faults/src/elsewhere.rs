//! The faults that C programs play: whether those programs exist, have the named function, and are in
//! the list of tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::tables::Played;

/// Checks one and describes it in a line.
pub fn check(played: &Played) -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../c");
    let (tier, program) = played.test.split_once('.').context("test: TIER.NAME")?;
    let list = match tier {
        "c" => "offline_programs",
        "devnet" => "daemon_programs",
        other => anyhow::bail!("{}: no C program has the tier {other}", played.test),
    };
    let programs = read(folder.join("Programs.cmake"))?;
    let from = programs.find(&format!("set({list}"));
    let listed = from.and_then(|from| programs.get(from..)?.split(')').next());
    let named = listed.is_some_and(|list| list.split_whitespace().any(|word| word == program));
    ensure!(
        named,
        "{} is no test: {program} is not in {list}",
        played.test
    );
    let source = read(folder.join(program).with_extension("c"))?;
    let (function, times) = (&played.function, source.matches(&played.function).count());
    ensure!(
        times >= 2,
        "{program}.c does not define and call {function}"
    );
    Ok(format!(
        "{:2} {} ({}: {function})",
        played.number, played.title, played.test
    ))
}

fn read(path: PathBuf) -> Result<String> {
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}
