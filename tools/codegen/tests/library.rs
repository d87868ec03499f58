//! The checker of built libraries, tried on small libraries with planted faults.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    reason = "each test binary uses its part of the support module"
)]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use arkgrpc_codegen::library_check::{Library, faults, read, wanted_soname};
use support::available;

/// Builds a library with two functions; its links are as ours, but for the changes.
fn build(leave_out: &str, more: &[&str], source: &str) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("two.c"), folder.path().join("two.so"));
    std::fs::write(&input, source).unwrap();
    let soname = format!("-Wl,-soname,{}", wanted_soname());
    let usual = [soname.as_str(), "-Wl,-z,nodelete", "-Wl,--default-symver"];
    let status = Command::new("gcc")
        .args(["-shared", "-fPIC", "-fuse-ld=bfd", "-o"])
        .arg(&output)
        .arg(&input)
        .args(
            usual
                .iter()
                .filter(|option| leave_out.is_empty() || !option.contains(leave_out)),
        )
        .args(more)
        .status()
        .unwrap();
    assert!(status.success());
    read(&std::fs::read(&output).unwrap()).unwrap()
}

const SOURCE: &str = "#include <stdlib.h>\nvoid *one(void) { return malloc(1); }\nint two;\n";

fn check(library: &Library, symbols: &[&str]) -> Vec<String> {
    let symbols: BTreeSet<String> = symbols.iter().map(|name| (*name).to_owned()).collect();
    faults(library, &symbols)
}

#[test]
fn a_library_linked_as_ours_passes() {
    if !available("gcc") {
        return;
    }
    let library = build("", &[], SOURCE);
    assert_eq!(check(&library, &["one", "two"]), Vec::<String>::new());
    assert!(library.newest_glibc >= Some((2, 2)));
    assert_eq!(library.needed, ["libc.so.6"]);
}

#[test]
fn planted_faults_are_found() {
    if !available("gcc") {
        return;
    }
    let library = build("", &[], SOURCE);
    assert!(check(&library, &["one"])[0].contains("two is exported"));
    assert!(check(&library, &["one", "two", "three"])[0].contains("three is listed"));
    let no_soname = build("soname", &[], SOURCE);
    assert!(
        check(&no_soname, &["one", "two"])
            .iter()
            .any(|fault| fault.contains("soname"))
    );
    let deletable = build("nodelete", &[], SOURCE);
    assert_eq!(
        check(&deletable, &["one", "two"]),
        ["it is not linked with -z nodelete"]
    );
    let unversioned = build("symver", &[], SOURCE);
    assert_eq!(check(&unversioned, &["one", "two"]).len(), 2);
    assert!(check(&unversioned, &["one", "two"])[0].contains("version none"));
    let foreign = build("", &["-Wl,--no-as-needed", "-lstdc++"], SOURCE);
    assert!(check(&foreign, &["one", "two"])[0].contains("libstdc++"));
}

#[test]
fn other_files_are_refused() {
    assert!(read(b"no library").is_err());
}
