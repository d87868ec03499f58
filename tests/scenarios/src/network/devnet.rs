//! The tier of the simulated daemons: `arkgrpc_devnet`, within this process.

use anyhow::{Context, Result, bail};
use arkgrpc_devnet::{Devnet, DevnetOptions, NodeAccess};

use super::{Network, Node};
use crate::scenario::Tier;

const LOCKABLE: &str = "carol";

pub struct SimulatedDaemons {
    devnet: Devnet,
}

impl SimulatedDaemons {
    pub fn start() -> Result<Self> {
        let devnet = Devnet::start(DevnetOptions::default()).context("starting the devnet")?;
        Ok(Self { devnet })
    }
}

impl Network for SimulatedDaemons {
    fn tier(&self) -> Tier {
        Tier::Devnet
    }

    fn node(&self, name: &str) -> Result<Node> {
        Ok(node(self.devnet.node(name)?))
    }

    fn mine(&self, blocks: u32) -> Result<()> {
        self.devnet.mine(blocks);
        Ok(())
    }

    fn stop(&self, name: &str) -> Result<()> {
        Ok(self.devnet.stop(name)?)
    }

    fn start_again(&self, name: &str) -> Result<()> {
        Ok(self.devnet.start_again(name)?)
    }

    /// The devnet keeps its books in memory: a stop loses no more than a kill would.
    fn kill(&self, name: &str) -> Result<()> {
        self.stop(name)
    }

    fn pause(&self, name: &str) -> Result<()> {
        bail!("{name} is simulated and cannot be paused: use `only = [\"daemons\"]`")
    }

    fn resume(&self, name: &str) -> Result<()> {
        bail!("{name} is simulated and is never paused")
    }

    fn lock_wallet(&self, name: &str) -> Result<()> {
        match self.devnet.node(name) {
            Ok(_) => self.restart(name),
            Err(_) if name == LOCKABLE => {
                self.devnet.start_locked_wallet_node()?;
                Ok(())
            }
            Err(error) => Err(error).context("only carol's wallet has a password"),
        }
    }

    fn unlock_wallet(&self, name: &str) -> Result<()> {
        Ok(self.devnet.unlock(name)?)
    }

    fn renew_certificate(&self, name: &str) -> Result<()> {
        Ok(self.devnet.renew_certificate(name)?)
    }

    fn renew_macaroon(&self, name: &str) -> Result<()> {
        Ok(self.devnet.renew_macaroon(name)?)
    }
}

fn node(access: NodeAccess) -> Node {
    Node {
        name: access.name,
        alias: access.alias,
        pubkey: access.pubkey,
        peer_address: access.peer_address,
        grpc_host: access.grpc_host,
        grpc_port: access.grpc_port,
        rest_url: access.rest_url,
        tls_cert: access.tls_cert,
        macaroon: access.macaroon,
        readonly_macaroon: access.readonly_macaroon,
        invoice_macaroon: access.invoice_macaroon,
    }
}
