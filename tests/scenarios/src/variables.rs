//! Variables of a scenario: remembered values, put into later steps as `${name}`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use crate::made;
use crate::pattern;

#[derive(Debug, Default)]
pub struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Remembers the value at `path | filter` of an answer.
    pub fn save(&mut self, name: &str, source: &str, answer: &Value) -> Result<()> {
        let (path, filter) = match source.split_once('|') {
            Some((path, filter)) => (path.trim(), Some(filter.trim())),
            None => (source.trim(), None),
        };
        let Some(value) = pattern::at(answer, path) else {
            bail!("nothing at {path} to save as {name} in {answer}");
        };
        let value = match filter {
            Some(filter) => Value::String(made::make(&format!("{filter} {}", plain(value)))?),
            None => value.clone(),
        };
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Makes a variable from a line `name = recipe`.
    pub fn make(&mut self, line: &str) -> Result<()> {
        let Some((name, recipe)) = line.split_once('=') else {
            bail!("make: {line} is not `name = recipe`");
        };
        let made = made::make(&self.fill_text(recipe.trim())?)?;
        self.set(name.trim(), made);
        Ok(())
    }

    /// The value with all variables put in. A string that is one variable takes the variable's type.
    pub fn fill(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => {
                match text.strip_prefix("${").and_then(|t| t.strip_suffix('}')) {
                    Some(name) if !name.contains("${") => self.get(name)?.clone(),
                    _ => Value::String(self.fill_text(text)?),
                }
            }
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.fill(item))
                    .collect::<Result<_>>()?,
            ),
            Value::Object(keys) => Value::Object(self.fill_map(keys)?),
            other => other.clone(),
        })
    }

    pub fn fill_map(&self, map: &Map<String, Value>) -> Result<Map<String, Value>> {
        map.iter()
            .map(|(key, value)| Ok((key.clone(), self.fill(value)?)))
            .collect()
    }

    pub fn fill_text(&self, text: &str) -> Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                bail!("{text}: a ${{ without its brace");
            };
            filled.push_str(before);
            filled.push_str(&plain(self.get(name)?));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn get(&self, name: &str) -> Result<&Value> {
        match self.0.get(name) {
            Some(value) => Ok(value),
            None => bail!(
                "no variable {name}; there are {:?}",
                self.0.keys().collect::<Vec<_>>()
            ),
        }
    }
}

/// As it stands within a text: strings without their quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_put_in_with_their_type() {
        let mut variables = Variables::default();
        variables.set("n", 5);
        variables.set("s", "x");
        let filled = variables
            .fill(&json!({"a": "${n}", "b": ["${s}-${n}"], "c": true}))
            .unwrap();
        assert_eq!(filled, json!({"a": 5, "b": ["x-5"], "c": true}));
        assert!(variables.fill(&json!("${missing}")).is_err());
        assert!(variables.fill(&json!("${s")).is_err());
    }

    #[test]
    fn saved_values_may_be_converted() {
        let mut variables = Variables::default();
        let answer = json!({"hashes": ["/wA="]});
        variables.save("hash", "hashes.0 | hex", &answer).unwrap();
        assert_eq!(variables.fill_text("${hash}").unwrap(), "ff00");
        assert!(variables.save("none", "hashes.1", &answer).is_err());
    }
}
