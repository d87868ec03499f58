//! The file format of a scenario: what stands in `files/**/*.toml`.
//!
//! A scenario is a list of steps. Each step has exactly one action (`call`, `outside`, `mine`, …) and may
//! say what it expects of the answer, what it remembers of it, and until when it may be tried again.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where scenarios are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Simulated daemons.
    Devnet,
    /// The real ones.
    Daemons,
}

impl Tier {
    pub const ALL: [Tier; 2] = [Tier::Devnet, Tier::Daemons];

    pub fn name(self) -> &'static str {
        match self {
            Tier::Devnet => "devnet",
            Tier::Daemons => "daemons",
        }
    }
}

/// What a scenario shows of the methods that it covers. Every method needs a happy and an error one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It does its work.
    Happy,
    /// It refuses or fails, and says so truthfully.
    Error,
    /// Asked twice, it acts once.
    Repeat,
    /// The daemon goes away and comes back.
    Restart,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// File name without extension, filled in after reading.
    #[serde(skip)]
    pub name: String,
    /// One sentence: what is true if this passes.
    pub title: String,
    /// `service.method`, one or more.
    pub covers: Vec<String>,
    pub kind: Kind,
    /// Absent: played on every tier.
    pub only: Option<Vec<Tier>>,
    /// Why not everywhere; goes with `only`.
    pub only_because: Option<String>,
    /// Processes with the library, by name. A call without `player` goes to `main`, which needs no entry.
    #[serde(default)]
    pub player: BTreeMap<String, PlayerSpec>,
    pub step: Vec<Step>,
}

/// How a player configures the library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayerSpec {
    /// The node whose address, certificate and admin macaroon fill the `lnd` part.
    pub node: String,
    /// Replaces single keys of the `lnd` part; `<absent>` removes one.
    pub lnd: Map<String, Value>,
    /// Keys beside the `lnd` part.
    pub config: Map<String, Value>,
}

impl Default for PlayerSpec {
    fn default() -> Self {
        Self {
            node: "alice".into(),
            lnd: Map::new(),
            config: Map::new(),
        }
    }
}

/// One status name, or several of which any will do.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Statuses {
    One(String),
    AnyOf(Vec<String>),
}

impl Statuses {
    pub fn names(&self) -> &[String] {
        match self {
            Statuses::One(name) => std::slice::from_ref(name),
            Statuses::AnyOf(names) => names,
        }
    }
}

/// How many items of a list in the answer must look like a pattern.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Path of the list in the answer.
    pub list: String,
    #[serde(default)]
    pub like: Value,
    pub is: usize,
}

/// What is expected of an answer. Also the row of a table of `cases`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    pub params: Value,
    pub expect: Option<Statuses>,
    pub answer: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Why the step is there, for the reader and the report.
    pub note: Option<String>,

    // Actions: exactly one.
    /// `service.method` through the library.
    pub call: Option<String>,
    /// Waits for the answer of the background call of that name.
    pub r#await: Option<String>,
    /// Cancels the background call of that name.
    pub cancel: Option<String>,
    /// Opens the stream `service.name`; `background` names it for `next`, `cancel` and `end_stream`.
    pub open_stream: Option<String>,
    /// Fetches the next message of the stream of that name, waiting for `timeout_ms` (default 1 s). With
    /// `within_s` it passes over messages until one is as expected.
    pub next: Option<String>,
    /// Ends the stream of that name.
    pub end_stream: Option<String>,
    /// Closes the manager of the player of that name.
    pub close: Option<String>,
    /// `GET /path` or `POST /path` at the daemon's own REST interface, past the library.
    pub outside: Option<String>,
    /// Variables made here: `name = what it is made of`, see the module `made`.
    pub make: Vec<String>,
    pub mine: Option<u32>,
    pub restart: Option<String>,
    pub stop: Option<String>,
    pub start: Option<String>,
    pub kill: Option<String>,
    pub pause: Option<String>,
    pub resume: Option<String>,
    /// Brings the node up with a locked wallet.
    pub lock_wallet: Option<String>,
    pub unlock_wallet: Option<String>,
    /// Restarts the node with another certificate in the same file.
    pub renew_certificate: Option<String>,
    /// Restarts the node with another root key and new macaroons in the same files.
    pub renew_macaroon: Option<String>,
    /// SIGKILL to the player; its next call starts a new process.
    pub kill_player: Option<String>,
    /// Waits until the first node can pay the second: `["alice", "bob"]`.
    pub wait_payable: Option<[String; 2]>,

    // What the action takes.
    pub player: Option<String>,
    pub params: Value,
    pub timeout_ms: Option<u64>,
    pub flags: Option<u64>,
    pub operation_id: Option<String>,
    /// Starts the call and goes on; the name is for `await` and `cancel`.
    pub background: Option<String>,
    /// The same call once for each row; a row's own expectations replace those of the step.
    pub cases: Vec<Case>,
    /// The node of an `outside` step.
    pub on: Option<String>,
    pub body: Option<Value>,
    /// The answer is a stream; its last item is looked at.
    pub stream: bool,

    // What is expected.
    pub expect: Option<Statuses>,
    /// Pattern of the answer, see the module `pattern`.
    pub answer: Option<Value>,
    pub count: Option<Count>,
    /// The daemon refuses the `outside` call with a text that contains this.
    pub refused: Option<String>,
    /// Variables to remember: name to path in the answer, optionally `path | filter`.
    pub save: BTreeMap<String, String>,
    /// Tries again until the expectations hold, for at most this long; for `await`: waits this long.
    pub within_s: Option<u64>,
    /// The call must be answered sooner than this, however long its deadline is.
    pub faster_than_s: Option<u64>,
}

