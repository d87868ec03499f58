//! The process that holds the library: killed at any moment, and replaced by a new one with the same
//! configuration and state directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use arkgrpc_scenarios::player::{CallOptions, Player, Reply};
use parking_lot::RwLock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::node::Node;

const START: Duration = Duration::from_secs(30);

pub struct Process {
    program: PathBuf,
    config: Value,
    player: RwLock<Arc<Player>>,
    starts: AtomicU64,
    _state: TempDir,
}

impl Process {
    pub fn start(program: PathBuf, node: &Node) -> Result<Self> {
        let state = tempfile::tempdir().context("a state directory")?;
        let config = json!({
            "lnd": {
                "host": "127.0.0.1",
                "port": node.address.port(),
                "tls_cert_pem": node.certificate,
                "macaroon": "0201036c6e640204746573740000062000000000000000000000000000000000\
                             00000000000000000000000000000000",
                "network": "regtest",
                // What goes wrong here would keep it open, and calls that are refused prove nothing.
                "resilience": { "breaker": "disabled" },
            },
            "state_dir": state.path(),
        });
        let player = RwLock::new(Arc::new(open(&program, &config)?));
        Ok(Self {
            program,
            config,
            player,
            starts: AtomicU64::new(1),
            _state: state,
        })
    }

    /// Which process it is by now, counted from 1.
    pub fn number(&self) -> u64 {
        let _still = self.player.read();
        self.starts.load(Ordering::Relaxed)
    }

    /// One call; none when the process was killed meanwhile. An error: it hangs, or died by itself.
    pub fn call(
        &self,
        method: &str,
        params: &Value,
        options: &CallOptions,
        limit: Duration,
    ) -> Result<Option<Reply>> {
        let player = Arc::clone(&self.player.read());
        let answered = player
            .call("lnd", method, params, options)
            .and_then(|pending| pending.wait(limit));
        match answered {
            Ok(reply) => Ok(Some(reply)),
            // The new one takes the old one's place before anybody sees that the old one is gone.
            Err(_) if !Arc::ptr_eq(&player, &self.player.read()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// SIGKILL, in the middle of whatever it does.
    pub fn kill(&self) -> Result<()> {
        let mut place = self.player.write();
        place.kill()?;
        *place = Arc::new(open(&self.program, &self.config)?);
        self.starts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Ends the process as it should end: by itself, and silent.
    pub fn finish(self) -> Result<()> {
        let player = Arc::try_unwrap(self.player.into_inner())
            .map_err(|_| anyhow!("somebody still calls"))?;
        let stray = player.finish(START)?;
        ensure!(stray.is_empty(), "the library wrote: {stray}");
        Ok(())
    }
}

fn open(program: &std::path::Path, config: &Value) -> Result<Player> {
    let player = Player::spawn(program)?;
    let reply = player.open(config)?.wait(START)?;
    ensure!(reply.number == 0, "no manager: {}", reply.json);
    Ok(player)
}
