//! The nodes that scenarios are played on: one trait, an adapter for each tier.

mod daemons;
mod devnet;

use std::path::PathBuf;

use anyhow::Result;
use arkgrpc_lab::Rest;

pub use self::daemons::Daemons;
pub use self::devnet::SimulatedDaemons;
use crate::scenario::Tier;

/// All that a player needs to reach a node, and a test to look at it.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: String,
    pub alias: String,
    pub pubkey: String,
    /// Where other nodes connect to it, `host:port`.
    pub peer_address: String,
    pub grpc_host: String,
    pub grpc_port: u16,
    pub rest_url: String,
    pub tls_cert: PathBuf,
    pub macaroon: PathBuf,
    pub readonly_macaroon: PathBuf,
    pub invoice_macaroon: PathBuf,
}

impl Node {
    /// The daemon's own REST interface: how tests look past the library.
    pub fn rest(&self) -> Result<Rest> {
        Ok(Rest::new(&self.rest_url, Some(&self.macaroon))?)
    }
}

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// A running chain with alice and bob, a channel between them, and carol when asked for.
pub trait Network: Sync {
    fn tier(&self) -> Tier;
    /// The nodes that exist now. Carol is absent until a scenario asks for her.
    fn nodes(&self) -> Vec<Node> {
        NAMES
            .iter()
            .filter_map(|name| self.node(name).ok())
            .collect()
    }
    fn node(&self, name: &str) -> Result<Node>;
    fn mine(&self, blocks: u32) -> Result<()>;
    /// Ends the daemon in good order.
    fn stop(&self, name: &str) -> Result<()>;
    /// Starts a daemon that was stopped or killed, until it is of use.
    fn start_again(&self, name: &str) -> Result<()>;
    /// SIGKILL, or what comes closest to it.
    fn kill(&self, name: &str) -> Result<()>;
    /// Connections stay open, nothing is answered.
    fn pause(&self, name: &str) -> Result<()>;
    fn resume(&self, name: &str) -> Result<()>;
    /// Brings carol up with a locked wallet, whatever state she was in.
    fn lock_wallet(&self, name: &str) -> Result<()>;
    fn unlock_wallet(&self, name: &str) -> Result<()>;
    /// Restarts the daemon with another certificate in the same file.
    fn renew_certificate(&self, name: &str) -> Result<()>;
    /// Restarts the daemon with another root key and new macaroons in the same files.
    fn renew_macaroon(&self, name: &str) -> Result<()>;

    /// What the chain itself knows of a transaction, past the nodes.
    fn chain_says(&self, _txid: &str) -> Result<String> {
        Ok("on a simulated chain, which is in the nodes' books alone".to_owned())
    }

    fn restart(&self, name: &str) -> Result<()> {
        self.stop(name)?;
        self.start_again(name)
    }
}