impl Scenario {
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        Self::parse(name, &text).with_context(|| format!("{}", path.display()))
    }

    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut scenario: Scenario = toml::from_str(text)?;
        scenario.name = name.to_owned();
        scenario.check()?;
        Ok(scenario)
    }

    pub fn is_for(&self, tier: Tier) -> bool {
        self.only.as_ref().is_none_or(|tiers| tiers.contains(&tier))
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.covers.is_empty(), "covers no method");
        for method in &self.covers {
            ensure!(
                method.split_once('.').is_some(),
                "covers: {method} is not service.method"
            );
        }
        ensure!(
            self.only.is_some() == self.only_because.is_some(),
            "only and only_because go together"
        );
        let called: Vec<_> = self
            .step
            .iter()
            .filter_map(|step| step.call.as_deref().or(step.open_stream.as_deref()))
            .collect();
        for method in &self.covers {
            ensure!(
                called.contains(&method.as_str()),
                "covers {method}, but never calls it"
            );
        }
        for (index, step) in self.step.iter().enumerate() {
            step.check()
                .with_context(|| format!("step {}", index + 1))?;
        }
        Ok(())
    }
}

impl Step {
    /// The names of the actions that are set.
    fn actions(&self) -> Vec<&'static str> {
        let set = [
            ("call", self.call.is_some()),
            ("await", self.r#await.is_some()),
            ("cancel", self.cancel.is_some()),
            ("open_stream", self.open_stream.is_some()),
            ("next", self.next.is_some()),
            ("end_stream", self.end_stream.is_some()),
            ("close", self.close.is_some()),
            ("outside", self.outside.is_some()),
            ("make", !self.make.is_empty()),
            ("mine", self.mine.is_some()),
            ("restart", self.restart.is_some()),
            ("stop", self.stop.is_some()),
            ("start", self.start.is_some()),
            ("kill", self.kill.is_some()),
            ("pause", self.pause.is_some()),
            ("resume", self.resume.is_some()),
            ("lock_wallet", self.lock_wallet.is_some()),
            ("unlock_wallet", self.unlock_wallet.is_some()),
            ("renew_certificate", self.renew_certificate.is_some()),
            ("renew_macaroon", self.renew_macaroon.is_some()),
            ("kill_player", self.kill_player.is_some()),
            ("wait_payable", self.wait_payable.is_some()),
        ];
        set.into_iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(name, _)| name)
            .collect()
    }

    /// One line for reports.
    pub fn describe(&self) -> String {
        let action = self.actions().first().copied().unwrap_or("nothing");
        let target = [
            &self.call,
            &self.open_stream,
            &self.next,
            &self.r#await,
            &self.outside,
            &self.restart,
            &self.stop,
        ]
        .into_iter()
        .chain([&self.start, &self.kill, &self.cancel, &self.kill_player])
        .find_map(|target| target.as_deref());
        let note = self
            .note
            .as_deref()
            .map(|note| format!(" ({note})"))
            .unwrap_or_default();
        format!("{action} {}{note}", target.unwrap_or_default())
    }

    fn check(&self) -> Result<()> {
        let actions = self.actions();
        let [action] = actions.as_slice() else {
            bail!("has {} actions {actions:?} instead of one", actions.len());
        };
        let looks = self.expect.is_some() || self.answer.is_some() || self.count.is_some();
        let needs_status = match *action {
            "call" => self.background.is_none(),
            "open_stream" => self.background.is_none(),
            "await" | "next" => true,
            _ => false,
        };
        if needs_status && self.cases.is_empty() {
            ensure!(
                self.expect.is_some(),
                "{action} does not say which status it expects"
            );
        }
        if self.background.is_some() {
            ensure!(
                !looks,
                "what runs in the background is looked at by await or next"
            );
        }
        for case in &self.cases {
            let expects = case.expect.is_some() || self.expect.is_some();
            ensure!(expects, "a case does not say which status it expects");
        }
        ensure!(
            self.outside.is_some() == self.on.is_some(),
            "outside and on go together"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "title = \"t\"\ncovers = [\"lnd.get_info\"]\nkind = \"happy\"\n";

    fn parse(rest: &str) -> Result<Scenario> {
        Scenario::parse("name", &format!("{HEAD}{rest}"))
    }

    #[test]
    fn a_sound_scenario_is_read() {
        let text = "[[step]]\ncall = \"lnd.get_info\"\nexpect = \"OK\"\nanswer = { a = 1 }\n";
        let scenario = parse(text).unwrap();
        assert!(scenario.is_for(Tier::Devnet) && scenario.is_for(Tier::Daemons));
        assert_eq!(scenario.step.len(), 1);
    }

    #[test]
    fn a_scenario_that_could_not_fail_is_refused() {
        for (text, word) in [
            ("[[step]]\ncall = \"lnd.get_info\"\n", "which status"),
            ("[[step]]\nmine = 1\n", "never calls"),
            (
                "[[step]]\ncall = \"lnd.get_info\"\nexpect = \"OK\"\nmine = 1\n",
                "2 actions",
            ),
            (
                "[[step]]\ncall = \"lnd.get_info\"\nexpct = \"OK\"\n",
                "expct",
            ),
            (
                "only = [\"devnet\"]\n[[step]]\ncall = \"lnd.get_info\"\nexpect = \"OK\"\n",
                "only_because",
            ),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
