//! Compiles lnd's .proto files of the project into messages and clients, without protoc.

use std::error::Error;

const PROTO: &str = "../proto";
const FILES: [&str; 2] = ["lnrpc/lightning.proto", "lnrpc/state.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let descriptors = protox::compile(FILES, [PROTO])?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
