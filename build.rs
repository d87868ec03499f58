//! Gives the shared library its name, its version and its place in memory. Writes nothing.

use std::env::var;
use std::error::Error;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = Command::new(var("RUSTC")?).arg("-V").output()?;
    println!(
        "cargo::rustc-env=ARKGRPC_BUILD_RUSTC={}",
        String::from_utf8(rustc.stdout)?.trim()
    );
    println!("cargo::rustc-env=ARKGRPC_BUILD_TARGET={}", var("TARGET")?);
    println!("cargo::rustc-env=ARKGRPC_BUILD_PROFILE={}", var("PROFILE")?);

    // The number in the library's name is the ABI's major number.
    let major = var("CARGO_PKG_VERSION_MAJOR")?;
    match var("CARGO_CFG_TARGET_OS")?.as_str() {
        "linux" => name_elf(&major),
        "macos" => name_mach_o(&major, &var("CARGO_PKG_VERSION")?),
        // Refused with a message by the crate itself.
        _ => {}
    }
    Ok(())
}

fn name_elf(major: &str) {
    link(&format!("-Wl,-soname,libarkgrpc.so.{major}"));
    // The runtime's threads run our code: it must never be unmapped.
    link("-Wl,-z,nodelete");
    // Versions every symbol with the soname. lld accepts this and leaves them unversioned, silently.
    link("-fuse-ld=bfd");
    link("-Wl,--default-symver");
}

fn name_mach_o(major: &str, version: &str) {
    link(&format!(
        "-Wl,-install_name,@rpath/libarkgrpc.{major}.dylib"
    ));
    link(&format!("-Wl,-current_version,{version}"));
}

fn link(argument: &str) {
    println!("cargo::rustc-cdylib-link-arg={argument}");
}
