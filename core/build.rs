//! Generates the protobuf clients (without protoc) and the method registry from `methods.toml`.
//! Writes only to the build directory.

#[path = "build/registry.rs"]
mod registry;

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    generate_clients(&root.join("proto"))?;
    let methods = root.join("methods.toml");
    println!("cargo:rerun-if-changed={}", methods.display());
    let text = std::fs::read_to_string(&methods)?;
    std::fs::write(out.join("registry.rs"), registry::generate(&text)?)?;
    Ok(())
}

fn generate_clients(proto: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", proto.display());
    let files = [
        "lnrpc/lightning.proto",
        "lnrpc/state.proto",
        "routerrpc/router.proto",
        "invoicesrpc/invoices.proto",
    ];
    // One descriptor set for all: types that several packages share exist once.
    let descriptors = protox::compile(files, [proto])?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
