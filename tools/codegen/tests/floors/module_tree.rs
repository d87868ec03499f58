//! Reads a crate's modules and what each one imports, inline `crate::` and `super::` paths included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, ItemUse, UseTree};

/// Where a module is: the names from the crate's root on.
pub type ModulePath = Vec<String>;

/// One module.
#[derive(Default)]
pub struct Module {
    /// Its file.
    pub file: PathBuf,
    /// Paths that it names, each beginning with `crate`, `self`, `super` or another name.
    paths: BTreeSet<Vec<String>>,
    /// Names that it gives out again, and where they come from; `*` for all.
    exports: Vec<(String, Vec<String>)>,
}

/// All modules of a crate that are not for tests alone.
#[derive(Default)]
pub struct ModuleTree {
    pub modules: BTreeMap<ModulePath, Module>,
    /// Files of modules that exist in tests only.
    pub test_files: BTreeSet<PathBuf>,
}

impl ModuleTree {
    /// Follows the `mod` lines from the crate's first file on.
    pub fn load(first: &Path) -> Self {
        let mut tree = Self::default();
        tree.load_file(first, Vec::new(), first.parent().unwrap());
        tree
    }

    /// `children` is the folder in which the files of child modules lie.
    fn load_file(&mut self, file: &Path, place: ModulePath, children: &Path) {
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        self.load_items(parsed.items, file, place, children);
    }

    fn load_items(&mut self, items: Vec<Item>, file: &Path, place: ModulePath, children: &Path) {
        let mut module = Module {
            file: file.to_path_buf(),
            ..Module::default()
        };
        for item in items {
            match item {
                Item::Mod(item) if is_test(&item.attrs) => {
                    let mut tests = Self::default();
                    let folder = children.join(item.ident.to_string());
                    match item.content {
                        Some((_, items)) => tests.load_items(items, file, place.clone(), &folder),
                        None => {
                            let own = test_file(&item, file, children);
                            tests.load_file(&own, place.clone(), &folder);
                        }
                    }
                    self.test_files.extend(tests.test_files);
                    self.test_files
                        .extend(tests.modules.into_values().map(|module| module.file));
                }
                Item::Mod(item) => {
                    let name = item.ident.to_string();
                    let mut inner = place.clone();
                    inner.push(name.clone());
                    let folder = children.join(&name);
                    match item.content {
                        Some((_, items)) => self.load_items(items, file, inner, &folder),
                        None => self.load_file(&file_of(&name, children), inner, &folder),
                    }
                }
                Item::Use(item) if !is_test(&item.attrs) => module.add_use(&item),
                Item::Fn(item) if is_test(&item.attrs) => {}
                Item::Impl(item) if is_test(&item.attrs) => {}
                other => scan(other.into_token_stream(), &mut module.paths),
            }
        }
        self.modules.insert(place, module);
    }

    /// The modules that a module imports from, in this crate. `None` stands for another crate.
    pub fn imports(&self, place: &ModulePath) -> BTreeSet<(ModulePath, Vec<String>)> {
        let module = &self.modules[place];
        let exported = module.exports.iter().map(|(_, path)| path);
        let named = module.paths.iter().chain(exported);
        named
            .filter_map(|path| Some((self.resolve(place, path)?, path.clone())))
            .collect()
    }

    /// The module in which a path ends, following names that are given out again.
    fn resolve(&self, from: &ModulePath, path: &[String]) -> Option<ModulePath> {
        self.resolve_within(from, path, 8)
    }

    fn resolve_within(&self, from: &ModulePath, path: &[String], depth: u32) -> Option<ModulePath> {
        let (mut place, mut rest) = self.start(from, path)?;
        while let Some((name, tail)) = rest.split_first() {
            let mut inner = place.clone();
            inner.push(name.clone());
            if self.modules.contains_key(&inner) {
                place = inner;
                rest = tail;
                continue;
            }
            let exports = &self.modules[&place].exports;
            let given_out = exports.iter().find(|(exported, _)| exported == name);
            return match given_out.filter(|_| depth > 0) {
                Some((_, source)) => self
                    .resolve_within(&place, source, depth - 1)
                    .or(Some(place)),
                None => Some(place),
            };
        }
        Some(place)
    }

