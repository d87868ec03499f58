//! The committed header: fresh, complete, and clean in every dialect of C and C++.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    reason = "each test binary uses its part of the support module"
)]

mod support;

use std::process::Command;

use arkgrpc_codegen::header;
use support::{available, list, root, rust_files};

fn text() -> String {
    std::fs::read_to_string(root().join(header::FILE.place)).unwrap()
}

#[test]
fn the_committed_header_is_fresh() {
    header::FILE.check(&root()).unwrap();
}

#[test]
fn a_changed_header_is_found_stale() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["src", "include"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
    }
    std::fs::copy(
        root().join("cbindgen.toml"),
        folder.path().join("cbindgen.toml"),
    )
    .unwrap();
    for file in rust_files(&root().join("src")) {
        std::fs::copy(
            &file,
            folder.path().join("src").join(file.file_name().unwrap()),
        )
        .unwrap();
    }
    std::fs::write(folder.path().join(header::FILE.place), text()).unwrap();
    header::FILE.check(folder.path()).unwrap();
    let source = folder.path().join("src/cancel.rs");
    let changed = std::fs::read_to_string(&source)
        .unwrap()
        .replace("Frees a token.", "Ends a token.");
    std::fs::write(source, changed).unwrap();
    let error = header::FILE.check(folder.path()).unwrap_err().to_string();
    assert!(error.contains("stale from line"), "{error}");
}

#[test]
fn every_symbol_is_declared_and_described_once() {
    let text = text();
    for symbol in list("symbols.txt") {
        let places: Vec<usize> = text
            .match_indices(&format!("{symbol}("))
            .map(|(at, _)| at)
            .collect();
        let declarations = places.iter().filter(|at| {
            let line = text[..**at].rfind('\n').map_or(0, |end| end + 1);
            !text[line..].trim_start().starts_with(['*', '/'])
        });
        // The preamble's program is inside of a comment.
        assert_eq!(declarations.count(), 1, "{symbol}");
    }
    assert!(!text.contains("arkgrpc_test_"));
    assert!(
        !text.contains("# Safety"),
        "a Rust heading leaked into the header"
    );
}

#[test]
fn every_function_has_its_contract_block() {
    let text = text();
    let declarations = &text[text.find("extern \"C\"").unwrap()..];
    let chunks: Vec<&str> = declarations.split("/**").skip(1).collect();
    assert_eq!(chunks.len(), list("symbols.txt").len());
    for chunk in chunks {
        let (comment, declaration) = chunk.split_once("*/").unwrap();
        assert!(declaration.contains("arkgrpc_"), "{declaration}");
        assert!(
            comment.contains("thread"),
            "no thread rule in:{comment}{declaration}"
        );
        if declaration.contains("arkgrpc_status arkgrpc_") && !declaration.contains("result_status")
        {
            assert!(
                comment.contains("Errors:"),
                "no errors in:{comment}{declaration}"
            );
        }
        if declaration.contains("_new(") || declaration.contains("**out") {
            assert!(
                comment.contains("Free "),
                "no ownership in:{comment}{declaration}"
            );
        }
    }
}

#[test]
fn every_method_has_its_constant_and_paragraph() {
    let text = text();
    for row in arkgrpc_core::registry() {
        let name = format!("ARKGRPC_METHOD_{}_{}", row.service, row.name).to_uppercase();
        assert!(
            text.contains(&format!("#define {name} \"{}\"\n", row.name)),
            "{name}"
        );
        let start = text
            .find(&format!(" * {} of {}: ", row.name, row.service))
            .unwrap();
        let paragraph = &text[start..][..text[start..].find("*/").unwrap()];
        for property in row.params_schema()["properties"]
            .as_object()
            .into_iter()
            .flatten()
        {
            assert!(
                paragraph.contains(property.0.as_str()),
                "{name}: {}",
                property.0
            );
        }
        for permission in row.permissions {
            assert!(paragraph.contains(permission), "{name}: {permission}");
        }
    }
}

#[test]
fn every_stream_has_its_constant_and_paragraph() {
    let text = text();
    let streams = arkgrpc_core::streams();
    assert!(streams.len() >= 4);
    for stream in streams {
        let row = &stream.row;
        let name = format!("ARKGRPC_STREAM_{}_{}", row.service, row.name).to_uppercase();
        assert!(
            text.contains(&format!("#define {name} \"{}\"\n", row.name)),
            "{name}"
        );
        let start = text
            .find(&format!(" * {} of {}: a stream", row.name, row.service))
            .unwrap();
        let paragraph = &text[start..][..text[start..].find("*/").unwrap()];
        let (params, message) = (row.params_schema(), row.result_schema());
        let item = message["properties"]["item"]["anyOf"][0]["$ref"]
            .as_str()
            .unwrap();
        let item = message.pointer(&item[1..]).unwrap();
        for schema in [&params, item] {
            for property in schema["properties"].as_object().into_iter().flatten() {
                assert!(
                    paragraph.contains(property.0.as_str()),
                    "{name}: {}",
                    property.0
                );
            }
        }
        assert!(
            paragraph.contains(&format!("reconnect: {}.", stream.gap)),
            "{name}"
        );
    }
}

