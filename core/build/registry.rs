//! Turns `methods.toml` into the registry table and the dispatch: a row whose function or types are
//! missing does not compile, and a function without a row is dead code, which is denied.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    service: BTreeMap<String, Service>,
    method: Vec<Method>,
    stream: Vec<Stream>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    doc: String,
    no_effect: Vec<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    code: i32,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    name: String,
    service: String,
    rpcs: Vec<String>,
    class: String,
    lane: String,
    /// Whether it passes breaker, lane and line: `always`, or the name of the parameter that must be true.
    passes: Option<String>,
    deadline_ms: u64,
    /// Whether a time limit of the configuration takes the place of `deadline_ms`.
    configured_deadline: bool,
    max_input_bytes: Option<u64>,
    permissions: Vec<String>,
    needs: String,
    no_effect: Vec<Refusal>,
    reconcile: String,
    errors: Vec<String>,
    doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    name: String,
    service: String,
    rpcs: Vec<String>,
    permissions: Vec<String>,
    needs: String,
    /// What may be missing after a reconnect: none, updates or events.
    gap: String,
    errors: Vec<String>,
    doc: String,
}

const NEEDS: [&str; 4] = ["nothing", "answering", "server_active", "synced"];

/// Time limit of a single look-up that a stream makes.
const LOOKUP_MS: u64 = 30_000;

/// The Rust text of the registry.
pub fn generate(text: &str) -> Result<String, String> {
    let registry: Registry =
        toml::from_str(text).map_err(|error| format!("methods.toml: {error}"))?;
    check(&registry)?;
    let mut out = String::new();
    write_table(&registry, &mut out).map_err(|error| error.to_string())?;
    write_dispatch(&registry, &mut out).map_err(|error| error.to_string())?;
    check_streams(&registry)?;
    write_streams(&registry, &mut out).map_err(|error| error.to_string())?;
    write_stream_dispatch(&registry, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn check(registry: &Registry) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for method in &registry.method {
        let place = format!("methods.toml: {}.{}", method.service, method.name);
        if !registry.service.contains_key(&method.service) {
            return Err(format!("{place}: no such service"));
        }
        if !seen.insert((&method.service, &method.name)) {
            return Err(format!("{place} stands twice"));
        }
        if !["R", "K", "N"].contains(&method.class.as_str()) {
            return Err(format!("{place}: class must be R, K or N"));
        }
        if !["read", "write", "payment"].contains(&method.lane.as_str()) {
            return Err(format!("{place}: lane must be read, write or payment"));
        }
        if method.passes.is_some() && method.class == "R" {
            return Err(format!("{place}: a read passes nothing"));
        }
        if !NEEDS.contains(&method.needs.as_str()) {
            return Err(format!("{place}: needs must be one of {NEEDS:?}"));
        }
        if method.rpcs.is_empty() || method.permissions.is_empty() || method.doc.trim().is_empty() {
            return Err(format!("{place}: rpcs, permissions and doc must be filled"));
        }
        let write = method.class != "R";
        if write && (method.no_effect.is_empty() || method.reconcile.trim().is_empty()) {
            return Err(format!(
                "{place}: a write needs its no_effect list and reconcile recipe"
            ));
        }
    }
    Ok(())
}

fn write_table(registry: &Registry, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "/// The services that have methods.\npub static SERVICES: &[ServiceRow] = &["
    )?;
    for (name, service) in &registry.service {
        writeln!(
            out,
            "ServiceRow {{ name: {name:?}, doc: {:?}, no_effect: {} }},",
            service.doc.trim(),
            refusals(&service.no_effect)
        )?;
    }
    writeln!(
        out,
        "];\n/// Every method, in the order of `methods.toml`.\npub static METHODS: &[MethodRow] = &["
    )?;
    for method in &registry.method {
        let class = match method.class.as_str() {
            "R" => "Read",
            "K" => "KeyedWrite",
            _ => "Write",
        };
        let lane = capitalised(&method.lane);
        let passes = match method.passes.as_deref() {
            None => "Never".to_owned(),
            Some("always") => "Always".to_owned(),
            Some(parameter) => format!("If({parameter:?})"),
        };
        let needs = camel(&method.needs);
        let (service, camel_name) = (&method.service, camel(&method.name));
        writeln!(
            out,
            "MethodRow {{ name: {:?}, service: {service:?}, rpcs: &{:?}, class: Class::{class}, \
             lane: Lane::{lane}, passes: Passes::{passes}, deadline_ms: {}, configured_deadline: {}, max_input_bytes: {}, \
             permissions: &{:?}, needs: Needs::{needs}, no_effect: {}, reconcile: {:?}, errors: &{:?}, \
             doc: {:?}, \
             params_schema: || schemars::schema_for!(super::{service}::{camel_name}Params), \
             result_schema: || schemars::schema_for!(super::{service}::{camel_name}Result) }},",
            method.name,
            method.rpcs,
            method.deadline_ms,
            method.configured_deadline,
            method.max_input_bytes.unwrap_or(16 * 1024 * 1024),
            method.permissions,
            refusals(&method.no_effect),
            method.reconcile.trim(),
            method.errors,
            method.doc.trim(),
        )?;
    }
    writeln!(out, "];")
}

