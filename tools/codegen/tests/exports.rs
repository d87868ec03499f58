//! The sources of the C objects: every export is a plain call of the guard, every unsafe block has
//! its reason, and unsafe code is nowhere else.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    reason = "each test binary uses its part of the support module"
)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use support::{list, root, rust_files};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Expr, ExprPath, File, Item, ItemFn, Stmt};

fn parse(path: &Path) -> (String, File) {
    let text = std::fs::read_to_string(path).unwrap();
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (text, file)
}

fn is_export(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        text.contains("no_mangle") || text.contains("export_name")
    })
}

/// Why a function is no plain call of the guard.
fn fault(function: &ItemFn) -> Option<String> {
    let name = &function.sig.ident;
    let abi = function
        .sig
        .abi
        .as_ref()
        .and_then(|abi| abi.name.as_ref())
        .map(syn::LitStr::value);
    if abi.as_deref() != Some("C") {
        return Some(format!("{name} is not extern \"C\""));
    }
    let [Stmt::Expr(body, None)] = function.block.stmts.as_slice() else {
        // A value that needs no pointer may be prepared first, in front of the guard's call.
        return prepared(function).then_some(()).map_or_else(
            || {
                Some(format!(
                    "the body of {name} is more than one call of the guard"
                ))
            },
            |()| None,
        );
    };
    (!calls_guard(body)).then(|| format!("the body of {name} is not a call of the guard"))
}

/// `let absent = <path or call without closures>;` in front of the guard's call.
fn prepared(function: &ItemFn) -> bool {
    let [Stmt::Local(local), Stmt::Expr(body, None)] = function.block.stmts.as_slice() else {
        return false;
    };
    local.pat.to_token_stream().to_string() == "absent" && calls_guard(body)
}

fn calls_guard(body: &Expr) -> bool {
    match body {
        Expr::Call(call) => match &*call.func {
            Expr::Path(ExprPath { path, .. }) => {
                path.segments.len() == 2 && path.segments[0].ident == "guard"
            }
            _ => false,
        },
        Expr::Unsafe(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(inner, None)] => calls_guard(inner),
            _ => false,
        },
        _ => false,
    }
}

fn exports(file: &File) -> Vec<&ItemFn> {
    let functions = file.items.iter().filter_map(|item| match item {
        Item::Fn(function) if is_export(&function.attrs) => Some(function),
        _ => None,
    });
    functions.collect()
}

#[test]
fn every_export_is_a_call_of_the_guard_and_is_listed() {
    let mut found = BTreeSet::new();
    for path in rust_files(&root().join("src")) {
        let (_, file) = parse(&path);
        for function in exports(&file) {
            if let Some(fault) = fault(function) {
                panic!("{}: {fault}", path.display());
            }
            let injected = path.ends_with("fault_injection.rs");
            assert!(injected || found.insert(function.sig.ident.to_string()));
            let name = function.sig.ident.to_string();
            assert!(!injected || name.starts_with("arkgrpc_test_"));
        }
    }
    assert_eq!(found, list("symbols.txt").into_iter().collect());
}

#[test]
fn the_scan_for_the_guard_finds_planted_faults() {
    for body in [
        "{ 5 }",
        "{ let x = 1; guard::value(0, || x) }",
        "{ prepare(); guard::value(0, || 1) }",
        "{ other::value(0, || 1) }",
        "{ if true { guard::value(0, || 1) } else { 2 } }",
        "{ unsafe { touch(); guard::value(0, || 1) } }",
        "{ guard::value(0, || 1); }",
    ] {
        let text = format!("#[unsafe(no_mangle)] pub unsafe extern \"C\" fn f() -> i32 {body}");
        let file = syn::parse_file(&text).unwrap();
        assert!(fault(exports(&file)[0]).is_some(), "{body}");
    }
    let good =
        "#[unsafe(no_mangle)] pub unsafe extern \"C\" fn f() { unsafe { guard::value(0, || 1) } }";
    assert!(fault(exports(&syn::parse_file(good).unwrap())[0]).is_none());
    let rust_abi = "#[unsafe(no_mangle)] pub fn f() { guard::value(0, || 1) }";
    assert!(fault(exports(&syn::parse_file(rust_abi).unwrap())[0]).is_some());
}

/// The unsafe blocks and implementations of a file.
#[derive(Default)]
struct UnsafePlaces(Vec<Span>);

impl<'ast> Visit<'ast> for UnsafePlaces {
    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.0.push(block.unsafe_token.span());
        syn::visit::visit_expr_unsafe(self, block);
    }
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.0.extend(item.unsafety.map(|token| token.span()));
        syn::visit::visit_item_impl(self, item);
    }
}

/// Lines of unsafe places without a reason in the comment right above their statement.
fn without_reason(text: &str) -> Vec<usize> {
    let mut places = UnsafePlaces::default();
    places.visit_file(&syn::parse_file(text).unwrap());
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let explained = |line: &usize| {
        let above = lines[..line - 1].iter().rev();
        // The block may stand inside of a statement that began on an earlier line.
        let mut above = above.skip_while(|line| !line.starts_with("//") && !ends_statement(line));
        let reason: Vec<&&str> = above
            .by_ref()
            .take_while(|line| line.starts_with("//"))
            .collect();
        reason.iter().any(|line| line.starts_with("// SAFETY:"))
    };
    let lines_of_unsafe = places.0.iter().map(|span| span.start().line);
    lines_of_unsafe.filter(|line| !explained(line)).collect()
}

fn ends_statement(line: &str) -> bool {
    line.is_empty() || line.ends_with(';') || line.ends_with('}')
}

#[test]
fn every_unsafe_block_has_its_reason() {
    let mut blocks = 0;
    for path in rust_files(&root().join("src")) {
        let (text, _) = parse(&path);
        let missing = without_reason(&text);
        assert!(
            missing.is_empty(),
            "{}: no SAFETY reason at lines {missing:?}",
            path.display()
        );
        blocks += text.matches("unsafe {").count();
    }
    assert!(blocks > 20, "the scan looked at the wrong files");
}

#[test]
fn the_scan_for_reasons_finds_planted_faults() {
    assert_eq!(
        without_reason("fn f() {\n    let x = 1;\n    unsafe { g(x) }\n}\n"),
        [3]
    );
    assert_eq!(
        without_reason("fn f() {\n    // because\n    unsafe { g() }\n}\n"),
        [3]
    );
    assert_eq!(without_reason("unsafe impl Send for X {}\n"), [1]);
    let good = "fn f() {\n    // SAFETY: reason,\n    // on two lines.\n    let x =\n        unsafe { g() };\n}\n";
    assert!(without_reason(good).is_empty());
}

fn contains_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "unsafe",
        TokenTree::Group(group) => contains_unsafe(group.stream()),
        _ => false,
    })
}

#[test]
fn unsafe_code_is_in_the_c_package_alone() {
    assert!(contains_unsafe(
        "fn f() { g(|| unsafe { h() }) }".parse().unwrap()
    ));
    assert!(!contains_unsafe(
        "fn f() { \"unsafe\"; } // unsafe".parse().unwrap()
    ));
    let mut files = 0;
    for folder in ["core", "tools", "tests", "benches"] {
        for path in rust_files(&root().join(folder)) {
            let (_, file) = parse(&path);
            let found = contains_unsafe(file.to_token_stream());
            assert!(
                !found,
                "{} has unsafe code; it belongs into src/",
                path.display()
            );
            files += 1;
        }
    }
    assert!(files > 20, "the scan looked at the wrong folders");
}