#[test]
fn the_configuration_is_described_key_by_key() {
    let text = text();
    let manual = &text[text.find("CONFIGURATION").unwrap()..text.find("#ifndef").unwrap()];
    let mut keys = 0;
    let files = rust_files(&root().join("core/src/config"));
    let sources = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    let items: Vec<syn::Item> = sources
        .flat_map(|source| syn::parse_file(&source).unwrap().items)
        .collect();
    for name in ["RawManager", "RawService"] {
        let found = items.iter().find_map(|item| match item {
            syn::Item::Struct(item) if item.ident == name => Some(item),
            _ => None,
        });
        let found = found.unwrap_or_else(|| panic!("core/src/config has no {name}"));
        for field in &found.fields {
            let key = field.ident.as_ref().unwrap().to_string();
            assert!(
                manual.contains(&key),
                "the key {key} is missing in the header's manual"
            );
            keys += 1;
        }
    }
    assert!(keys > 10);
}

#[test]
fn it_compiles_alone_in_every_dialect() {
    let dialects = ["c99", "c11", "c17", "c++11", "c++14", "c++17", "c++20"];
    for (compiler, cplusplus) in [("gcc", "g++"), ("clang", "clang++")] {
        if !available(compiler) || !available(cplusplus) {
            continue;
        }
        for dialect in dialects {
            let (program, language) = if dialect.contains('+') {
                (cplusplus, "c++")
            } else {
                (compiler, "c")
            };
            compile(
                program,
                language,
                dialect,
                "#include <arkgrpc.h>\nextern int used_here;\n",
            );
            compile(program, language, dialect, header::EXAMPLE);
            compile(program, language, dialect, INITIALISER);
        }
    }
}

const INITIALISER: &str = "\
#include <arkgrpc.h>
arkgrpc_status f(const arkgrpc_client *c, arkgrpc_result **r);
arkgrpc_status f(const arkgrpc_client *c, arkgrpc_result **r) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.timeout_ms = ARKGRPC_TIMEOUT_INFINITE;
    options.flags = ARKGRPC_FLAG_NO_RETRY;
    return arkgrpc_client_call(c, \"m\", ARKGRPC_NTS, NULL, 0, &options, r);
}
";

#[test]
fn the_options_have_the_frozen_layout_in_c() {
    if !available("gcc") {
        return;
    }
    let mut source = String::from("#include <arkgrpc.h>\n");
    for line in list("call_options.txt") {
        let (field, place) = line.split_once(' ').unwrap();
        let expression = match field {
            "sizeof" => "sizeof(arkgrpc_call_options)".to_owned(),
            _ => format!("offsetof(arkgrpc_call_options, {field})"),
        };
        source.push_str(&format!(
            "_Static_assert({expression} == {place}, \"{field}\");\n"
        ));
    }
    compile("gcc", "c", "c11", &source);
}

#[test]
fn an_ignored_call_is_warned_about() {
    if !available("gcc") {
        return;
    }
    let source = INITIALISER.replace("return arkgrpc_client_call", "arkgrpc_client_call");
    let error = run("gcc", "c", "c11", &source).unwrap_err();
    assert!(error.contains("unused-result"), "{error}");
}

fn compile(compiler: &str, language: &str, dialect: &str, source: &str) {
    if let Err(error) = run(compiler, language, dialect, source) {
        panic!("{compiler} -std={dialect}: {error}");
    }
}

fn run(compiler: &str, language: &str, dialect: &str, source: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program");
    std::fs::write(&file, source).unwrap();
    let outcome = Command::new(compiler)
        .args([
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Wshadow",
            "-Wconversion",
            "-Werror",
        ])
        // Compiled for real: some warnings come from the late passes alone.
        .args([&format!("-std={dialect}"), "-c", "-x", language])
        .arg("-I")
        .arg(root().join("include"))
        .arg(&file)
        .arg("-o")
        .arg(folder.path().join("object"))
        .output()
        .unwrap();
    if outcome.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&outcome.stderr).into_owned())
}
