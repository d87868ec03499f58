//! Totals of a run, and every cell that came out otherwise than expected.

use std::collections::BTreeMap;
use std::fmt;

use crate::cell::Cell;

#[derive(Default)]
pub struct Report {
    /// Cells and unexpected ones, by number and name of the fault.
    faults: BTreeMap<(u32, String), (usize, usize)>,
    unexpected: Vec<(String, Vec<String>)>,
    skipped: usize,
    elsewhere: Vec<String>,
}

impl Report {
    pub fn add(&mut self, cell: &Cell, wrong: Vec<String>) {
        let key = (cell.fault.number, cell.fault.name.clone());
        let (cells, unexpected) = self.faults.entry(key).or_default();
        *cells += 1;
        if !wrong.is_empty() {
            *unexpected += 1;
            self.unexpected.push((cell.name(), wrong));
        }
    }

    pub fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Something that belongs to no cell.
    pub fn complain(&mut self, about: &str, what: String) {
        self.unexpected.push((about.to_owned(), vec![what]));
    }

    pub fn add_elsewhere(&mut self, line: String) {
        self.elsewhere.push(line);
    }

    pub fn cells(&self) -> usize {
        self.faults.values().map(|(cells, _)| cells).sum()
    }

    pub fn unexpected(&self) -> usize {
        self.unexpected.len()
    }

    /// Unexpected cells of which one complaint contains the text.
    pub fn found(&self, text: &str) -> usize {
        let says = |wrong: &[String]| wrong.iter().any(|it| it.contains(text));
        self.unexpected
            .iter()
            .filter(|(_, wrong)| says(wrong))
            .count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, wrong) in &self.unexpected {
            writeln!(f, "UNEXPECTED {name}")?;
            for line in wrong {
                writeln!(f, "    {line}")?;
            }
        }
        for ((number, name), (cells, unexpected)) in &self.faults {
            writeln!(
                f,
                "{number:2} {name:32} {cells:4} cells, {unexpected} unexpected"
            )?;
        }
        for line in &self.elsewhere {
            writeln!(f, "{line}")?;
        }
        let passed = self.cells().saturating_sub(self.unexpected());
        let unexpected = self.unexpected();
        write!(
            f,
            "{passed} passed, {unexpected} failed, {} skipped: cells of the fault matrix",
            self.skipped
        )
    }
}
