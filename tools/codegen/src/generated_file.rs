//! A committed file that a command of this tool writes, and how to see whether it is fresh.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// What is written, and where.
pub struct GeneratedFile {
    /// Seen from the root.
    pub place: &'static str,
    /// The command that writes it.
    pub command: &'static str,
    /// Its text, from what lies under the root.
    pub generate: fn(&Path) -> Result<String>,
}

impl GeneratedFile {
    /// Writes the file, if it changed.
    pub fn write(&self, root: &Path) -> Result<bool> {
        let text = (self.generate)(root)?;
        let path = root.join(self.place);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            return Ok(false);
        }
        std::fs::write(&path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(true)
    }

    /// Fails, naming the first differing line, unless the committed file is what would be generated.
    pub fn check(&self, root: &Path) -> Result<()> {
        let Self { place, command, .. } = self;
        let present = std::fs::read_to_string(root.join(place))
            .with_context(|| format!("{place} cannot be read"))?;
        let wanted = (self.generate)(root)?;
        if present == wanted {
            return Ok(());
        }
        let lines = present.lines().zip(wanted.lines());
        let first = lines.take_while(|(one, other)| one == other).count() + 1;
        bail!(
            "{place} is stale from line {first} on; run: cargo run -p arkgrpc-codegen -- {command}"
        )
    }
}
