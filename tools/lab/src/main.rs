//! The command `arkgrpc-lab`: builds the real daemons, runs them, and lets programs use them.
#![forbid(unsafe_code)]

mod up;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arkgrpc_lab::daemon_build::DaemonBinaries;
use arkgrpc_lab::{LabError, Waiter, orphan_guard};
use lexopt::prelude::*;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

const USAGE: &str = "\
usage: arkgrpc-lab build
       arkgrpc-lab up [--env-file FILE] [--keep-files] [-- PROGRAM ARGUMENT…]

build  compiles btcd, lnd and tapd into the user's cache, unless they are there; prints where
up     runs btcd and two lnd with a channel until SIGINT or SIGTERM, or while PROGRAM runs, with
       LND_HOST, LND_PORT, LND_TLS_CERT, LND_MACAROON and more in FILE and in its environment
";
/// End what runs in good order: the build, the start, the lab.
const ENDING_SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
/// What test runners take for "skipped".
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(Failure::Usage(message)) => {
            eprint!("arkgrpc-lab: {message}\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Lab(error)) => {
            eprintln!("arkgrpc-lab: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Usage(String),
    Lab(LabError),
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        Failure::Lab(error)
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Failure::Usage(error.to_string())
    }
}

fn run(arguments: &[OsString]) -> Result<u8, Failure> {
    // A daemon's own arguments follow: they are not ours to parse.
    if let [first, parent, program, rest @ ..] = arguments
        && first == orphan_guard::SUPERVISE
    {
        orphan_guard::supervise(&parent.to_string_lossy(), program, rest)?;
        return Ok(0);
    }
    let mut parser = lexopt::Parser::from_args(arguments);
    match parser.next()? {
        Some(Value(command)) if command == "build" => {
            no_more(&mut parser)?;
            build()
        }
        Some(Value(command)) if command == "up" => Ok(up(parse_up(&mut parser)?)?),
        Some(Long("help") | Short('h')) => {
            print!("{USAGE}");
            Ok(0)
        }
        Some(other) => Err(other.unexpected().into()),
        None => Err(Failure::Usage("a command is missing".into())),
    }
}

fn no_more(parser: &mut lexopt::Parser) -> Result<(), lexopt::Error> {
    parser
        .next()?
        .map_or(Ok(()), |extra| Err(extra.unexpected()))
}

fn parse_up(parser: &mut lexopt::Parser) -> Result<up::Request, lexopt::Error> {
    let mut request = up::Request::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("env-file") => request.env_file = Some(PathBuf::from(parser.value()?)),
            Long("keep-files") => request.keep_files = true,
            Value(program) => {
                request.program.push(program);
                request.program.extend(parser.raw_args()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(request)
}

/// Every wait ends at the first of the ending signals.
fn waiter() -> Result<Waiter, LabError> {
    let interrupt = Arc::new(AtomicBool::new(false));
    for signal in ENDING_SIGNALS {
        signal_hook::flag::register(signal, interrupt.clone())
            .map_err(LabError::io("registering signals"))?;
    }
    Ok(Waiter::interruptible(interrupt))
}

fn build() -> Result<u8, Failure> {
    match DaemonBinaries::build(&waiter()?) {
        Ok(binaries) => {
            println!("{}", binaries.directory().display());
            Ok(0)
        }
        Err(error) if error.is_skip() => Ok(skip(&error, 0)),
        Err(error) => Err(error.into()),
    }
}

fn up(request: up::Request) -> Result<u8, LabError> {
    match up::run(&request, waiter()?) {
        Err(error) if error.is_skip() => Ok(skip(&error, SKIPPED)),
        other => other,
    }
}

/// A skip is said aloud; it is a failure where `ARKGRPC_REQUIRE` lists `go`.
fn skip(reason: &LabError, code: u8) -> u8 {
    println!("SKIP: {reason}");
    let required = std::env::var("ARKGRPC_REQUIRE").unwrap_or_default();
    if required.split(',').any(|word| word.trim() == "go") {
        1
    } else {
        code
    }
}
