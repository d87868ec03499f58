//! Where the project's files are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Finds the root of the project from a folder inside it.
pub fn find_root(start: &Path) -> Result<PathBuf> {
    start
        .ancestors()
        .find(|folder| folder.join("cbindgen.toml").is_file())
        .map(Path::to_path_buf)
        .with_context(|| format!("no cbindgen.toml in {} or above it", start.display()))
}

/// The root, for a program that was started somewhere inside the project.
pub fn root() -> Result<PathBuf> {
    find_root(&std::env::current_dir().context("the current folder is unknown")?)
}
