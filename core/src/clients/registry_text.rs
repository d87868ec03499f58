//! The registry in words: what `arkgrpc_methods()` answers, made from the rows and the types.

use schemars::schema_for;
use serde_json::{Value, json};

use super::StreamMessage;
use super::health_view::{CheckView, HealthEventView, HealthView, Services};
use super::registry::{METHODS, MethodRow, Needs, SERVICES, STREAMS, StreamRow};

/// The text of [`super::methods_json`], anew: one line an entry, so that a change of one is a change of one line.
pub fn describe_registry() -> String {
    let methods: Vec<Value> = METHODS.iter().map(describe).collect();
    let services: Vec<Value> = SERVICES
        .iter()
        .map(|service| json!({ "name": service.name, "doc": service.doc }))
        .collect();
    let streams: Vec<Value> = STREAMS.iter().map(describe_stream).collect();
    let lists = [
        ("services", services),
        ("methods", methods),
        ("streams", streams),
    ];
    let lists = lists.map(|(name, entries)| {
        let lines: Vec<_> = entries.iter().map(Value::to_string).collect();
        format!("{name:?}:[\n{}\n]", lines.join(",\n"))
    });
    let manager = manager_schemas();
    format!("{{{},\n\"manager\":{manager}}}\n", lists.join(",\n"))
}

fn describe_stream(stream: &StreamRow) -> Value {
    let row = &stream.row;
    json!({
        "name": row.name,
        "service": row.service,
        "rpcs": row.rpcs,
        "permissions": row.permissions,
        "needs": needs_name(row.needs),
        "gap": stream.gap,
        "errors": row.errors,
        "doc": row.doc,
        "params": row.params_schema(),
        "message": row.result_schema(),
    })
}

fn needs_name(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "nothing",
        Needs::Answering => "answering",
        Needs::ServerActive => "server_active",
        Needs::Synced => "synced",
    }
}

fn describe(row: &MethodRow) -> Value {
    json!({
        "name": row.name,
        "service": row.service,
        "rpcs": row.rpcs,
        "class": row.class.letter(),
        "lane": row.lane.name(),
        "deadline_ms": row.deadline_ms,
        "configured_deadline": row.configured_deadline,
        "permissions": row.permissions,
        "needs": needs_name(row.needs),
        "stale": row.stale,
        "reconcile": Some(row.reconcile).filter(|text| !text.is_empty()),
        "errors": row.errors,
        "doc": row.doc,
        "params": row.params_schema(),
        "result": row.result_schema(),
    })
}

/// The schemas of what a manager tells.
fn manager_schemas() -> Value {
    json!({
        "health": schema_for!(Services<HealthView>),
        "health_check_all": schema_for!(Services<CheckView>),
        "events": schema_for!(StreamMessage<HealthEventView>),
    })
}
