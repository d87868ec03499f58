//! `arkgrpc-money [--calls N] [--seed N]... [--fresh-seed] [--threads N] [--caller library|status-code|unknown-is-no]`
//!
//! Many callers pay, invoice and send through the C library at a node that keeps a ledger and fails in
//! thirteen ways; processes are killed between request and answer. Afterwards the ledger judges what
//! the callers were told. The calls are shared out among the seeds.
//!
//! Needs `ARKGRPC_PLAYER`: a program that holds the library and speaks the player protocol. Ends with 0
//! when the ledger confirms everything, 3 when something was done twice, 4 when something was done that
//! was said not to be, 5 when something was not done that was said to be, 1 when the run itself failed.
#![forbid(unsafe_code)]

mod caller;
mod node;
mod round;
mod totals;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use caller::{Belief, Finding};
use lexopt::prelude::*;
use round::Terms;
use totals::Totals;

struct Request {
    calls: u64,
    seeds: Vec<u64>,
    threads: usize,
    belief: Belief,
}

fn main() -> ExitCode {
    match parse().and_then(|request| play(&request)) {
        Ok(totals) => verdict(&totals),
        Err(error) => {
            eprintln!("arkgrpc-money: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Request> {
    let mut request = Request {
        calls: 10_000,
        seeds: Vec::new(),
        threads: 64,
        belief: Belief::Library,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("calls") => request.calls = parser.value()?.parse()?,
            Long("seed") => request.seeds.push(parser.value()?.parse()?),
            Long("fresh-seed") => request.seeds.push(fastrand::u64(..)),
            Long("threads") => request.threads = parser.value()?.parse()?,
            Long("caller") => {
                request.belief = match parser.value()?.string()?.as_str() {
                    "library" => Belief::Library,
                    "status-code" => Belief::StatusCode,
                    "unknown-is-no" => Belief::UnknownIsNo,
                    other => bail!("no caller {other}"),
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if request.seeds.is_empty() {
        request.seeds.push(fastrand::u64(..));
    }
    Ok(request)
}

fn play(request: &Request) -> Result<Totals> {
    let player = env::var_os("ARKGRPC_PLAYER").map(PathBuf::from);
    let player = player.context("ARKGRPC_PLAYER is not set: give the path of a player")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let terms = Terms {
        runtime: &runtime,
        player: &player,
        threads: request.threads,
        belief: request.belief,
    };
    let start = Instant::now();
    let mut totals = Totals::default();
    let share = request.calls.div_ceil(request.seeds.len() as u64);
    for seed in &request.seeds {
        println!("seed {seed}");
        let mut lot = fastrand::Rng::with_seed(*seed);
        let mut left = share;
        while left > 0 {
            let before = totals.calls;
            round::play(&terms, lot.u64(..), left.min(round::CALLS), &mut totals)?;
            left = left.saturating_sub(totals.calls - before);
        }
        totals.span = start.elapsed();
        println!("{totals}");
    }
    Ok(totals)
}

fn verdict(totals: &Totals) -> ExitCode {
    let codes = [
        (Finding::PaidTwice, 3),
        (Finding::FalseNever, 4),
        (Finding::FalseDone, 5),
    ];
    let found = codes.iter().find(|(finding, _)| totals.found(*finding) > 0);
    found.map_or(ExitCode::SUCCESS, |(_, code)| ExitCode::from(*code))
}
