//! The report in Markdown: conditions, figures, ratios, and which goals are met or missed.

use std::fmt::Write;

use anyhow::Result;

use crate::c_client::BuildInfo;
use crate::goals::{Bound, Goal};
use crate::load::Figures;
use crate::machine::{self, Machine};
use crate::rounds::Plan;
use crate::samples::{Samples, Spread};
use crate::scenario::{Scenario, Variant};

pub fn markdown(
    plan: &Plan,
    machine: &Machine,
    build: &BuildInfo,
    samples: &Samples,
    goals: &[Goal],
) -> Result<String> {
    let mut text = String::from("# libarkgrpc against raw tonic: lnd GetInfo\n\n");
    conditions(&mut text, plan, machine, build)?;
    for scenario in Scenario::ALL {
        table(&mut text, samples, scenario)?;
    }
    verdicts(&mut text, goals)?;
    Ok(text)
}

fn conditions(text: &mut String, plan: &Plan, machine: &Machine, build: &BuildInfo) -> Result<()> {
    if !plan.is_trustworthy() {
        writeln!(
            text,
            "> **Too few rounds: this shows that all works and measures nothing.**\n"
        )?;
    }
    if machine.was_busy() {
        writeln!(
            text,
            "> **The machine was busy before the run: repeat it on a quiet one.**\n"
        )?;
    }
    writeln!(text, "- Machine: {}", machine.describe())?;
    let kind = if build.fault_injection {
        ", WITH fault injection"
    } else {
        ""
    };
    writeln!(
        text,
        "- Library: libarkgrpc {} ({}, {}, {}, {}{kind})",
        build.version, build.profile, build.target, build.rustc, build.tls
    )?;
    writeln!(text, "- Reference: {}", machine::versions()?.join(", "))?;
    writeln!(
        text,
        "- Method: {} rounds, shuffled, every second one backwards; each run a new process, {} ms \
         warm-up, {} ms counted; loopback, TLS pinned, macaroon checked, one connection; figures are \
         medians over rounds, ratios medians of the ratios within a round (extremes in brackets)\n",
        plan.rounds, plan.warm_up_ms, plan.timed_ms
    )?;
    Ok(())
}

fn table(text: &mut String, samples: &Samples, scenario: Scenario) -> Result<()> {
    writeln!(text, "## {}\n", scenario.title())?;
    writeln!(
        text,
        "| client | p50 µs | p99 µs | calls/s | CPU µs/call | switches/call | p50 ÷ reference | \
         calls/s ÷ reference | CPU ÷ reference |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|---|---|---|")?;
    for variant in Variant::ALL {
        let median = |figure: fn(&Figures) -> f64| -> Result<f64> {
            Ok(samples.spread(scenario, variant, figure)?.median)
        };
        let ratio = |figure| samples.ratio(scenario, variant, figure).map(with_extremes);
        writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.0} | {:.1} | {:.2} | {} | {} | {} |",
            variant.title(),
            median(|f| f.p50_us)?,
            median(|f| f.p99_us)?,
            median(Figures::calls_per_second)?,
            median(Figures::cpu_us_per_call)?,
            median(Figures::switches_per_call)?,
            ratio(|f| f.p50_us)?,
            ratio(Figures::calls_per_second)?,
            ratio(Figures::cpu_us_per_call)?,
        )?;
    }
    writeln!(text)?;
    Ok(())
}

fn with_extremes(spread: Spread) -> String {
    format!(
        "{:.2} ({:.2}–{:.2})",
        spread.median, spread.low, spread.high
    )
}

fn verdicts(text: &mut String, goals: &[Goal]) -> Result<()> {
    writeln!(
        text,
        "## Goals\n\n| goal | bound | measured | |\n|---|---|---|---|"
    )?;
    for goal in goals {
        let bound = match goal.bound {
            Bound::AtMost(bound) => format!("≤ {bound:.2}"),
            Bound::AtLeast(bound) => format!("≥ {bound:.2}"),
        };
        let verdict = if goal.is_met() { "met" } else { "**missed**" };
        writeln!(
            text,
            "| {} | {bound} | {:.3} | {verdict} |",
            goal.title, goal.measured
        )?;
    }
    let missed = goals.iter().filter(|goal| !goal.is_met()).count();
    writeln!(
        text,
        "\n{} of {} goals met.",
        goals.len() - missed,
        goals.len()
    )?;
    Ok(())
}
