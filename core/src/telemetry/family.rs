//! Metric families, and their two forms: the text that Prometheus scrapes (exposition format 0.0.4), and
//! JSON with the same families, labels and numbers.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::histogram::HistogramReading;

/// What a family's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(u64),
    Histogram(HistogramReading),
}

/// One time series. The type of the labels keeps every text out that came from elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) value: Value,
}

/// All series of one name.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    pub(crate) samples: Vec<Sample>,
}

impl Family {
    pub(crate) fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            help,
            samples: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, labels: &[(&'static str, &'static str)], value: Value) {
        self.samples.push(Sample {
            labels: labels.to_vec(),
            value,
        });
    }
}

/// The text for Prometheus. A family without a series is left out.
pub(crate) fn as_prometheus_text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        // Writing to a text cannot fail.
        let _ = write_family(&mut text, family);
    }
    text
}

fn write_family(text: &mut String, family: &Family) -> std::fmt::Result {
    let name = family.name;
    writeln!(text, "# HELP {name} {}", family.help)?;
    writeln!(text, "# TYPE {name} {}", family.kind.name())?;
    for sample in &family.samples {
        match &sample.value {
            Value::Number(number) => {
                writeln!(text, "{name}{} {number}", labels(&sample.labels, None))?;
            }
            Value::Histogram(reading) => {
                for (bound, count) in &reading.cumulative {
                    let labels = labels(&sample.labels, Some(bound));
                    writeln!(text, "{name}_bucket{labels} {count}")?;
                }
                let labels = labels(&sample.labels, None);
                writeln!(text, "{name}_sum{labels} {}", reading.sum_seconds)?;
                writeln!(text, "{name}_count{labels} {}", reading.count())?;
            }
        }
    }
    Ok(())
}

fn labels(labels: &[(&'static str, &'static str)], bound: Option<&str>) -> String {
    let pairs: Vec<_> = labels
        .iter()
        .copied()
        .chain(bound.map(|bound| ("le", bound)))
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", pairs.join(",")),
    }
}

/// One object with a key for each family, those without a series included.
pub(crate) fn as_json(families: &[Family]) -> String {
    let families: Map<String, Json> = families
        .iter()
        .map(|family| (family.name.to_owned(), family_json(family)))
        .collect();
    Json::Object(families).to_string()
}

fn family_json(family: &Family) -> Json {
    let samples: Vec<Json> = family.samples.iter().map(sample_json).collect();
    json!({ "type": family.kind.name(), "help": family.help, "samples": samples })
}

fn sample_json(sample: &Sample) -> Json {
    let labels: Map<String, Json> = sample
        .labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    match &sample.value {
        Value::Number(number) => json!({ "labels": labels, "value": number }),
        Value::Histogram(reading) => {
            let buckets: Vec<Json> = reading
                .cumulative
                .iter()
                .map(|(bound, count)| json!({ "le": bound, "count": count }))
                .collect();
            json!({
                "labels": labels,
                "count": reading.count(),
                "sum": reading.sum_seconds,
                "buckets": buckets,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Histogram;
    use super::*;
    use std::time::Duration;

    fn families() -> Vec<Family> {
        let mut calls = Family::new("x_calls_total", Kind::Counter, "Calls.");
        calls.add(&[("method", "pay"), ("status", "OK")], Value::Number(3));
        let mut plain = Family::new("x_open", Kind::Gauge, "Open.");
        plain.add(&[], Value::Number(7));
        let histogram = Histogram::default();
        histogram.observe(Duration::from_millis(2));
        let mut spans = Family::new("x_seconds", Kind::Histogram, "Spans.");
        spans.add(&[("method", "pay")], Value::Histogram(histogram.read()));
        vec![
            calls,
            plain,
            spans,
            Family::new("x_none", Kind::Gauge, "Nothing."),
        ]
    }

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let text = as_prometheus_text(&families());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..5],
            [
                "# HELP x_calls_total Calls.",
                "# TYPE x_calls_total counter",
                "x_calls_total{method=\"pay\",status=\"OK\"} 3",
                "# HELP x_open Open.",
                "# TYPE x_open gauge",
            ]
        );
        assert!(lines.contains(&"x_open 7"));
        assert!(lines.contains(&"x_seconds_bucket{method=\"pay\",le=\"0.001\"} 0"));
        assert!(lines.contains(&"x_seconds_bucket{method=\"pay\",le=\"+Inf\"} 1"));
        assert!(lines.contains(&"x_seconds_sum{method=\"pay\"} 0.002"));
        assert!(lines.contains(&"x_seconds_count{method=\"pay\"} 1"));
        assert!(text.ends_with('\n') && !text.contains("x_none"));
    }

    #[test]
    fn the_json_says_the_same() {
        let json: Json = serde_json::from_str(&as_json(&families())).unwrap();
        let calls = &json["x_calls_total"];
        assert_eq!(calls["type"], "counter");
        assert_eq!(calls["samples"][0]["labels"]["status"], "OK");
        assert_eq!(calls["samples"][0]["value"], 3);
        let spans = &json["x_seconds"]["samples"][0];
        assert_eq!((&spans["count"], &spans["sum"]), (&json!(1), &json!(0.002)));
        assert_eq!(
            spans["buckets"].as_array().unwrap().last().unwrap(),
            &json!({ "le": "+Inf", "count": 1 })
        );
        assert_eq!(json["x_none"]["samples"], json!([]));
    }
}
