//! Two ways to call: tasks that share one thread with the connection, and threads that block.

use std::sync::Barrier;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

use super::connection::Client;
use super::{Arguments, latencies};
use crate::load::{Figures, Load, Usages, nanoseconds};

pub fn asynchronous(arguments: &Arguments) -> Result<Figures> {
    let load = arguments.load;
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let client = Client::connect(arguments).await?;
            tasks(
                &client,
                load.callers,
                Instant::now() + load.warm_up(),
                Vec::new,
            )
            .await?;
            let usages = Usages::now()?;
            let end = Instant::now() + load.timed();
            let all = tasks(&client, load.callers, end, || latencies(load.timed())).await?;
            usages.figures(all)
        })
}

async fn tasks(
    client: &Client,
    callers: usize,
    end: Instant,
    room: impl Fn() -> Vec<u32>,
) -> Result<Vec<u32>> {
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        tasks.spawn(until(client.clone(), end, room()));
    }
    let mut all = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        all.extend(finished??);
    }
    Ok(all)
}

/// One caller, for one call at least.
async fn until(mut client: Client, end: Instant, mut latencies: Vec<u32>) -> Result<Vec<u32>> {
    let mut before = Instant::now();
    loop {
        client.get_info().await?;
        let after = Instant::now();
        latencies.push(nanoseconds(after - before));
        before = after;
        if before >= end {
            return Ok(latencies);
        }
    }
}

pub fn blocking(arguments: &Arguments) -> Result<Figures> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let client = runtime.block_on(Client::connect(arguments))?;
    let callers = arguments.load.callers;
    let gates = Gates {
        warmed_up: Barrier::new(callers + 1),
        started: Barrier::new(callers + 1),
        end: OnceLock::new(),
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|_| {
                let (client, gates) = (client.clone(), &gates);
                scope.spawn(|| caller(client, runtime.handle(), arguments.load, gates))
            })
            .collect();
        gates.warmed_up.wait();
        let usages = Usages::now()?;
        gates
            .end
            .set(Instant::now() + arguments.load.timed())
            .map_err(|_| anyhow!("set twice"))?;
        gates.started.wait();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow!("a caller panicked"))??);
        }
        usages.figures(all)
    })
}

struct Gates {
    warmed_up: Barrier,
    started: Barrier,
    end: OnceLock<Instant>,
}

fn caller(mut client: Client, runtime: &Handle, load: Load, gates: &Gates) -> Result<Vec<u32>> {
    let warm_up_end = Instant::now() + load.warm_up();
    let mut call = || runtime.block_on(client.get_info());
    let mut warm_up = call();
    while warm_up.is_ok() && Instant::now() < warm_up_end {
        warm_up = call();
    }
    // Also after a failure: the others wait here for everybody.
    gates.warmed_up.wait();
    gates.started.wait();
    warm_up?;
    let end = *gates.end.get().context("the end is set before the start")?;
    let mut latencies = latencies(load.timed());
    let mut before = Instant::now();
    while before < end {
        call()?;
        let after = Instant::now();
        latencies.push(nanoseconds(after - before));
        before = after;
    }
    Ok(latencies)
}
