//! include/arkgrpc.h: the manual, what comes from the registry, and the declarations that cbindgen
//! reads from the sources of the C objects.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use arkgrpc_core::error::Status;

use crate::generated_file::GeneratedFile;
use crate::{comment, method_text};

const PREAMBLE: &str = include_str!("manual/preamble.txt");
/// The program in the preamble.
pub const EXAMPLE: &str = include_str!("manual/example.c");

/// The files whose declarations go into the header, in its order. The others have none, or, as the
/// fault injection, none for the shipped header.
const SOURCES: [&str; 13] = [
    "status.rs",
    "text.rs",
    "answer.rs",
    "cancel.rs",
    "options.rs",
    "manager.rs",
    "metrics.rs",
    "client.rs",
    "stream.rs",
    "health.rs",
    "result.rs",
    "log_event.rs",
    "log_worker.rs",
];
const LAST_SOURCES: [&str; 2] = ["log.rs", "library.rs"];

/// Where the header lies.
pub const FILE: GeneratedFile = GeneratedFile {
    place: "include/arkgrpc.h",
    command: "header",
    generate,
};

/// The header's text.
pub fn generate(root: &Path) -> Result<String> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))
        .map_err(|error| anyhow::anyhow!("cbindgen.toml: {error}"))?;
    let mut builder = cbindgen::Builder::new()
        .with_config(config)
        .with_header(manual()?.trim_end())
        .with_after_include(generated_part()?);
    for file in SOURCES.iter().chain(&LAST_SOURCES) {
        let path = root.join("src").join(file);
        if !path.is_file() {
            bail!("src/{file} is missing; adapt the list in tools/codegen/src/header.rs");
        }
        builder = builder.with_src(path);
    }
    let bindings = builder.generate().context("cbindgen refused the sources")?;
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    let text = String::from_utf8(bytes).context("the header is not UTF-8")?;
    Ok(tidy(&text))
}

fn manual() -> Result<String> {
    if EXAMPLE.contains("/*") {
        bail!("the example is printed inside of a comment: it must use // comments");
    }
    let example: String = EXAMPLE
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    let text = PREAMBLE.replace("@EXAMPLE@\n", &example);
    Ok(comment::block(&text))
}

/// What goes between the includes and the declarations.
fn generated_part() -> Result<String> {
    let mut out = String::from("\n");
    out.push_str(&versions()?);
    out.push('\n');
    out.push_str(ATTRIBUTES);
    out.push('\n');
    out.push_str(&statuses()?);
    out.push('\n');
    out.push_str(&method_text::section()?);
    out.push('\n');
    out.push_str(&method_text::streams()?);
    out.push('\n');
    out.push_str(OPTIONS_INIT);
    Ok(out)
}

fn versions() -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let (major, minor, patch) = (
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    );
    let mut out = String::from("/** Version of the library that this header belongs to. */\n");
    for (name, number) in [("MAJOR", major), ("MINOR", minor), ("PATCH", patch)] {
        writeln!(out, "#define ARKGRPC_VERSION_{name} {number}")?;
    }
    writeln!(out, "#define ARKGRPC_VERSION_STRING \"{version}\"")?;
    out.push_str("/** Version of the ABI; see arkgrpc_abi_version(). */\n");
    writeln!(out, "#define ARKGRPC_ABI_MAJOR {major}")?;
    writeln!(out, "#define ARKGRPC_ABI_MINOR {minor}")?;
    Ok(out)
}

const ATTRIBUTES: &str = "\
/** On functions whose outcome must not be ignored. Define it empty to switch the warnings off. */
#ifndef ARKGRPC_MUST_USE
#if defined(__GNUC__) || defined(__clang__)
#define ARKGRPC_MUST_USE __attribute__((warn_unused_result))
#else
#define ARKGRPC_MUST_USE
#endif
#endif
";

const OPTIONS_INIT: &str = "\
/** Initialises an arkgrpc_call_options with all defaults. */
#define ARKGRPC_CALL_OPTIONS_INIT \\
  { sizeof(arkgrpc_call_options), ARKGRPC_TIMEOUT_DEFAULT, NULL, 0, NULL, 0, NULL, 0 }
";

/// The numbers as enumerators of a nameless enum: plain integers for C, Go and Swift alike.
fn statuses() -> Result<String> {
    let mut out =
        String::from("/** What a call came to: the values of arkgrpc_status. */\nenum {\n");
    for status in Status::ALL {
        out.push_str(&comment::indented(status.meaning().trim()));
        writeln!(out, "  ARKGRPC_{} = {},", status.name(), status.number())?;
    }
    // A comma behind the last one is no C++98, but costs nothing to avoid.
    let end = out.trim_end().trim_end_matches(',').len();
    out.truncate(end);
    out.push_str("\n};\n");
    Ok(out)
}

/// No blanks at line ends, no more than one empty line in a row, one line end at the end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && blank {
            continue;
        }
        blank = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out
}
