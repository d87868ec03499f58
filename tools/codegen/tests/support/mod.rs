//! What the tests of this package share: where files are, which tools are there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the project.
pub fn root() -> PathBuf {
    arkgrpc_codegen::workspace::find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The Rust files in a folder and below, sorted.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether a compiler can be run. If not, says so aloud, or fails if it was demanded.
pub fn available(tool: &str) -> bool {
    let there = Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|out| out.status.success());
    if !there {
        let demanded = std::env::var("ARKGRPC_REQUIRE").unwrap_or_default();
        assert!(
            !demanded.split(',').any(|name| name == tool),
            "{tool} is demanded but missing"
        );
        let line = format!("SKIP: {tool} is not installed\n");
        // Not through eprintln: the test harness would swallow it.
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    there
}

/// The lines of a frozen list, without comments.
pub fn list(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("tests/abi").join(name)).unwrap();
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}
