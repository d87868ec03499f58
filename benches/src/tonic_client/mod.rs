//! The peers: raw tonic without our library, in a process of its own, driven in two ways.

mod connection;
mod drivers;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::credentials::Credentials;
use crate::load::{Load, pin};

#[derive(Args, Clone, Debug)]
pub struct Arguments {
    #[arg(long)]
    pub driver: Driver,
    #[arg(long)]
    pub port: u16,
    #[command(flatten)]
    pub credentials: Credentials,
    #[command(flatten)]
    pub load: Load,
}

/// How calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Driver {
    /// Tasks on a current-thread runtime: the reference
    Async,
    /// Threads that each block on a shared runtime with two workers
    Blocking,
}

/// Prints the figures as one line of JSON.
pub fn run(arguments: &Arguments) -> Result<()> {
    pin(arguments.load.core)?;
    let figures = match arguments.driver {
        Driver::Async => drivers::asynchronous(arguments)?,
        Driver::Blocking => drivers::blocking(arguments)?,
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// Where latencies of one caller go without growing soon.
fn latencies(timed: Duration) -> Vec<u32> {
    Vec::with_capacity(usize::try_from(timed.as_millis()).unwrap_or(0) * 32)
}
