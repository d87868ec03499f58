//! docs/dependencies.md names every direct dependency of the workspace and of its Go modules exactly once,
//! in the right group, with the licence that the package declares; and it names nothing else.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arkgrpc_codegen::workspace::find_root;
use serde_json::Value;

const SHIPPED: &str = "Shipped";
const BUILD: &str = "Build";
const TOOLS: &str = "Tests and tools";
const GO: &str = "Go module";
/// The packages whose code ends up in the library.
const LIBRARY: [&str; 2] = ["arkgrpc", "arkgrpc-core"];

/// A dependency as page and manifests describe it: group and licence, by name.
type Described = BTreeMap<String, (&'static str, String)>;

fn root() -> PathBuf {
    find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn page() -> String {
    fs::read_to_string(root().join("docs/dependencies.md")).unwrap()
}

/// The rows of the tables of dependencies; a name that stands twice is an error by itself.
fn documented(page: &str) -> Result<Described, String> {
    let mut rows = Described::new();
    let mut group = None;
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            let groups = [SHIPPED, BUILD, TOOLS, GO].into_iter();
            group = groups.clone().find(|group| heading.starts_with(group));
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (Some(group), [name, what_for, why, licence]) = (group, cells.as_slice()) else {
            continue;
        };
        if matches!(*name, "dependency" | "module") || name.starts_with("---") {
            continue;
        }
        if what_for.is_empty() || why.is_empty() {
            return Err(format!("{name} lacks a purpose or a reason"));
        }
        let row = (group, (*licence).to_owned());
        if rows.insert((*name).to_owned(), row).is_some() {
            return Err(format!("{name} stands twice"));
        }
    }
    Ok(rows)
}

fn run(program: OsString, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = run(rustc, &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// What cargo knows about the packages, those of other platforms left out.
fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap();
    let arguments = [
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
    ];
    let text = run(cargo, &[&arguments[..], &[host().as_str()]].concat());
    serde_json::from_str(&text).unwrap()
}

/// The licences of a package: one, or several where several versions are in use.
fn licences(packages: &[Value], name: &str, of: &BTreeSet<&str>) -> String {
    let wanted = packages
        .iter()
        .filter(|package| package["name"] == name && of.contains(package["id"].as_str().unwrap()));
    let found: BTreeSet<_> = wanted
        .map(|package| package["license"].as_str().unwrap_or("none"))
        .collect();
    found.into_iter().collect::<Vec<_>>().join(", ")
}

/// The direct dependencies of all packages of the workspace that are not packages of it.
fn rust_dependencies(metadata: &Value) -> Described {
    let packages = metadata["packages"].as_array().unwrap();
    let members: BTreeSet<_> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let used: BTreeSet<_> = nodes
        .iter()
        .filter(|node| members.contains(node["id"].as_str().unwrap()))
        .flat_map(|node| node["deps"].as_array().unwrap())
        .map(|dependency| dependency["pkg"].as_str().unwrap())
        .collect();
    let mut found = Described::new();
    for package in packages {
        if !members.contains(package["id"].as_str().unwrap()) {
            continue;
        }
        let in_library = LIBRARY.contains(&package["name"].as_str().unwrap());
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["path"].is_string() {
                continue;
            }
            let group = match (in_library, dependency["kind"].as_str()) {
                (true, None) => SHIPPED,
                (true, Some("build")) => BUILD,
                _ => TOOLS,
            };
            let name = dependency["name"].as_str().unwrap();
            let entry = found.entry(name.to_owned());
            let entry = entry.or_insert_with(|| (group, licences(packages, name, &used)));
            let order = [SHIPPED, BUILD, TOOLS];
            let place = |group| order.iter().position(|known| *known == group);
            if place(group) < place(entry.0) {
                entry.0 = group;
            }
        }
    }
    found
}

fn go_modules() -> Vec<PathBuf> {
    let listed = [
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "*go.mod",
    ];
    let files = match Command::new("git")
        .args(listed)
        .current_dir(root())
        .output()
    {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        // Not a checkout: the one module that has to be there.
        _ => "tools/lab/daemons/go.mod".to_owned(),
    };
    files.lines().map(|file| root().join(file)).collect()
}

/// What a go.mod requires directly: its unmarked requirements and the modules of its tools.
fn required_by(go_mod: &str) -> BTreeSet<String> {
    let mut direct = BTreeSet::new();
    let mut tools = Vec::new();
    let mut modules = Vec::new();
    let mut block = "";
    for line in go_mod.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (keyword, rest) = match words.as_slice() {
            [keyword, "("] => {
                block = keyword;
                continue;
            }
            [")"] => {
                block = "";
                continue;
            }
            words if !block.is_empty() => (block, words),
            [keyword, rest @ ..] => (*keyword, rest),
            [] => continue,
        };
        match (keyword, rest) {
            ("tool", [package, ..]) => tools.push(*package),
            ("require", [module, _, "//", "indirect"]) => modules.push(*module),
            ("require", [module, ..]) => {
                modules.push(*module);
                direct.insert((*module).to_owned());
            }
            _ => {}
        }
    }
    for tool in tools {
        let holds = |module: &&&str| tool == **module || tool.starts_with(&format!("{module}/"));
        let module = modules
            .iter()
            .filter(holds)
            .max_by_key(|module| module.len());
        direct.insert((*module.unwrap()).to_owned());
    }
    direct
}

