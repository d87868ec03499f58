//! The committed text of the registry: fresh, and found stale when a row changes.
#![forbid(unsafe_code)]

use arkgrpc_codegen::{registry, workspace};

#[test]
fn the_committed_text_is_fresh_and_a_changed_one_is_found_stale() {
    let root = workspace::root().unwrap();
    registry::FILE.check(&root).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(registry::FILE.place);
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    let text = std::fs::read_to_string(root.join(registry::FILE.place)).unwrap();
    std::fs::write(&copy, text.replacen("\"R\"", "\"N\"", 1)).unwrap();
    let error = registry::FILE.check(folder.path()).unwrap_err().to_string();
    assert!(error.contains("stale from line"), "{error}");
    assert!(registry::FILE.write(folder.path()).unwrap());
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), text);
    assert!(!registry::FILE.write(folder.path()).unwrap());
}

#[test]
fn the_text_is_one_json_object_with_a_schema_for_each_method() {
    let text = arkgrpc_core::methods_json();
    assert!(!text.contains('\n'), "an answer is one line");
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    let methods = text["methods"].as_array().unwrap();
    assert_eq!(methods.len(), arkgrpc_core::registry().len());
    for method in methods {
        assert!(
            method["params"].is_object() && method["result"].is_object(),
            "{method}"
        );
    }
}
