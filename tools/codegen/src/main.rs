//! The command `arkgrpc-codegen`.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use arkgrpc_codegen::{header, library_check, workspace};

const USAGE: &str = "\
usage: arkgrpc-codegen header [--check]      writes include/arkgrpc.h, or says whether it is fresh
       arkgrpc-codegen check-library PATH    checks a built libarkgrpc.so against tests/abi
                       [--fault-injection]   for the build that has arkgrpc_test_…";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("arkgrpc-codegen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<String> {
    match arguments {
        ["header"] => {
            let changed = header::write(&workspace::root()?)?;
            Ok(format!(
                "{}: {}",
                header::PLACE,
                if changed { "written" } else { "unchanged" }
            ))
        }
        ["header", "--check"] => {
            header::check(&workspace::root()?)?;
            Ok(format!("{} is fresh", header::PLACE))
        }
        ["check-library", path] => {
            library_check::check(&workspace::root()?, Path::new(path), false)
        }
        ["check-library", path, "--fault-injection"] => {
            library_check::check(&workspace::root()?, Path::new(path), true)
        }
        _ => bail!("{USAGE}"),
    }
}
