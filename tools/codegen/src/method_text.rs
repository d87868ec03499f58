//! The part of the header that comes from the registry: names of services, methods and streams, and one
//! paragraph of contract for each.

use std::fmt::Write;

use arkgrpc_core::{Class, MethodRow, Needs, SERVICES, StreamRow};
use serde_json::Value;

use crate::comment::{block, documentation};
use crate::schema_text::{properties, result_properties};

/// All services that the configuration knows, with or without methods in this version.
const SERVICE_NAMES: [(&str, &str); 3] = [
    ("lnd", "Lightning node (lnd)."),
    ("tapd", "Taproot Assets daemon (tapd)."),
    ("arkd", "Ark server (arkd)."),
];

/// The whole part, as C text.
pub(crate) fn section() -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    out.push_str(&block(INTRODUCTION));
    out.push('\n');
    for (name, meaning) in SERVICE_NAMES {
        let offered = SERVICES.iter().any(|service| service.name == name);
        let note = if offered {
            ""
        } else {
            " No methods in this version."
        };
        out.push_str(&format!("/** Service: {meaning}{note} */\n"));
        writeln!(
            out,
            "#define ARKGRPC_SERVICE_{} \"{name}\"",
            name.to_uppercase()
        )?;
    }
    for row in arkgrpc_core::registry() {
        out.push('\n');
        out.push_str(&documentation(&paragraph(row)?));
        writeln!(out, "#define {} \"{}\"", constant(row), row.name)?;
    }
    Ok(out)
}

const INTRODUCTION: &str = "\
METHODS
  For arkgrpc_client_call(). Each paragraph: what it does, parameters, keys of the result, what is \
special about its errors. Every method may also end in the general statuses: deadline, cancelled, \
closed, connection, TLS, credentials, and the daemon's own refusals (300+n).
  Class: a read may be repeated at will; a keyed write may be repeated too, the daemon dedupes it; \
any other write must not be repeated before its outcome is known.";

/// The streams, as C text.
pub(crate) fn streams() -> Result<String, std::fmt::Error> {
    let mut out = block(STREAMS);
    for stream in arkgrpc_core::streams() {
        let row = &stream.row;
        out.push('\n');
        out.push_str(&documentation(&stream_paragraph(stream)?));
        let name = format!("ARKGRPC_STREAM_{}_{}", row.service, row.name).to_uppercase();
        writeln!(out, "#define {name} \"{}\"", row.name)?;
    }
    Ok(out)
}

const STREAMS: &str = "\
STREAMS
  For arkgrpc_client_stream(). Each paragraph: what it tells, its parameters, the keys of an item, what may be \
missing after a reconnect. Every message has the keys type, item, dropped and reconnect, see STREAMS AND \
arkgrpc_stream_next above.";

fn stream_paragraph(stream: &StreamRow) -> Result<String, std::fmt::Error> {
    let row = &stream.row;
    let mut text = format!("{} of {}: a stream.\n\n", row.name, row.service);
    text.push_str(&sentence(row.doc));
    text.push_str("\n\n");
    let (params, message) = (row.params_schema(), row.result_schema());
    list(&mut text, "Parameters", "none", properties(&params))?;
    let item = item_name(&message).unwrap_or_default();
    let mut parts = definitions(&[params, message.clone()]);
    // The same for all streams: it is described once, in the manual.
    parts.retain(|(name, _)| name != "Reconnect");
    parts.sort_by_key(|(name, _)| name != item);
    for (name, definition) in &parts {
        let title = match name == item {
            true => "Item".to_owned(),
            false => format!("{} object", name.trim_end_matches("View")),
        };
        list(&mut text, &title, "{}", result_properties(definition))?;
    }
    writeln!(text, "Gap after a reconnect: {}.", stream.gap)?;
    writeln!(text, "Permissions: {}.", row.permissions.join(", "))?;
    writeln!(text, "Needs: {}.", needs(row.needs))?;
    writeln!(text, "{}", expected(row))?;
    Ok(text)
}

/// The definition of what stands under `item` in a message.
fn item_name(message: &Value) -> Option<&str> {
    let alternatives = message.pointer("/properties/item/anyOf")?.as_array()?;
    let target = alternatives
        .iter()
        .find_map(|kind| kind.get("$ref"))?
        .as_str()?;
    target.rsplit('/').next()
}

fn expected(row: &MethodRow) -> String {
    let errors: Vec<String> = row
        .errors
        .iter()
        .map(|name| format!("ARKGRPC_{name}"))
        .collect();
    format!("Errors to expect: {}.", errors.join(", "))
}

fn constant(row: &MethodRow) -> String {
    format!("ARKGRPC_METHOD_{}_{}", row.service, row.name).to_uppercase()
}

fn paragraph(row: &MethodRow) -> Result<String, std::fmt::Error> {
    let mut text = format!("{} of {}: {}.\n\n", row.name, row.service, class(row.class));
    text.push_str(&sentence(row.doc));
    text.push_str("\n\n");
    list(
        &mut text,
        "Parameters",
        "none",
        properties(&row.params_schema()),
    )?;
    list(
        &mut text,
        "Result",
        "{}",
        result_properties(&row.result_schema()),
    )?;
    for (name, definition) in definitions(&[row.params_schema(), row.result_schema()]) {
        let title = format!("{} object", name.trim_end_matches("View"));
        list(&mut text, &title, "{}", result_properties(&definition))?;
    }
    writeln!(text, "Deadline: {}.", deadline(row))?;
    writeln!(text, "Permissions: {}.", row.permissions.join(", "))?;
    writeln!(text, "Needs: {}.", needs(row.needs))?;
    if row.stale {
        writeln!(text, "May be stale, with ARKGRPC_FLAG_ALLOW_STALE.")?;
    }
    if !row.reconcile.is_empty() {
        writeln!(text, "Lost answer: {}.", sentence(row.reconcile))?;
    }
    if !row.errors.is_empty() {
        writeln!(text, "{}", expected(row))?;
    }
    Ok(text)
}

fn list(
    text: &mut String,
    title: &str,
    nothing: &str,
    lines: Vec<String>,
) -> Result<(), std::fmt::Error> {
    if lines.is_empty() {
        return writeln!(text, "{title}: {nothing}.");
    }
    writeln!(text, "{title}:\n{}", lines.join("\n"))
}

/// Named parts of the schemas, each once.
fn definitions(schemas: &[Value]) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::new();
    for schema in schemas {
        let Some(definitions) = schema.get("$defs").and_then(Value::as_object) else {
            continue;
        };
        for (name, definition) in definitions {
            if !found.iter().any(|(known, _)| known == name) {
                found.push((name.clone(), definition.clone()));
            }
        }
    }
    found
}

/// The registry's text on one line, to be wrapped anew.
fn sentence(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('`', "")
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Read => "a read",
        Class::KeyedWrite => "a keyed write",
        Class::Write => "a write",
    }
}

fn deadline(row: &MethodRow) -> String {
    let own = format!("{} ms", row.deadline_ms);
    if row.configured_deadline {
        format!("the options' timeout_ms, else the configuration's, else {own}")
    } else {
        format!("the options' timeout_ms, else {own}")
    }
}

fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "nothing, the daemon may be away",
        Needs::Answering => "a daemon that answers calls",
        Needs::ServerActive => "a fully started daemon",
        Needs::Synced => "a daemon in sync with its chain",
    }
}
