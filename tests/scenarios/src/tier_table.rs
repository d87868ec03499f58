//! Which scenario ran on which tier with which outcome, and whether every method has its scenarios.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::scenario::{Kind, Scenario, Tier};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed(Duration),
    Failed(String),
    Skipped(String),
}

#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub covers: Vec<String>,
    pub kind: &'static str,
    pub tier: Tier,
    pub outcome: Outcome,
}

#[derive(Debug, Default)]
pub struct TierTable {
    rows: Vec<Row>,
}

impl TierTable {
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        self.rows.iter().filter(|row| wanted(&row.outcome)).count()
    }

    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed(_)))
    }
}

impl fmt::Display for TierTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or(0);
        for row in &self.rows {
            let (tier, name, kind) = (row.tier.name(), &row.name, row.kind);
            let outcome = match &row.outcome {
                Outcome::Passed(time) => format!("passed {:.1} s", time.as_secs_f64()),
                Outcome::Failed(_) => "FAILED".to_owned(),
                Outcome::Skipped(reason) => format!("SKIP: {reason}"),
            };
            let covers = row.covers.join(" ");
            writeln!(f, "{tier:8} {name:width$} {kind:8} {outcome:14} {covers}")?;
        }
        let skipped = self.count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        write!(
            f,
            "{} passed, {} failed, {skipped} skipped",
            self.passed(),
            self.failed()
        )
    }
}

/// The methods, of those that the library offers, that lack a happy or an error scenario on that tier.
pub fn uncovered(methods: &[String], scenarios: &[Scenario], tier: Tier) -> Vec<String> {
    let mut kinds: BTreeMap<&str, Vec<Kind>> = BTreeMap::new();
    for scenario in scenarios.iter().filter(|scenario| scenario.is_for(tier)) {
        for method in &scenario.covers {
            kinds.entry(method).or_default().push(scenario.kind);
        }
    }
    let mut missing = Vec::new();
    for method in methods {
        for (kind, word) in [(Kind::Happy, "happy"), (Kind::Error, "error")] {
            if !kinds
                .get(method.as_str())
                .is_some_and(|kinds| kinds.contains(&kind))
            {
                missing.push(format!(
                    "{method} has no {word} scenario on {}",
                    tier.name()
                ));
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(method: &str, kind: &str, rest: &str) -> Scenario {
        let text = format!(
            "title = \"t\"\ncovers = [\"{method}\"]\nkind = \"{kind}\"\n{rest}\n\
             [[step]]\ncall = \"{method}\"\nexpect = \"OK\"\n"
        );
        Scenario::parse("s", &text).unwrap()
    }

    #[test]
    fn a_method_needs_both_kinds_on_the_tier_itself() {
        let only = "only = [\"daemons\"]\nonly_because = \"r\"";
        let scenarios = [
            scenario("lnd.a", "happy", ""),
            scenario("lnd.a", "error", only),
            scenario("lnd.b", "repeat", ""),
        ];
        let methods = ["lnd.a".to_owned(), "lnd.b".to_owned()];
        assert_eq!(uncovered(&methods, &scenarios, Tier::Devnet).len(), 3);
        assert_eq!(
            uncovered(&methods[..1], &scenarios, Tier::Daemons),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_closing_line_counts() {
        let mut table = TierTable::default();
        for outcome in [
            Outcome::Passed(Duration::ZERO),
            Outcome::Failed("x".into()),
            Outcome::Skipped("no".into()),
        ] {
            let (name, covers) = ("n".to_owned(), vec![]);
            table.add(Row {
                name,
                covers,
                kind: "happy",
                tier: Tier::Devnet,
                outcome,
            });
        }
        assert!(
            table
                .to_string()
                .ends_with("\n1 passed, 1 failed, 1 skipped")
        );
    }
}
