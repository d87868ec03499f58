//! What a cell is played on: a fault server with its daemon, the files of a client, and the player that
//! holds the library.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arkgrpc_scenarios::made::random;
use arkgrpc_scenarios::player::{CallOptions, Player, Reply};
use arkgrpc_scenarios::polling::before_next_look;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::daemon;
use crate::server::{Door, Identities, Server};
use crate::tables::Ground;

/// An answer that takes longer than this after its deadline is none.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// The same for all cells.
pub struct Theatre {
    pub handle: Handle,
    pub identities: Arc<Identities>,
    /// The macaroon that clients begin with, and the one that replaces it.
    pub macaroon: Vec<u8>,
    pub renewed: Vec<u8>,
}

impl Theatre {
    pub fn build(handle: Handle) -> Result<Self> {
        let macaroon = || random(47).map(|bytes| [vec![2], bytes].concat());
        Ok(Self {
            handle,
            identities: Arc::new(Identities::make()?),
            macaroon: macaroon()?,
            renewed: macaroon()?,
        })
    }

    /// Whether a secret stands in the text, in whatever form.
    pub fn leaks_into(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        [&self.macaroon, &self.renewed].iter().any(|secret| {
            // Past the first bytes: those are the same in every macaroon.
            let tail = secret.get(3..).unwrap_or_default();
            lower.contains(&hex::encode(tail))
                || text.contains(STANDARD.encode(tail).trim_end_matches('='))
                || text.contains(&URL_SAFE_NO_PAD.encode(tail))
        })
    }
}

/// For one cell.
pub struct Stage<'a> {
    theatre: &'a Theatre,
    player: &'a Player,
    pub server: Server,
    files: TempDir,
    service: &'a str,
}

impl<'a> Stage<'a> {
    pub fn set(
        theatre: &'a Theatre,
        player: &'a Player,
        service: &'a str,
        door: Door,
    ) -> Result<Self> {
        let identities = Arc::clone(&theatre.identities);
        let daemon = daemon::start(service)?;
        let stage = Self {
            theatre,
            player,
            server: Server::start(&theatre.handle, identities, daemon, door)?,
            files: tempfile::tempdir()?,
            service,
        };
        stage.write_certificate(&theatre.identities.usual.pem)?;
        stage.write_macaroon(&theatre.macaroon)?;
        Ok(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub fn write_certificate(&self, pem: &str) -> Result<()> {
        replace(&self.path("tls.cert"), pem.as_bytes())
    }

    pub fn write_macaroon(&self, bytes: &[u8]) -> Result<()> {
        replace(&self.path("admin.macaroon"), bytes)
    }

    /// Makes a fresh manager, whose only service is this one.
    pub fn open(&self, ground: Ground, connect_timeout: Duration) -> Result<()> {
        let mut service = json!({
            "host": "127.0.0.1",
            "port": self.server.address.port(),
            "tls_cert": self.path("tls.cert"),
            "macaroon": self.path("admin.macaroon"),
            "connect_timeout_ms": u64::try_from(connect_timeout.as_millis())?,
        });
        if let Some(service) = service.as_object_mut() {
            match ground {
                Ground::NoSuchHost => {
                    service.insert("host".to_owned(), json!("no-such-host.invalid"));
                }
                Ground::PlaintextConfigured => {
                    service.remove("tls_cert");
                    service.insert("tls_mode".to_owned(), json!("plaintext"));
                }
                _ => {}
            }
        }
        let mut config = json!({ "state_dir": self.path("state") });
        if let Some(config) = config.as_object_mut() {
            config.insert(self.service.to_owned(), service);
        }
        std::fs::create_dir(self.path("state"))?;
        let reply = self.player.open(&config)?.wait(PATIENCE)?;
        ensure!(reply.status == "OK", "opening the manager: {}", reply.json);
        Ok(())
    }

    /// Makes one call and says how long it took.
    pub fn call(
        &self,
        method: &str,
        params: &str,
        id: Option<String>,
        deadline: Duration,
    ) -> Result<(Reply, Duration)> {
        let options = CallOptions {
            timeout_ms: Some(u64::try_from(deadline.as_millis())?),
            flags: None,
            operation_id: id,
        };
        let started = Instant::now();
        let pending = self
            .player
            .call_text(self.service, method, params, &options)?;
        let reply = pending.wait(deadline + PATIENCE)?;
        let elapsed = started.elapsed();
        let text = reply.json.to_string();
        ensure!(!self.theatre.leaks_into(&text), "A SECRET IN: {text}");
        Ok((reply, elapsed))
    }

    /// Calls a method without parameters until it is OK.
    pub fn until_ok(&self, method: &str, limit: Duration) -> Result<()> {
        let started = Instant::now();
        loop {
            let (reply, _) = self.call(method, "{}", None, Duration::from_secs(2))?;
            if reply.status == "OK" {
                return Ok(());
            }
            let late = started.elapsed() > limit;
            ensure!(!late, "{method} is not OK within {limit:?}: {}", reply.json);
            before_next_look(LOOK);
        }
    }
}

/// As whoever renews such a file should do it.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, bytes)?;
    std::fs::rename(&fresh, path).with_context(|| format!("replacing {}", path.display()))
}

/// A manager's view of nothing: closes what the last cell left open.
pub fn end_cell(player: &Player) -> Result<Value> {
    Ok(player.close(2000)?.wait(PATIENCE)?.json)
}
