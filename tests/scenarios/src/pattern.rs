//! Patterns that an answer is held against.
//!
//! An object matches when every key of the pattern matches; keys beyond those do not matter. A list matches
//! item by item. A string of the form `<…>` is a question about the value; everything else must be equal.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What differs, with the path to it; empty when the answer matches.
pub fn differences(pattern: &Value, found: &Value) -> Result<Vec<String>> {
    let mut list = Vec::new();
    compare(pattern, Some(found), "", &mut list)?;
    Ok(list)
}

fn compare(
    pattern: &Value,
    found: Option<&Value>,
    path: &str,
    list: &mut Vec<String>,
) -> Result<()> {
    match (pattern, found) {
        (Value::Object(keys), Some(Value::Object(object))) => {
            for (key, pattern) in keys {
                compare(pattern, object.get(key), &format!("{path}.{key}"), list)?;
            }
        }
        (Value::Array(wanted), Some(Value::Array(items))) => {
            if wanted.len() != items.len() {
                let (wanted, found) = (wanted.len(), items.len());
                list.push(format!("{path}: {found} items instead of {wanted}"));
                return Ok(());
            }
            for (index, (pattern, item)) in wanted.iter().zip(items).enumerate() {
                compare(pattern, Some(item), &format!("{path}[{index}]"), list)?;
            }
        }
        (Value::String(text), found) if text.starts_with('<') && text.ends_with('>') => {
            let question = text.trim_start_matches('<').trim_end_matches('>');
            if !holds(question, found)? {
                list.push(format!("{path}: {} is not <{question}>", shown(found)));
            }
        }
        (pattern, Some(found)) if pattern == found => {}
        (pattern, found) => list.push(format!("{path}: {} instead of {pattern}", shown(found))),
    }
    Ok(())
}

fn shown(found: Option<&Value>) -> String {
    found.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

/// Answers one question. Unknown questions are errors of the scenario, not of what is tested.
fn holds(question: &str, found: Option<&Value>) -> Result<bool> {
    let (word, rest) = question.split_once(' ').unwrap_or((question, ""));
    let Some(value) = found else {
        return Ok(word == "absent");
    };
    let text = value.as_str();
    Ok(match word {
        "absent" => false,
        "null" => value.is_null(),
        "not_null" => !value.is_null(),
        "number" => value.as_u64().is_some(),
        "bool" => value.is_boolean(),
        "string" => text.is_some(),
        "list" => value.is_array(),
        "filled" => text.is_some_and(|text| !text.trim().is_empty()),
        "decimal" => text.is_some_and(is_decimal),
        "hex" => text.is_some_and(|text| is_hex(text, rest)),
        "contains" => text.is_some_and(|text| text.contains(rest)),
        "lacks" => text.is_none_or(|text| !text.contains(rest)),
        "begins" => text.is_some_and(|text| text.starts_with(rest)),
        "one_of" => text.is_some_and(|text| rest.split('|').any(|choice| choice == text)),
        "items" => value
            .as_array()
            .is_some_and(|items| items.len().to_string() == rest),
        "not" => text.is_some_and(|text| text != rest),
        "at_least" => amount(value) >= Some(limit(question, rest)?),
        "at_most" => {
            let limit = limit(question, rest)?;
            amount(value).is_some_and(|amount| amount <= limit)
        }
        _ => bail!("unknown question <{question}>"),
    })
}

fn limit(question: &str, text: &str) -> Result<i64> {
    text.parse()
        .with_context(|| format!("<{question}>: not a number"))
}

fn amount(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hex(text: &str, length: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.bytes().all(lower) && (length.is_empty() || text.len().to_string() == length)
}

/// The value at a path such as `payments.0.status`; the empty path is the whole.
pub fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .filter(|part| !part.is_empty())
        .try_fold(value, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => value.get(part),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(pattern: Value, found: Value) -> bool {
        differences(&pattern, &found).unwrap().is_empty()
    }

    #[test]
    fn objects_match_by_the_keys_of_the_pattern() {
        assert!(matches(
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 1, "c": 2}, "d": 3})
        ));
        assert!(!matches(json!({"a": {"b": 1}}), json!({"a": {"b": 2}})));
        assert!(!matches(json!({"a": 1}), json!({})));
        assert!(!matches(json!({"a": 1}), json!({"a": "1"})));
        assert!(!matches(json!([1, 2]), json!([1])));
    }

    #[test]
    fn questions_are_answered_both_ways() {
        for (question, yes, no) in [
            ("<null>", json!(null), json!(0)),
            ("<not_null>", json!(0), json!(null)),
            ("<number>", json!(5), json!("5")),
            ("<bool>", json!(false), json!(0)),
            ("<list>", json!([]), json!({})),
            ("<filled>", json!("x"), json!(" ")),
            ("<decimal>", json!("12"), json!("-12")),
            ("<hex 4>", json!("0aff"), json!("0AFF")),
            ("<hex 4>", json!("0aff"), json!("0aff00")),
            ("<contains ab>", json!("cabd"), json!("cad")),
            ("<lacks ab>", json!("cad"), json!("cabd")),
            ("<begins ca>", json!("cab"), json!("bca")),
            ("<one_of a|b>", json!("b"), json!("c")),
            ("<items 2>", json!([1, 2]), json!([1])),
            ("<not x>", json!("y"), json!("x")),
            ("<at_least 5>", json!("5"), json!(4)),
            ("<at_most 5>", json!(5), json!("6")),
        ] {
            assert!(matches(json!(question), yes.clone()), "{question} {yes}");
            assert!(!matches(json!(question), no.clone()), "{question} {no}");
        }
        assert!(matches(json!({"a": "<absent>"}), json!({})));
        assert!(!matches(json!({"a": "<absent>"}), json!({"a": null})));
        assert!(!matches(json!({"a": "<null>"}), json!({})));
    }

    #[test]
    fn an_unknown_question_is_an_error() {
        assert!(differences(&json!("<hexx>"), &json!("00")).is_err());
    }

    #[test]
    fn paths_lead_into_lists() {
        let value = json!({"a": [{"b": 7}]});
        assert_eq!(at(&value, "a.0.b"), Some(&json!(7)));
        assert_eq!(at(&value, "a.1.b"), None);
        assert_eq!(at(&value, ""), Some(&value));
    }
}
