//! Measures the library through C against raw tonic, on this machine and against a daemon that answers
//! at once, and says which goals are met. Everything is judged by ratios of one alternating run.
#![forbid(unsafe_code)]

mod answer;
mod c_client;
mod credentials;
mod daemon;
mod goals;
mod load;
mod machine;
mod pin;
mod process;
mod report;
mod rounds;
mod samples;
mod scenario;
mod tonic_client;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

/// lnd's messages, compiled from the project's .proto files.
#[allow(dead_code, clippy::all)]
mod lnrpc {
    tonic::include_proto!("lnrpc");
}

/// Measures an installed libarkgrpc through a C program against raw tonic, and prints a report in
/// Markdown. Build with --release, on a quiet machine.
#[derive(Parser)]
#[command(
    name = "arkgrpc-bench",
    version,
    args_conflicts_with_subcommands = true
)]
#[command(subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    measurement: Option<Measurement>,
}

/// What this program does when it starts itself.
#[derive(Subcommand)]
enum Role {
    #[command(hide = true)]
    Daemon(daemon::Arguments),
    #[command(hide = true)]
    Tonic(tonic_client::Arguments),
}

/// What to measure, and how long.
#[derive(Args, Clone)]
struct Measurement {
    /// Where libarkgrpc is installed: a directory with include/ and lib/
    #[arg(long, value_name = "DIR")]
    library: PathBuf,
    /// How often everything is measured; the report gives medians
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Short runs in two rounds: shows that all works, measures nothing
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match (&arguments.role, &arguments.measurement) {
        (Some(Role::Daemon(arguments)), _) => daemon::run(arguments),
        (Some(Role::Tonic(arguments)), _) => tonic_client::run(arguments),
        (None, Some(measurement)) => measure(measurement),
        (None, None) => Err(anyhow::anyhow!("give --library")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arkgrpc-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(measurement: &Measurement) -> Result<()> {
    let plan = rounds::Plan::of(measurement.rounds, measurement.quick);
    let machine = machine::Machine::now()?;
    let directory = tempfile::tempdir().context("cannot make a temporary directory")?;
    let client = c_client::CClient::compile(&measurement.library, directory.path())?;
    let build = client.build_info()?;
    let samples = rounds::run(&plan, &client, directory.path())?;
    let goals = goals::judge(&samples, client.library_bytes()?)?;
    print!(
        "{}",
        report::markdown(&plan, &machine, &build, &samples, &goals)?
    );
    Ok(())
}
