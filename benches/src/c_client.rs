//! The C program that is measured: compiled here against the installed library, as a user would do it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::credentials::Credentials;
use crate::load::Load;
use crate::process::output;

const SOURCE: &str = include_str!("../c/client.c");
const LIBRARY: &str = "libarkgrpc.so";
const COMPILE_LIMIT: Duration = Duration::from_secs(60);

pub struct CClient {
    program: PathBuf,
    library: PathBuf,
}

/// How the library was built, by its own account.
#[derive(Debug, Deserialize)]
pub struct BuildInfo {
    pub version: String,
    pub target: String,
    pub profile: String,
    pub rustc: String,
    pub tls: String,
    pub fault_injection: bool,
}

impl CClient {
    pub fn compile(prefix: &Path, directory: &Path) -> Result<Self> {
        let prefix = prefix
            .canonicalize()
            .with_context(|| format!("--library: cannot find {}", prefix.display()))?;
        let libraries = ["lib", "lib64"].map(|name| prefix.join(name));
        let folder = libraries
            .into_iter()
            .find(|folder| folder.join(LIBRARY).exists())
            .with_context(|| format!("--library: no lib/{LIBRARY} in {}", prefix.display()))?;
        let (source, program) = (directory.join("client.c"), directory.join("client"));
        fs::write(&source, SOURCE)?;
        let mut search_path = OsString::from("-Wl,-rpath,");
        search_path.push(&folder);
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(compiler);
        command
            .args([
                "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o",
            ])
            .args([&program, &source])
            .arg("-I")
            .arg(prefix.join("include"))
            .arg("-L")
            .arg(&folder)
            .args(["-larkgrpc".into(), search_path]);
        output(&mut command, COMPILE_LIMIT).context("the C client does not compile")?;
        Ok(Self {
            program,
            library: folder.join(LIBRARY),
        })
    }

    pub fn build_info(&self) -> Result<BuildInfo> {
        let text = output(
            Command::new(&self.program).arg("--build-info"),
            COMPILE_LIMIT,
        )?;
        serde_json::from_str(&text).context("the library's build information")
    }

    /// The size of the file behind the links.
    pub fn library_bytes(&self) -> Result<u64> {
        Ok(fs::metadata(&self.library)?.len())
    }

    pub fn command(&self, port: u16, credentials: &Credentials, load: Load) -> Command {
        let config = serde_json::json!({"lnd": {
            "host": "127.0.0.1",
            "port": port,
            "tls_cert": credentials.certificate(),
            "macaroon": credentials.macaroon(),
        }});
        let core = load.core.map_or("-".to_owned(), |core| core.to_string());
        let mut command = Command::new(&self.program);
        command.arg(config.to_string());
        command.args([load.callers.to_string(), load.warm_up_ms.to_string()]);
        command.args([load.timed_ms.to_string(), core]);
        command
    }
}
