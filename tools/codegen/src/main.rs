//! The command `arkgrpc-codegen`.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use arkgrpc_codegen::generated_file::GeneratedFile;
use arkgrpc_codegen::{header, library_check, registry, workspace};

const USAGE: &str = "\
usage: arkgrpc-codegen header [--check]      writes include/arkgrpc.h, or says whether it is fresh
       arkgrpc-codegen registry [--check]    the same for the text of the registry in the library
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
        ["header", rest @ ..] => derive(&header::FILE, rest),
        ["registry", rest @ ..] => derive(&registry::FILE, rest),
        ["check-library", path] => {
            library_check::check(&workspace::root()?, Path::new(path), false)
        }
        ["check-library", path, "--fault-injection"] => {
            library_check::check(&workspace::root()?, Path::new(path), true)
        }
        _ => bail!("{USAGE}"),
    }
}

fn derive(file: &GeneratedFile, arguments: &[&str]) -> Result<String> {
    let root = workspace::root()?;
    match arguments {
        [] => {
            let changed = file.write(&root)?;
            let what = if changed { "written" } else { "unchanged" };
            Ok(format!("{}: {what}", file.place))
        }
        ["--check"] => {
            file.check(&root)?;
            Ok(format!("{} is fresh", file.place))
        }
        _ => bail!("{USAGE}"),
    }
}