/// In words: what `left` has and `right` has not, or has differently.
fn differences(left: &Described, right: &Described, missing: &str) -> Vec<String> {
    left.iter()
        .filter_map(|(name, known)| match right.get(name) {
            None => Some(format!("{name} {missing}")),
            Some(other) if other == known => None,
            Some(other) => Some(format!("{name}: the page says {other:?}, it is {known:?}")),
        })
        .collect()
}

#[test]
fn the_page_and_the_cargo_manifests_agree() {
    let mut page = documented(&page()).unwrap();
    page.retain(|_, (group, _)| *group != GO);
    let manifests = rust_dependencies(&metadata());
    assert!(
        manifests.len() > 30,
        "only {} dependencies were found",
        manifests.len()
    );
    let mut wrong = differences(&manifests, &page, "is not in docs/dependencies.md");
    let stale = page.keys().filter(|name| !manifests.contains_key(*name));
    wrong.extend(stale.map(|name| format!("{name} is in no Cargo.toml any more")));
    assert!(
        wrong.is_empty(),
        "docs/dependencies.md:\n  {}",
        wrong.join("\n  ")
    );
}

#[test]
fn the_page_and_the_go_modules_agree() {
    let mut page = documented(&page()).unwrap();
    page.retain(|_, (group, _)| *group == GO);
    let page: BTreeSet<_> = page.into_keys().collect();
    let modules = go_modules();
    assert!(!modules.is_empty(), "no go.mod was found");
    let texts = modules.iter().map(|file| fs::read_to_string(file).unwrap());
    let required: BTreeSet<_> = texts.flat_map(|text| required_by(&text)).collect();
    assert_eq!(
        page, required,
        "docs/dependencies.md (left) and the go.mod files (right)"
    );
}

#[test]
fn a_go_module_is_read_as_it_is_meant() {
    let go_mod = "module x\n\ngo 1.26\n\ntool (\n\texample.org/a/cmd/b\n)\n\nrequire example.org/c v1\n\n\
                  require (\n\texample.org/a v2 // indirect\n\texample.org/d v3 // indirect\n)\n";
    let expected = ["example.org/a", "example.org/c"].map(str::to_owned);
    assert_eq!(required_by(go_mod), BTreeSet::from(expected));
}

#[test]
fn repeated_and_empty_rows_are_refused() {
    let row = "## Build\n| protox | compiling | no protoc | MIT |\n";
    assert_eq!(
        documented(row).unwrap()["protox"],
        (BUILD, "MIT".to_owned())
    );
    assert!(documented(&format!("{row}{row}")).is_err());
    assert!(documented("## Build\n| protox | compiling | | MIT |\n").is_err());
    assert!(
        documented("## Considered\n| a | b | c | d |\n")
            .unwrap()
            .is_empty()
    );
}
