//! Compiles the project's .proto files and the simulator's own into Rust, servers and clients,
//! without protoc, and keeps the descriptors: the REST side writes its JSON from them.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const SHARED: &str = "../../proto";
const OWN: &str = "proto";
const FILES: [&str; 5] = [
    "lnrpc/state.proto",
    "lnrpc/lightning.proto",
    "routerrpc/router.proto",
    "invoicesrpc/invoices.proto",
    "devnet/lnd.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={SHARED}");
    println!("cargo:rerun-if-changed={OWN}");
    let descriptors = protox::compile(FILES, [SHARED, OWN])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    // Default stubs: a method added to a service of the project is unimplemented here, not a build
    // failure.
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(false)
        .generate_default_stubs(true)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
