//! The house: imports run down the floors only, without circles among siblings. A broken rule names
//! the file and the path that broke it.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    reason = "each test binary uses its part of the support module"
)]

#[path = "floors/module_tree.rs"]
mod module_tree;
#[path = "floors/rules.rs"]
mod rules;
mod support;

use std::path::Path;

use module_tree::ModuleTree;
use rules::{CORE, circles, climbing_imports};
use support::{root, rust_files};

fn core() -> ModuleTree {
    ModuleTree::load(&root().join("core/src/lib.rs"))
}

fn objects() -> ModuleTree {
    ModuleTree::load(&root().join("src/lib.rs"))
}

#[test]
fn the_core_imports_down_the_floors_only() {
    let faults = climbing_imports(&core(), CORE);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_siblings_import_each_other_in_circles() {
    let mut faults = circles(&core());
    faults.extend(circles(&objects()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_core_does_not_know_the_c_objects() {
    let core = core();
    for module in core.modules.values() {
        assert!(
            !module.names_crate("arkgrpc"),
            "{} names arkgrpc",
            module.file.display()
        );
    }
    let objects = objects();
    assert!(
        objects
            .modules
            .values()
            .any(|module| module.names_crate("arkgrpc_core"))
    );
}

#[test]
fn every_file_is_reached() {
    for (folder, tree) in [("core/src", core()), ("src", objects())] {
        for file in rust_files(&root().join(folder)) {
            let mut reached = tree.modules.values().map(|module| &module.file);
            let found = reached.any(|known| *known == file) || tree.test_files.contains(&file);
            assert!(found, "no `mod` line leads to {}", file.display());
        }
    }
}

/// A small crate, written to disk.
fn crate_of(files: &[(&str, &str)]) -> (tempfile::TempDir, ModuleTree) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = ModuleTree::load(&folder.path().join("lib.rs"));
    (folder, tree)
}

const SOUND: [(&str, &str); 6] = [
    (
        "lib.rs",
        "mod config; mod error; mod transport; pub use config::Config;",
    ),
    ("error.rs", "pub struct Error;"),
    (
        "config.rs",
        "use crate::error::Error; pub struct Config(Error);",
    ),
    (
        "transport/mod.rs",
        "mod dial; mod pin; pub use dial::dial; pub struct Own; fn f() { dial::dial() }",
    ),
    (
        "transport/dial.rs",
        "use super::pin::Pin; use crate::config::Config; pub fn dial() {}",
    ),
    (
        "transport/pin.rs",
        "use super::Own; pub struct Pin; #[cfg(test)] mod tests { use crate::transport::dial; }",
    ),
];

/// The sound crate with one file replaced.
fn planted(file: &'static str, text: &'static str) -> (tempfile::TempDir, ModuleTree) {
    let mut files = SOUND;
    let place = files.iter().position(|(name, _)| *name == file).unwrap();
    files[place].1 = text;
    crate_of(&files)
}

#[test]
fn a_sound_crate_passes() {
    let (_folder, tree) = crate_of(&SOUND);
    assert_eq!(climbing_imports(&tree, CORE), Vec::<String>::new());
    assert_eq!(circles(&tree), Vec::<String>::new());
}

#[test]
fn planted_climbs_are_named_by_file_and_path() {
    for text in [
        "use crate::transport::dial; pub struct Config;",
        "pub struct Config; fn f() { let x = crate::transport::dial(); }",
        "pub struct Config(super::transport::Own);",
        "pub struct Config; fn f() { println!(\"{:?}\", crate::transport::Own) }",
        "use crate::{error::Error, transport::{self}}; pub struct Config(Error);",
        "pub struct Config; impl Config { fn f(&self) { { crate::transport::dial() } } }",
    ] {
        let (_folder, tree) = planted("config.rs", text);
        let faults = climbing_imports(&tree, CORE);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(
            faults[0].contains("config.rs") && faults[0].contains("transport"),
            "{faults:?}"
        );
    }
    // Through the root, which gives the name out again.
    let (_folder, tree) = planted("error.rs", "use crate::Config; pub struct Error;");
    assert_eq!(climbing_imports(&tree, CORE).len(), 1);
    let (_folder, tree) = crate_of(&[("lib.rs", "mod helpers;"), ("helpers.rs", "")]);
    assert!(climbing_imports(&tree, CORE)[0].contains("belongs to no floor"));
}

#[test]
fn planted_circles_are_named_by_file_and_path() {
    for text in [
        "use super::dial::dial; pub struct Pin;",
        "use super::dial; pub struct Pin;",
        "pub struct Pin; fn f() { super::dial() }",
        "pub struct Pin; fn f() { crate::transport::dial() }",
    ] {
        let (_folder, tree) = planted("transport/pin.rs", text);
        let faults = circles(&tree);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(faults[0].contains(&Path::new("transport").join("pin.rs").display().to_string()));
        assert!(faults[0].contains("dial"), "{faults:?}");
    }
    let (_folder, tree) = planted("error.rs", "use crate::config::Config; pub struct Error;");
    assert_eq!(circles(&tree).len(), 1);
}
