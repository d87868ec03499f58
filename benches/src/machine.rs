//! What the figures depend on: the machine, how busy it was, and the versions of what was compared.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The lock file that this program was built with.
const LOCK: &str = include_str!("../../Cargo.lock");
const PACKAGES: [&str; 8] = [
    "tonic",
    "prost",
    "hyper",
    "h2",
    "rustls",
    "ring",
    "tokio",
    "tokio-rustls",
];

#[derive(Debug)]
pub struct Machine {
    processor: String,
    cores: usize,
    memory_gib: u64,
    system: String,
    kernel: String,
    /// Of the minute before the run.
    load_average: f64,
}

impl Machine {
    pub fn now() -> Result<Self> {
        let read =
            |path: &str| fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
        let unnamed = || "unnamed".to_owned();
        let processor = field(&read("/proc/cpuinfo")?, "model name").unwrap_or_else(unnamed);
        let memory = field(&read("/proc/meminfo")?, "MemTotal").context("MemTotal is missing")?;
        let kib: u64 = memory
            .trim_end_matches("kB")
            .trim()
            .parse()
            .context("MemTotal")?;
        let system = read("/etc/os-release")
            .ok()
            .and_then(|text| field(&text, "PRETTY_NAME"));
        let load = read("/proc/loadavg")?;
        let load_average = load
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .context("loadavg")?;
        Ok(Self {
            processor,
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (kib + (1 << 19)) >> 20,
            system: system.unwrap_or_else(unnamed),
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            load_average,
        })
    }

    pub fn describe(&self) -> String {
        format!(
            "{}, {} cores usable, {} GiB, {}, kernel {}, load average {:.2} before the run",
            self.processor,
            self.cores,
            self.memory_gib,
            self.system,
            self.kernel,
            self.load_average
        )
    }

    /// Other work took cores from the measurement.
    pub fn was_busy(&self) -> bool {
        self.load_average > 0.3
    }
}

/// The value after `name:` or `name=`.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once([':', '='])?;
        (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The versions of the reference's packages, `name version`.
pub fn versions() -> Result<Vec<String>> {
    let lock: Lock = toml::from_str(LOCK).context("Cargo.lock")?;
    let version = |name: &str| {
        let found: Vec<_> = lock
            .package
            .iter()
            .filter(|package| package.name == name)
            .collect();
        let numbers: Vec<_> = found
            .iter()
            .map(|package| package.version.as_str())
            .collect();
        format!("{name} {}", numbers.join(" and "))
    };
    Ok(PACKAGES.into_iter().map(version).collect())
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_both_kinds() {
        let text = "a\t: x y \nB=\"z\"\n";
        assert_eq!(field(text, "a").as_deref(), Some("x y"));
        assert_eq!(field(text, "B").as_deref(), Some("z"));
        assert_eq!(field(text, "c"), None);
    }

    #[test]
    fn every_package_has_a_version() {
        for version in versions().unwrap() {
            assert!(version.ends_with(|c: char| c.is_ascii_digit()), "{version}");
        }
    }
}