    /// Where a path begins; `None` outside of this crate.
    fn start<'p>(
        &self,
        from: &ModulePath,
        path: &'p [String],
    ) -> Option<(ModulePath, &'p [String])> {
        let (first, mut rest) = path.split_first()?;
        let mut place = from.clone();
        match first.as_str() {
            "crate" => place.clear(),
            "self" => {}
            "super" => {
                place.pop()?;
                while let Some(("super", tail)) = rest.split_first().map(|(a, b)| (a.as_str(), b)) {
                    place.pop()?;
                    rest = tail;
                }
            }
            name => {
                place.push(name.to_owned());
                return self.modules.contains_key(&place).then_some((place, rest));
            }
        }
        Some((place, rest))
    }
}

impl Module {
    fn add_use(&mut self, item: &ItemUse) {
        let mut leaves = Vec::new();
        expand(&item.tree, Vec::new(), &mut leaves);
        let given_out = !matches!(item.vis, syn::Visibility::Inherited);
        for (path, name) in leaves {
            if given_out {
                self.exports.push((name, path));
            } else {
                self.paths.insert(path);
            }
        }
    }

    /// Whether the module names a crate of ours from outside of it.
    pub fn names_crate(&self, name: &str) -> bool {
        let exported = self.exports.iter().map(|(_, path)| path);
        self.paths
            .iter()
            .chain(exported)
            .any(|path| path.first().is_some_and(|first| first == name))
    }
}

/// The paths of a use tree, each with the name under which it is known afterwards.
fn expand(tree: &UseTree, mut path: Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            expand(&inner.tree, path, leaves);
        }
        UseTree::Name(name) if name.ident == "self" => {
            let known = path.last().cloned().unwrap_or_default();
            leaves.push((path, known));
        }
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            leaves.push((path, name.ident.to_string()));
        }
        UseTree::Rename(name) => {
            path.push(name.ident.to_string());
            leaves.push((path, name.rename.to_string()));
        }
        UseTree::Glob(_) => leaves.push((path, "*".to_owned())),
        UseTree::Group(group) => {
            for tree in &group.items {
                expand(tree, path.clone(), leaves);
            }
        }
    }
}

/// Collects `a::b::c` wherever it stands, the inside of macro calls included.
fn scan(tokens: TokenStream, paths: &mut BTreeSet<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut place = 0;
    while place < tokens.len() {
        match &tokens[place] {
            TokenTree::Group(group) => scan(group.stream(), paths),
            TokenTree::Ident(first) => {
                let mut path = vec![first.to_string()];
                while let Some(next) = segment_after(&tokens, place) {
                    path.push(next);
                    place += 3;
                }
                if path.len() > 1 {
                    paths.insert(path);
                }
            }
            _ => {}
        }
        place += 1;
    }
}

/// The name behind `::` after the token at `place`.
fn segment_after(tokens: &[TokenTree], place: usize) -> Option<String> {
    let colon = |offset: usize| matches!(tokens.get(place + offset), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    match tokens.get(place + 3) {
        Some(TokenTree::Ident(name)) if colon(1) && colon(2) => Some(name.to_string()),
        _ => None,
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string().replace(' ', "");
        text == "#[cfg(test)]" || text == "#[test]"
    })
}

/// The file of a test module, which may be named by a `path` attribute.
fn test_file(item: &syn::ItemMod, file: &Path, children: &Path) -> PathBuf {
    let named = item
        .attrs
        .iter()
        .find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    match named {
        Some(name) => file.with_file_name(name),
        None => file_of(&item.ident.to_string(), children),
    }
}

fn file_of(name: &str, folder: &Path) -> PathBuf {
    let single = folder.join(format!("{name}.rs"));
    if single.is_file() {
        single
    } else {
        folder.join(name).join("mod.rs")
    }
}
