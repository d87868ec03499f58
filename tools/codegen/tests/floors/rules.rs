//! The rules: imports run down the floors only, and siblings do not import each other in circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::module_tree::{ModulePath, ModuleTree};

/// The floor of each top module of the core.
pub const CORE: &[(&str, u32)] = &[
    ("clients", 4),
    ("resilience", 3),
    ("transport", 2),
    ("state", 2),
    ("config", 1),
    ("error", 0),
    ("locks", 0),
    ("status", 0),
    ("telemetry", 0),
];

/// Imports that go up, as texts that name file and path.
pub fn climbing_imports(tree: &ModuleTree, floors: &[(&str, u32)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (place, module) in &tree.modules {
        let own = match floor(place, floors) {
            Ok(own) => own,
            Err(fault) => {
                faults.push(format!("{}: {fault}", module.file.display()));
                continue;
            }
        };
        for (target, path) in tree.imports(place) {
            if let Ok(other) = floor(&target, floors)
                && other > own
            {
                faults.push(format!(
                    "{} (floor {own}) imports `{}` (floor {other})",
                    module.file.display(),
                    path.join("::"),
                ));
            }
        }
    }
    faults
}

/// The crate's root gives the top floor out; every other module belongs to its top module's floor.
fn floor(place: &ModulePath, floors: &[(&str, u32)]) -> Result<u32, String> {
    let highest = floors
        .iter()
        .map(|(_, floor)| *floor)
        .max()
        .unwrap_or_default();
    let Some(top) = place.first() else {
        return Ok(highest);
    };
    let found = floors.iter().find(|(name, _)| name == top);
    found
        .map(|(_, floor)| *floor)
        .ok_or_else(|| format!("the module `{top}` belongs to no floor"))
}

type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// Circles among the children of one module, children standing for all that is below them.
pub fn circles(tree: &ModuleTree) -> Vec<String> {
    let parents: BTreeSet<ModulePath> = tree
        .modules
        .keys()
        .filter(|place| !place.is_empty())
        .map(|place| place[..place.len() - 1].to_vec())
        .collect();
    parents
        .iter()
        .filter_map(|parent| circle(&sibling_imports(tree, parent), parent))
        .collect()
}

/// Which child of `parent` imports which other one, and an example of how.
fn sibling_imports(tree: &ModuleTree, parent: &ModulePath) -> Edges {
    let child = |place: &ModulePath| {
        place
            .strip_prefix(parent.as_slice())
            .and_then(|rest| rest.first().cloned())
    };
    let mut edges = Edges::new();
    for (place, module) in &tree.modules {
        let Some(from) = child(place) else { continue };
        for (target, path) in tree.imports(place) {
            if let Some(to) = child(&target)
                && to != from
            {
                let example = format!("{} imports `{}`", module.file.display(), path.join("::"));
                edges
                    .entry(from.clone())
                    .or_default()
                    .entry(to)
                    .or_insert(example);
            }
        }
    }
    edges
}

fn circle(edges: &Edges, parent: &ModulePath) -> Option<String> {
    edges.keys().find_map(|start| {
        let way = way_back(edges, start, start, &mut BTreeSet::new())?;
        Some(format!(
            "a circle in `{}`: {}",
            parent.join("::"),
            way.join("; ")
        ))
    })
}

/// The imports that lead from `at` to `goal`.
fn way_back(
    edges: &Edges,
    at: &str,
    goal: &str,
    visited: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    for (next, example) in edges.get(at)? {
        if next == goal {
            return Some(vec![example.clone()]);
        }
        if visited.insert(next.clone())
            && let Some(mut way) = way_back(edges, next, goal, visited)
        {
            way.insert(0, example.clone());
            return Some(way);
        }
    }
    None
}
