//! The command `arkgrpc`.
#![forbid(unsafe_code)]

mod devnet;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tools around libarkgrpc.
#[derive(Parser)]
#[command(name = "arkgrpc", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start simulated daemons, for one program or until a signal comes.
    Devnet(devnet::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Devnet(arguments) => devnet::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("arkgrpc: {error:#}");
            ExitCode::FAILURE
        }
    }
}
