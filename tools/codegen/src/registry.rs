//! The text of the registry, which the library carries and `arkgrpc_methods()` answers.

use std::path::Path;

use anyhow::Result;

use crate::generated_file::GeneratedFile;

/// Where the text lies.
pub const FILE: GeneratedFile = GeneratedFile {
    place: "core/src/clients/registry.json",
    command: "registry",
    generate,
};

/// From the rows and types that this tool was compiled with.
fn generate(_: &Path) -> Result<String> {
    Ok(arkgrpc_core::describe_registry())
}
