//! Many players at work on one list of cells.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use arkgrpc_scenarios::player::Player;
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::cell::Cell;
use crate::path;
use crate::report::Report;
use crate::stage::Theatre;
use crate::tables::Ground;

/// A player that is told to end must do so.
const ENDING: Duration = Duration::from_secs(30);

/// The programs that hold the library.
pub struct Programs {
    pub player: PathBuf,
    /// The same under a clock that jumps.
    pub clock: Option<PathBuf>,
    _scripts: TempDir,
}

impl Programs {
    pub fn find() -> Result<Self> {
        let player = path("ARKGRPC_PLAYER")?;
        let scripts = tempfile::tempdir()?;
        let clock = match path("ARKGRPC_SHIFTING_CLOCK") {
            Ok(library) => Some(script(scripts.path(), &player, &library)?),
            Err(_) => None,
        };
        Ok(Self {
            player,
            clock,
            _scripts: scripts,
        })
    }
}

fn script(folder: &Path, player: &Path, library: &Path) -> Result<PathBuf> {
    let path = folder.join("player-under-a-shifting-clock");
    let (library, player) = (library.display(), player.display());
    let text = format!("#!/bin/sh\nexec env LD_PRELOAD=\"{library}\" \"{player}\"\n");
    fs::write(&path, text).context("writing a script")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// How many at once take a second look, and how much more time it has.
const SECOND_LOOKERS: usize = 4;
const SECOND_PATIENCE: u32 = 4;

/// Plays all cells. Those that may have failed because the machine was busy are played once more, few at
/// a time and with more time.
pub fn play(
    programs: &Programs,
    theatre: &Theatre,
    workers: usize,
    cells: Vec<Cell>,
    report: &mut Report,
) {
    let (usual, clock): (Vec<Cell>, Vec<Cell>) = cells
        .into_iter()
        .partition(|cell| cell.fault.ground != Ground::ClockJumps);
    for (program, cells) in [
        (Some(&programs.player), usual),
        (programs.clock.as_ref(), clock),
    ] {
        let Some(program) = program else { continue };
        let again = play_at_once(program, theatre, workers, cells, report);
        if !again.is_empty() {
            println!("{} cells ran out of time and are played again", again.len());
        }
        play_at_once(program, theatre, SECOND_LOOKERS, again, report);
    }
}

/// Gives back the cells that are to be played again.
fn play_at_once(
    program: &Path,
    theatre: &Theatre,
    workers: usize,
    cells: Vec<Cell>,
    report: &mut Report,
) -> Vec<Cell> {
    let workers = workers.min(cells.len());
    let queue = Mutex::new(cells.into_iter());
    let (report, again) = (Mutex::new(report), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(program, theatre, &queue, &report, &again));
        }
    });
    again.into_inner()
}

fn work(
    program: &Path,
    theatre: &Theatre,
    queue: &Mutex<std::vec::IntoIter<Cell>>,
    report: &Mutex<&mut Report>,
    again: &Mutex<Vec<Cell>>,
) {
    let mut player = None;
    loop {
        let Some(cell) = queue.lock().next() else {
            break;
        };
        let at_work = match player.take().map_or_else(|| Player::spawn(program), Ok) {
            Ok(at_work) => at_work,
            Err(error) => {
                report.lock().add(&cell, vec![format!("{error:#}")]);
                continue;
            }
        };
        let mut wrong = cell.play(theatre, &at_work);
        if wrong.is_empty() {
            player = Some(at_work);
        } else {
            // After a surprise the process may be in any state; the next cell gets a fresh one.
            let said = last_words(theatre, at_work);
            if said.is_none() && cell.patience == 1 && Cell::may_have_been_slow(&wrong) {
                again.lock().push(Cell {
                    patience: SECOND_PATIENCE,
                    ..cell
                });
                continue;
            }
            wrong.extend(said);
        }
        report.lock().add(&cell, wrong);
    }
    if let Some(said) = player.and_then(|player| last_words(theatre, player)) {
        report.lock().complain("a player", said);
    }
}

/// Ends the player. The library must have left it alive, and must have written nothing.
fn last_words(theatre: &Theatre, player: Player) -> Option<String> {
    match player.finish(ENDING) {
        Ok(stray) if stray.is_empty() => None,
        Ok(stray) if theatre.leaks_into(&stray) => Some("A SECRET in what was written".to_owned()),
        Ok(stray) => Some(format!("it wrote: {stray}")),
        Err(error) => Some(format!("{error:#}")),
    }
}
