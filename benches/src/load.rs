//! What every measured client is told to do, and the figures that it gives back.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A closed loop: each caller makes its next call when the last one is back.
#[derive(Args, Clone, Copy, Debug)]
pub struct Load {
    /// Threads, or tasks of an asynchronous client, that call at the same time
    #[arg(long)]
    pub callers: usize,
    /// Calls before this time are not counted
    #[arg(long)]
    pub warm_up_ms: u64,
    /// How long calls are counted
    #[arg(long)]
    pub timed_ms: u64,
    /// The one core to run on
    #[arg(long)]
    pub core: Option<usize>,
}

impl Load {
    pub fn warm_up(&self) -> Duration {
        Duration::from_millis(self.warm_up_ms)
    }

    pub fn timed(&self) -> Duration {
        Duration::from_millis(self.timed_ms)
    }
}

/// One run of one client; times and switches are those of its whole process while calls were counted.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Figures {
    pub calls: u64,
    pub seconds: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub voluntary_switches: i64,
    pub involuntary_switches: i64,
}

impl Figures {
    pub fn calls_per_second(&self) -> f64 {
        self.calls as f64 / self.seconds
    }

    pub fn switches_per_call(&self) -> f64 {
        self.voluntary_switches as f64 / self.calls as f64
    }

    pub fn cpu_us_per_call(&self) -> f64 {
        (self.user_seconds + self.system_seconds) * 1e6 / self.calls as f64
    }
}

/// What the process had used when counting began.
pub struct Usages {
    start: std::time::Instant,
    usage: Usage,
}

impl Usages {
    pub fn now() -> Result<Self> {
        Ok(Self {
            start: std::time::Instant::now(),
            usage: usage()?,
        })
    }

    /// The figures from then on; the latencies are in nanoseconds.
    pub fn figures(&self, mut latencies: Vec<u32>) -> Result<Figures> {
        let seconds = self.start.elapsed().as_secs_f64();
        let now = usage()?;
        latencies.sort_unstable();
        ensure!(!latencies.is_empty(), "no call was completed");
        let at = |share: usize| latencies.get(latencies.len() * share / 100).copied();
        let span = |from: nix::sys::time::TimeVal, to: nix::sys::time::TimeVal| {
            (to - from).num_microseconds() as f64 / 1e6
        };
        let before = &self.usage;
        Ok(Figures {
            calls: latencies.len() as u64,
            seconds,
            p50_us: f64::from(at(50).unwrap_or(u32::MAX)) / 1e3,
            p99_us: f64::from(at(99).unwrap_or(u32::MAX)) / 1e3,
            user_seconds: span(before.user_time(), now.user_time()),
            system_seconds: span(before.system_time(), now.system_time()),
            voluntary_switches: now.voluntary_context_switches()
                - before.voluntary_context_switches(),
            involuntary_switches: now.involuntary_context_switches()
                - before.involuntary_context_switches(),
        })
    }
}

fn usage() -> Result<Usage> {
    getrusage(UsageWho::RUSAGE_SELF).context("getrusage")
}

/// Nanoseconds for a list of latencies.
pub fn nanoseconds(span: Duration) -> u32 {
    u32::try_from(span.as_nanos()).unwrap_or(u32::MAX)
}

/// Keeps this process, and the threads that it starts from now on, on one core.
pub fn pin(core: Option<usize>) -> Result<()> {
    let Some(core) = core else { return Ok(()) };
    let mut set = CpuSet::new();
    set.set(core).with_context(|| format!("core {core}"))?;
    sched_setaffinity(Pid::from_raw(0), &set).with_context(|| format!("cannot run on core {core}"))
}