fn write_dispatch(registry: &Registry, out: &mut String) -> std::fmt::Result {
    for service in registry.service.keys() {
        writeln!(
            out,
            "/// Reads the parameters of the row's method of service {service}, ready to be run.\n\
             pub(crate) fn prepare_{service}(row: &'static MethodRow, params: &str) \
             -> Result<Prepared<super::{service}::Context>, Error> {{ match row.name {{"
        )?;
        for method in registry
            .method
            .iter()
            .filter(|method| &method.service == service)
        {
            let name = &method.name;
            writeln!(
                out,
                "{name:?} => {{ let params: super::{service}::{camel}Params = parse(row, params)?; \
                 Ok(Box::new(move |context| Box::pin(async move {{ \
                 let result: super::{service}::{camel}Result = \
                 super::{service}::{name}(&context, params).await?; \
                 Ok(Box::new(result) as Box<dyn Printable>) }}))) }}",
                camel = camel(name)
            )?;
        }
        writeln!(
            out,
            "other => Err(unknown_method({service:?}, other)) }} }}"
        )?;
    }
    Ok(())
}

fn check_streams(registry: &Registry) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for stream in &registry.stream {
        let place = format!("methods.toml: stream {}.{}", stream.service, stream.name);
        if !registry.service.contains_key(&stream.service) {
            return Err(format!("{place}: no such service"));
        }
        if !seen.insert((&stream.service, &stream.name)) {
            return Err(format!("{place} stands twice"));
        }
        if !NEEDS.contains(&stream.needs.as_str()) {
            return Err(format!("{place}: needs must be one of {NEEDS:?}"));
        }
        if !["none", "updates", "events"].contains(&stream.gap.as_str()) {
            return Err(format!("{place}: gap must be none, updates or events"));
        }
        if stream.rpcs.is_empty() || stream.permissions.is_empty() || stream.doc.trim().is_empty() {
            return Err(format!("{place}: rpcs, permissions and doc must be filled"));
        }
    }
    Ok(())
}

fn write_streams(registry: &Registry, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "/// Every stream, in the order of `methods.toml`.\n\
         pub static STREAMS: &[StreamRow] = &["
    )?;
    for stream in &registry.stream {
        let (service, camel_name) = (&stream.service, camel(&stream.name));
        writeln!(
            out,
            "StreamRow {{ gap: {:?}, row: MethodRow {{ \
             name: {:?}, service: {service:?}, rpcs: &{:?}, class: Class::Read, \
             lane: Lane::Read, passes: Passes::Never, deadline_ms: {LOOKUP_MS}, configured_deadline: true, \
             max_input_bytes: {}, permissions: &{:?}, needs: Needs::{}, no_effect: &[], \
             reconcile: \"\", errors: &{:?}, doc: {:?}, \
             params_schema: || schemars::schema_for!(super::{service}::{camel_name}Params), \
             result_schema: || schemars::schema_for!(super::StreamMessage<super::{service}::{camel_name}Item>) }} }},",
            stream.gap,
            stream.name,
            stream.rpcs,
            16 * 1024 * 1024,
            stream.permissions,
            camel(&stream.needs),
            stream.errors,
            stream.doc.trim(),
        )?;
    }
    writeln!(out, "];")
}

fn write_stream_dispatch(registry: &Registry, out: &mut String) -> std::fmt::Result {
    for service in registry.service.keys() {
        writeln!(
            out,
            "/// Reads the parameters of the row's stream of service {service}, ready to be run.\n\
             pub(crate) fn prepare_{service}_stream(row: &'static MethodRow, params: &str) \
             -> Result<PreparedStream<super::{service}::Subscriber>, Error> {{ match row.name {{"
        )?;
        for stream in registry
            .stream
            .iter()
            .filter(|stream| &stream.service == service)
        {
            let name = &stream.name;
            writeln!(
                out,
                "{name:?} => {{ let params: super::{service}::{camel}Params = parse(row, params)?; \
                 Ok(Box::new(move |subscriber| Box::pin(async move {{ \
                 super::{service}::{name}(&subscriber, params).await }}))) }}",
                camel = camel(name)
            )?;
        }
        writeln!(
            out,
            "other => Err(unknown_stream({service:?}, other)) }} }}"
        )?;
    }
    Ok(())
}

fn refusals(list: &[Refusal]) -> String {
    let rows: Vec<String> = list
        .iter()
        .map(|refusal| {
            format!(
                "Refusal {{ code: {}, text: {:?} }}",
                refusal.code, refusal.text
            )
        })
        .collect();
    format!("&[{}]", rows.join(", "))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn camel(name: &str) -> String {
    name.split('_').map(capitalised).collect()
}
