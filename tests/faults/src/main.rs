//! `arkgrpc-faults [--workers N] [--must-find MUTANT] [FILTER]`
//!
//! Plays every fault of the table against every method that the library says it has. Needs
//! `ARKGRPC_PLAYER`, a program that holds the C library, and `ARKGRPC_SHIFTING_CLOCK`, a library that
//! makes the wall clock jump. Ends with 0 when every cell came out as the tables demand.
//!
//! With `--must-find` the player's library has a mistake built in, and the run is passed only if the
//! cells that watch for it notice.
#![forbid(unsafe_code)]

mod cell;
mod daemon;
mod elsewhere;
mod inputs;
mod judge;
mod mutants;
mod report;
mod rows;
mod server;
mod stage;
mod tables;
mod troupe;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arkgrpc_scenarios::player::Player;
use lexopt::prelude::*;

use cell::Cell;
use mutants::Mutant;
use report::Report;
use rows::Row;
use stage::Theatre;
use tables::{Ground, Tables};
use troupe::Programs;

const WORKERS: usize = 48;

struct Request {
    workers: usize,
    mutant: Option<Mutant>,
    filter: String,
}

fn main() -> ExitCode {
    match parse().and_then(|request| run(&request)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("arkgrpc-faults: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Request> {
    let mut request = Request {
        workers: WORKERS,
        mutant: None,
        filter: String::new(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("workers") => request.workers = parser.value()?.parse()?,
            Long("must-find") => request.mutant = Some(Mutant::named(&parser.value()?.string()?)?),
            Value(text) => request.filter = text.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(request)
}

fn run(request: &Request) -> Result<bool> {
    let started = Instant::now();
    let tables = Tables::read()?;
    let programs = Programs::find()?;
    let rows = read_rows(&programs, &tables)?;
    let mut report = Report::default();
    let mut cells = Vec::new();
    for cell in every_cell(&rows, &tables)? {
        let wanted = match &request.mutant {
            Some(mutant) => mutant.concerns(&cell),
            None => cell.name().contains(&request.filter),
        };
        if wanted && cell.fault.ground == Ground::ClockJumps && programs.clock.is_none() {
            report.skip();
        } else if wanted {
            cells.push(cell);
        }
    }
    ensure!(!cells.is_empty(), "no cell is called so");
    if programs.clock.is_none() {
        println!("SKIP: ARKGRPC_SHIFTING_CLOCK is not set: no cell with a clock that jumps");
    }
    // First those that take half a minute whatever the machine.
    cells.sort_by_key(|cell| !cell.is_slow());
    println!("{} methods, {} cells", rows.len(), cells.len());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let theatre = Theatre::build(runtime.handle().clone())?;
    troupe::play(&programs, &theatre, request.workers, cells, &mut report);
    for played in &tables.elsewhere {
        match elsewhere::check(played) {
            Ok(line) => report.add_elsewhere(line),
            Err(error) => report.complain("played elsewhere", format!("{error:#}")),
        }
    }
    println!("{report}");
    println!("{:.0} s", started.elapsed().as_secs_f64());
    Ok(match &request.mutant {
        Some(mutant) => mutant.is_found(&report),
        None => report.unexpected() == 0,
    })
}

fn read_rows(programs: &Programs, tables: &Tables) -> Result<Vec<Arc<Row>>> {
    let limit = Duration::from_secs(60);
    let player = Player::spawn(&programs.player)?;
    let methods = player.methods()?.wait(limit)?;
    player.finish(limit)?;
    let rows = rows::read(&methods.json, tables)?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

fn every_cell(rows: &[Arc<Row>], tables: &Tables) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for fault in &tables.faults {
        let fault = Arc::new(fault.clone());
        for row in rows {
            let without_amounts = fault.ground == Ground::WrongAmounts && !inputs::has_amounts(row);
            for mode in fault.modes(row.class) {
                if without_amounts {
                    continue;
                }
                cells.push(Cell {
                    row: Arc::clone(row),
                    fault: Arc::clone(&fault),
                    mode,
                    expected: tables.expectation(&fault, mode, row.class)?,
                    service: tables.service(&row.service)?.clone(),
                    patience: 1,
                });
            }
        }
    }
    Ok(cells)
}

/// A path from the environment.
fn path(name: &str) -> Result<PathBuf> {
    let value = env::var_os(name).map(PathBuf::from);
    value.with_context(|| format!("{name} is not set"))
}
