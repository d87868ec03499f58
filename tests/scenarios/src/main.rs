//! `arkgrpc-scenarios --tier devnet|daemons [--suite scenarios|money|torture] [--files DIR] [FILTER]`
//!
//! Without `--suite`: scenarios and money.
//!
//! Needs `ARKGRPC_PLAYER`: a program that holds the C library and speaks the player protocol. With
//! `ARKGRPC_PLAYER_BLIND`, the same with a library that repeats payments blindly, the money suite proves
//! that it would notice. The suite torture needs `ARKGRPC_FAILING_CALLS`, the library that lets system
//! calls fail. Ends with 0 when all passed, 1 when something failed, 77 when the tier cannot run
//! here; `ARKGRPC_REQUIRE=go` makes the latter a failure.
#![forbid(unsafe_code)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use arkgrpc_scenarios::network::{Daemons, Network, SimulatedDaemons};
use arkgrpc_scenarios::runner::{check_coverage, play_all, read_scenarios};
use arkgrpc_scenarios::scenario::Tier;
use arkgrpc_scenarios::tier_table::{Outcome, Row, TierTable};
use arkgrpc_scenarios::{crowd, cut_and_kill, partition};
use lexopt::prelude::*;

const SKIPPED: u8 = 77;

struct Request {
    tier: Tier,
    scenarios: bool,
    money: bool,
    torture: bool,
    files: PathBuf,
    filter: String,
}

fn main() -> ExitCode {
    match parse().and_then(|request| run(&request)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("arkgrpc-scenarios: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Request> {
    let (mut tier, mut suite, mut filter) = (None, None, String::new());
    let mut files = Path::new(env!("CARGO_MANIFEST_DIR")).join("files");
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("tier") => tier = Some(parser.value()?.string()?),
            Long("suite") => suite = Some(parser.value()?.string()?),
            Long("files") => files = parser.value()?.into(),
            Value(text) => filter = text.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let tier = match tier.as_deref() {
        Some("devnet") => Tier::Devnet,
        Some("daemons") => Tier::Daemons,
        _ => bail!("give --tier devnet or --tier daemons"),
    };
    let (scenarios, money, torture) = match suite.as_deref() {
        None => (true, true, false),
        Some("scenarios") => (true, false, false),
        Some("money") => (false, true, false),
        Some("torture") => (false, false, true),
        Some(other) => bail!("no suite {other}: give scenarios, money or torture"),
    };
    Ok(Request {
        tier,
        scenarios,
        money,
        torture,
        files,
        filter,
    })
}

fn run(request: &Request) -> Result<ExitCode> {
    let player = env::var_os("ARKGRPC_PLAYER").map(PathBuf::from);
    let player = player.context("ARKGRPC_PLAYER is not set: give the path of a player")?;
    let scenarios = read_scenarios(&request.files)?;
    let network: Box<dyn Network> = match request.tier {
        Tier::Devnet => Box::new(SimulatedDaemons::start()?),
        Tier::Daemons => match Daemons::start() {
            Ok(daemons) => Box::new(daemons),
            Err(error) if error.is_skip() => return Ok(skip(&error.to_string())),
            Err(error) => return Err(error.into()),
        },
    };
    let network = network.as_ref();
    let mut table = TierTable::default();
    if request.scenarios {
        play_all(network, &player, &scenarios, &request.filter, &mut table);
        for course in [crowd::COURSE, partition::COURSE] {
            course.play(network, &player, &request.filter, &mut table);
        }
        if request.filter.is_empty() {
            check_coverage(network, &player, &scenarios, &mut table);
        }
    }
    if request.money {
        cut_and_kill::play_all(network, &player, &request.filter, &mut table);
        if request.filter.is_empty() {
            negative_control(network, &mut table);
        }
    }
    if request.torture {
        let preload = env::var_os("ARKGRPC_FAILING_CALLS").map(PathBuf::from);
        let preload = preload.context("ARKGRPC_FAILING_CALLS is not set: give a library's path")?;
        cut_and_kill::play_torture(network, &player, &preload, &request.filter, &mut table);
    }
    println!("{table}");
    let sound = table.failed() == 0 && table.passed() > 0;
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn negative_control(network: &dyn Network, table: &mut TierTable) {
    match env::var_os("ARKGRPC_PLAYER_BLIND") {
        Some(blind) => cut_and_kill::play_negative_control(network, Path::new(&blind), table),
        None => {
            let reason = "ARKGRPC_PLAYER_BLIND is not set";
            println!("SKIP: {reason}");
            table.add(Row {
                name: "blind repetition is caught".to_owned(),
                covers: vec![],
                kind: "control",
                tier: network.tier(),
                outcome: Outcome::Skipped(reason.to_owned()),
            });
        }
    }
}

fn skip(reason: &str) -> ExitCode {
    println!("SKIP: {reason}");
    let required = env::var("ARKGRPC_REQUIRE").unwrap_or_default();
    if required.split(',').any(|name| name.trim() == "go") {
        println!("but ARKGRPC_REQUIRE asks for go: this is a failure");
        return ExitCode::FAILURE;
    }
    ExitCode::from(SKIPPED)
}
