//! Is there a Go that can build the daemons, and which?

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::error::{LabError, Result};
use crate::orphan_guard::find_program;

/// The `go` line of the daemons' go.mod.
const OLDEST: (u32, u32) = (1, 26);

#[derive(Debug)]
pub struct GoToolchain {
    pub program: PathBuf,
    /// As `go version` says it, platform included: `go version go1.26.8 linux/amd64`.
    pub version: String,
}

impl GoToolchain {
    /// `Unavailable` when there is none or only an older one.
    pub fn find() -> Result<Self> {
        let wanted = format!("Go >= {}.{}", OLDEST.0, OLDEST.1);
        let missing = || LabError::Unavailable(format!("{wanted} is needed to build the daemons"));
        let program = find_program("go").ok_or_else(missing)?;
        // Outside of any module and with the local toolchain: the question is what is installed.
        let output = Command::new(&program)
            .arg("version")
            .env("GOTOOLCHAIN", "local")
            .current_dir(env::temp_dir())
            .output()
            .map_err(LabError::io("running go version"))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match parse_version(&version) {
            Some(found) if found >= OLDEST => Ok(Self { program, version }),
            _ => Err(LabError::Unavailable(format!(
                "{wanted} is needed to build the daemons, found {version:?}"
            ))),
        }
    }
}

/// Major and minor version from the line that `go version` prints.
pub fn parse_version(line: &str) -> Option<(u32, u32)> {
    let mut words = line.strip_prefix("go version ")?.split_whitespace();
    let number = words.find_map(|word| word.strip_prefix("go"))?;
    let mut parts = number.split(|character: char| !character.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_released_candidate_and_development_builds() {
        for (line, version) in [
            ("go version go1.26.8 linux/amd64", Some((1, 26))),
            ("go version go1.9 darwin/arm64", Some((1, 9))),
            ("go version go1.27rc1 linux/arm64", Some((1, 27))),
            (
                "go version devel go1.28-5c8ec89cb5 Tue Nov 3 linux/amd64",
                Some((1, 28)),
            ),
            ("go version go2.0.1 linux/amd64", Some((2, 0))),
            ("go version unknown linux/amd64", None),
            ("gccgo (Debian 12.2.0)", None),
            ("", None),
        ] {
            assert_eq!(parse_version(line), version, "{line}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(parse_version("go version go1.9 linux/amd64").unwrap() < OLDEST);
        assert!(parse_version("go version go1.100 linux/amd64").unwrap() > OLDEST);
    }
}
