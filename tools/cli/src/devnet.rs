//! `arkgrpc devnet`: simulated daemons around one program, or until a signal ends them, and at the
//! end a word about what was called.

use std::{
    fs::File,
    io::Write,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, ExitCode, ExitStatus},
};

use anyhow::{Context, Result, bail};
use arkgrpc_devnet::{Devnet, DevnetOptions};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

const NODE: &str = "alice";
/// What shells say for a program that a signal ended.
const SIGNALLED: i32 = 128;

/// The arguments of `arkgrpc devnet`.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    /// Write the variables here, one NAME=value a line, and stay until SIGINT or SIGTERM.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "program",
        required_unless_present = "program"
    )]
    env_file: Option<PathBuf>,
    /// Set the variables, run this program with these arguments, and end with its exit code.
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

/// Does what the arguments ask.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // Before anything else: a signal that comes while the daemons start is not lost.
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM, SIGCHLD]).context("cannot watch signals")?;
    let devnet = Devnet::start(DevnetOptions::default()).context("cannot start the devnet")?;
    let variables = devnet.environment(NODE)?;
    let code = match (&arguments.env_file, arguments.program.split_first()) {
        (Some(file), _) => {
            write_variables(file, &variables)?;
            eprintln!(
                "devnet: up, variables in {}; Ctrl-C ends it",
                file.display()
            );
            signals.forever().find(|signal| *signal != SIGCHLD);
            ExitCode::SUCCESS
        }
        (None, Some((program, rest))) => {
            let child = std::process::Command::new(program)
                .args(rest)
                .envs(variables)
                .spawn()
                .with_context(|| format!("cannot run {program}"))?;
            exit_code(wait(child, &mut signals)?)
        }
        (None, None) => bail!("give --env-file FILE, or -- and a program"),
    };
    report(&devnet)?;
    Ok(code)
}

/// Writes the file under another name first: whoever waits for it never reads a part of it.
fn write_variables(file: &Path, variables: &[(String, String)]) -> Result<()> {
    let what = || format!("cannot write {}", file.display());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = file.file_name().with_context(what)?.to_string_lossy();
    let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
    let mut output = File::create(&unfinished).with_context(what)?;
    for (name, value) in variables {
        writeln!(output, "{name}={value}").with_context(what)?;
    }
    drop(output);
    std::fs::rename(&unfinished, file).with_context(what)
}

/// Waits for the program. A terminal's Ctrl-C reaches it by itself; SIGTERM, which reaches us
/// alone, is passed on. The end of the program is a signal too, watched since before it began.
fn wait(mut child: Child, signals: &mut Signals) -> Result<ExitStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    for signal in signals.forever() {
        if let Some(status) = child.try_wait().context("cannot wait for the program")? {
            return Ok(status);
        }
        if let (SIGTERM, Some(pid)) = (signal, pid) {
            kill_process(pid, Signal::TERM).context("cannot pass SIGTERM on")?;
        }
    }
    bail!("signals have ended before the program did")
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| SIGNALLED + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

/// What a program that did its work must have left here: its calls, and an alias that it can only
/// know from the daemon.
fn report(devnet: &Devnet) -> Result<()> {
    eprintln!("devnet: {NODE} is known as {}", devnet.node(NODE)?.alias);
    let calls = devnet.calls_served();
    if calls.is_empty() {
        eprintln!("devnet: no call was served");
    }
    for (method, count) in calls {
        eprintln!("devnet: served {method} {count}");
    }
    Ok(())
}
