//! What one scenario is played with: its players, its calls in the background, its variables.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::network::{Network, Node};
use crate::player::{CallOptions, Pending, Player, Reply};
use crate::scenario::PlayerSpec;
use crate::variables::Variables;

const OPEN_LIMIT: Duration = Duration::from_secs(30);
const QUIT_LIMIT: Duration = Duration::from_secs(30);
pub const MAIN: &str = "main";

pub struct Stage<'a> {
    pub network: &'a dyn Network,
    program: &'a Path,
    specs: BTreeMap<String, PlayerSpec>,
    pub variables: Variables,
    players: HashMap<String, Player>,
    /// Calls that run in the background, with their player's name.
    background: HashMap<String, (String, Pending)>,
    /// `${state_dir}`: where the players of this scenario may keep their journal.
    state: TempDir,
}

impl<'a> Stage<'a> {
    pub fn new(
        network: &'a dyn Network,
        program: &'a Path,
        specs: BTreeMap<String, PlayerSpec>,
    ) -> Result<Self> {
        let state = tempfile::tempdir().context("a directory for the players' state")?;
        let mut stage = Self {
            network,
            program,
            specs,
            variables: Variables::default(),
            players: HashMap::new(),
            background: HashMap::new(),
            state,
        };
        let state = stage.state.path().display().to_string();
        stage.variables.set("state_dir", state);
        stage.learn_nodes();
        Ok(stage)
    }

    /// Puts every node's facts into variables such as `${bob.pubkey}`.
    pub fn learn_nodes(&mut self) {
        for node in self.network.nodes() {
            let path = |path: &Path| path.display().to_string();
            for (key, value) in [
                ("alias", node.alias.clone()),
                ("pubkey", node.pubkey.clone()),
                ("peer_address", node.peer_address.clone()),
                ("macaroon", path(&node.macaroon)),
                ("readonly_macaroon", path(&node.readonly_macaroon)),
                ("invoice_macaroon", path(&node.invoice_macaroon)),
                ("tls_cert", path(&node.tls_cert)),
            ] {
                self.variables.set(format!("{}.{key}", node.name), value);
            }
        }
    }

    /// Starts a call; the player is started and opened first if it does not run.
    pub fn start_call(
        &mut self,
        player: &str,
        method: &str,
        params: &Value,
        options: &CallOptions,
    ) -> Result<Pending> {
        let (service, method) = method
            .split_once('.')
            .with_context(|| format!("{method} is not service.method"))?;
        self.player(player)?.call(service, method, params, options)
    }

    fn player(&mut self, name: &str) -> Result<&Player> {
        if !self.players.contains_key(name) {
            let spec = match self.specs.get(name) {
                Some(spec) => spec.clone(),
                None if name == MAIN => PlayerSpec::default(),
                None => bail!("no [player.{name}] in the scenario"),
            };
            let config = self.config(&spec)?;
            let player = open_player(self.program, &config)?;
            self.players.insert(name.to_owned(), player);
        }
        self.players.get(name).context("the player just inserted")
    }

    fn config(&self, spec: &PlayerSpec) -> Result<Value> {
        let mut lnd = lnd_config(&self.network.node(&spec.node)?);
        for (key, value) in self.variables.fill_map(&spec.lnd)? {
            match value.as_str() {
                Some("<absent>") => drop(lnd.remove(&key)),
                _ => drop(lnd.insert(key, value)),
            }
        }
        let mut config = self.variables.fill_map(&spec.config)?;
        config.insert("lnd".into(), Value::Object(lnd));
        Ok(Value::Object(config))
    }

    pub fn keep(&mut self, name: &str, player: &str, pending: Pending) -> Result<()> {
        let before = self
            .background
            .insert(name.to_owned(), (player.to_owned(), pending));
        ensure!(before.is_none(), "two background calls are named {name}");
        Ok(())
    }

    pub fn await_call(&mut self, name: &str, limit: Duration) -> Result<Reply> {
        let (_, pending) = self
            .background
            .remove(name)
            .with_context(|| no_call(name))?;
        pending.wait(limit)
    }

    /// Asks the library to cancel a background call; its answer is still to be awaited.
    pub fn cancel_call(&mut self, name: &str) -> Result<()> {
        let (player, pending) = self.background.get(name).with_context(|| no_call(name))?;
        let player = self
            .players
            .get(player)
            .with_context(|| format!("{player} is gone"))?;
        let reply = player.cancel(pending)?.wait(OPEN_LIMIT)?;
        ensure!(
            reply.status == "OK",
            "cancel answered {}: {}",
            reply.status,
            reply.json
        );
        Ok(())
    }

    pub fn kill_player(&mut self, name: &str) -> Result<()> {
        let player = self
            .players
            .remove(name)
            .with_context(|| format!("no player {name} runs"))?;
        self.background.retain(|_, (owner, _)| owner != name);
        player.kill()
    }

    /// Ends the players; what they wrote beside the protocol is a failure.
    pub fn finish(self) -> Result<()> {
        let unawaited: Vec<_> = self.background.keys().cloned().collect();
        for (name, player) in self.players {
            let stray = player
                .finish(QUIT_LIMIT)
                .with_context(|| format!("player {name}"))?;
            ensure!(
                stray.is_empty(),
                "player {name} wrote beside the protocol: {stray}"
            );
        }
        ensure!(
            unawaited.is_empty(),
            "background calls that nobody awaited: {unawaited:?}"
        );
        Ok(())
    }
}

fn no_call(name: &str) -> String {
    format!("no background call is named {name}")
}

/// The `lnd` part of a configuration for that node, with its admin macaroon.
pub fn lnd_config(node: &Node) -> Map<String, Value> {
    let config = json!({
        "host": node.grpc_host,
        "port": node.grpc_port,
        "tls_cert": node.tls_cert,
        "macaroon": node.macaroon,
    });
    config.as_object().cloned().unwrap_or_default()
}

/// A player whose library has accepted the configuration.
pub fn open_player(program: &Path, config: &Value) -> Result<Player> {
    let player = Player::spawn(program)?;
    let reply = player.open(config)?.wait(OPEN_LIMIT)?;
    ensure!(
        reply.status == "OK",
        "open answered {}: {}",
        reply.status,
        reply.json
    );
    Ok(player)
}
