//! The methods that the library offers, as it says itself, with the parameters of the table.

use anyhow::{Context, Result, ensure};
use arkgrpc_scenarios::made::make;
use serde_json::Value;

use crate::tables::{Class, Parameters, Tables};

/// One method.
#[derive(Clone, Debug)]
pub struct Row {
    pub service: String,
    pub method: String,
    pub class: Class,
    pub parameters: Parameters,
    /// Its parameters as JSON Schema.
    pub schema: Value,
}

impl Row {
    pub fn name(&self) -> String {
        format!("{}.{}", self.service, self.method)
    }

    /// Parameters for one call.
    pub fn fresh_params(&self) -> Result<Value> {
        let mut params = self.parameters.params.clone();
        fill(&mut params)?;
        Ok(params)
    }
}

fn fill(value: &mut Value) -> Result<()> {
    match value {
        Value::String(text) => {
            if let Some(recipe) = text.strip_prefix("make:") {
                *text = make(recipe)?;
            }
        }
        Value::Object(fields) => fields.values_mut().try_for_each(fill)?,
        _ => {}
    }
    Ok(())
}

/// The rows of `arkgrpc_methods()`. A method without parameters in the table is an error, and so is a
/// line of the table that no method has.
pub fn read(methods: &Value, tables: &Tables) -> Result<Vec<Row>> {
    let listed = methods.get("methods").and_then(Value::as_array);
    let listed = listed.context("arkgrpc_methods() has no list")?;
    let mut rows = Vec::new();
    for method in listed {
        let text = |key: &str| {
            let value = method.get(key).and_then(Value::as_str);
            value.with_context(|| format!("a method without {key}"))
        };
        let (service, name) = (text("service")?, text("name")?);
        let class = serde_json::from_value(Value::from(text("class")?))?;
        rows.push(Row {
            service: service.to_owned(),
            method: name.to_owned(),
            class,
            parameters: tables.parameters(service, name)?.clone(),
            schema: method.get("params").cloned().unwrap_or_default(),
        });
        tables.service(service)?;
    }
    for (service, name) in tables.named() {
        let known = |row: &Row| row.service == service && row.method == name;
        ensure!(
            rows.iter().any(known),
            "the library has no {service}.{name}"
        );
    }
    Ok(rows)
}
