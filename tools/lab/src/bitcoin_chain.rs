//! btcd on regtest: the chain that all nodes of a lab share, mined by hand through JSON-RPC.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::daemon_build::DaemonBinaries;
use crate::error::{LabError, Result};
use crate::loopback_http::LoopbackHttp;
use crate::ports::ReservedPorts;
use crate::process::{Daemon, DaemonProcess};
use crate::waiter::Waiter;

pub const BTCD: &str = "btcd";
const CONFIGURATION: &str = "btcd.conf";
const USER: &str = "lab";
const CALL_LIMIT: Duration = Duration::from_secs(60);
const START_LIMIT: Duration = Duration::from_secs(60);

/// What a node needs to use this chain.
#[derive(Clone, Debug)]
pub struct ChainAccess {
    /// `host:port` of the JSON-RPC interface (TLS, Basic authentication).
    pub rpc_address: String,
    pub user: String,
    pub password: String,
    pub certificate: PathBuf,
}

#[derive(Debug)]
pub struct BitcoinChain {
    process: DaemonProcess,
    access: ChainAccess,
    arguments: Vec<String>,
    ports: ReservedPorts<2>,
    waiter: Waiter,
}

impl BitcoinChain {
    /// Prepares; [`Daemon::start`] starts.
    pub fn new(
        binaries: &DaemonBinaries,
        directory: &Path,
        password: &str,
        waiter: &Waiter,
    ) -> Result<Self> {
        let ports = ReservedPorts::<2>::reserve()?;
        let [rpc, peers] = ports.numbers;
        let access = ChainAccess {
            rpc_address: format!("127.0.0.1:{rpc}"),
            user: USER.to_owned(),
            password: password.to_owned(),
            certificate: directory.join("btcd.cert"),
        };
        let configuration = directory.join(CONFIGURATION);
        let writing = LabError::io(format!("writing {}", configuration.display()));
        fs::write(&configuration, "").map_err(writing)?;
        let arguments = arguments(&access, peers, directory);
        let process =
            DaemonProcess::new(BTCD, &binaries.program(BTCD), directory, arguments.clone());
        Ok(Self {
            process,
            access,
            arguments,
            ports,
            waiter: waiter.clone(),
        })
    }

    pub fn access(&self) -> &ChainAccess {
        &self.access
    }

    /// Where block rewards go. btcd reads it only at its start, so it is restarted; a node that
    /// lives through that cannot spend any more and must be stopped before.
    pub fn set_mining_address(&self, address: &str) -> Result<()> {
        self.process.stop(&self.waiter)?;
        let mut arguments = self.arguments.clone();
        arguments.push(format!("--miningaddr={address}"));
        self.process.set_arguments(arguments);
        self.start()
    }

    /// Mines and gives the hashes of the new blocks.
    pub fn mine(&self, blocks: u32) -> Result<Vec<String>> {
        let hashes = self.rpc("generate", json!([blocks]))?;
        strings(&hashes).ok_or_else(|| LabError::unexpected("generate", &hashes))
    }

    pub fn height(&self) -> Result<u64> {
        let count = self.rpc("getblockcount", json!([]))?;
        count
            .as_u64()
            .ok_or_else(|| LabError::unexpected("getblockcount", &count))
    }

    /// Waits until all these transactions are in the mempool, so that the next block has them.
    pub fn wait_for_transactions(&self, txids: &[&str], limit: Duration) -> Result<()> {
        self.waiter
            .until("the transactions in the mempool", limit, || {
                let pool = self.rpc("getrawmempool", json!([]))?;
                let pool =
                    strings(&pool).ok_or_else(|| LabError::unexpected("getrawmempool", &pool))?;
                match txids
                    .iter()
                    .find(|txid| !pool.iter().any(|found| found == *txid))
                {
                    None => Ok(()),
                    Some(missing) => Err(LabError::NotYet(format!("{missing} is not in {pool:?}"))),
                }
            })
    }

    /// Any call of btcd's JSON-RPC.
    pub fn rpc(&self, method: &str, parameters: Value) -> Result<Value> {
        let http = LoopbackHttp::new(&format!("https://{}", self.access.rpc_address), CALL_LIMIT)?;
        let login = BASE64.encode(format!("{}:{}", self.access.user, self.access.password));
        let headers = [("authorization", format!("Basic {login}"))];
        let body = json!({"jsonrpc": "1.0", "id": 1, "method": method, "params": parameters});
        let answer = http.send("POST", "/", &headers, Some(body.to_string()))?;
        let refused = |code, message: String| LabError::Refused {
            method: method.to_owned(),
            path: "(JSON-RPC)".to_owned(),
            http_status: answer.status,
            code,
            message,
        };
        let mut value: Value =
            serde_json::from_str(&answer.text).map_err(|_| refused(None, answer.text.clone()))?;
        match value.get("error") {
            Some(error) if !error.is_null() => Err(refused(
                error.get("code").and_then(Value::as_i64),
                error.to_string(),
            )),
            _ => Ok(value.get_mut("result").map(Value::take).unwrap_or_default()),
        }
    }
}

impl Daemon for BitcoinChain {
    fn process(&self) -> &DaemonProcess {
        &self.process
    }

    fn start(&self) -> Result<()> {
        self.ports.release();
        self.process.start()?;
        self.waiter.until("btcd answering", START_LIMIT, || {
            self.process.check_running()?;
            self.height().map(drop)
        })
    }
}

fn arguments(access: &ChainAccess, peer_port: u16, directory: &Path) -> Vec<String> {
    let below = |name: &str| directory.join(name).display().to_string();
    vec![
        "--regtest".into(),
        "--txindex".into(),
        format!("--rpcuser={}", access.user),
        format!("--rpcpass={}", access.password),
        format!("--rpclisten={}", access.rpc_address),
        format!("--listen=127.0.0.1:{peer_port}"),
        format!("--datadir={}", below("btcd-data")),
        format!("--logdir={}", below("btcd-logs")),
        format!("--rpccert={}", access.certificate.display()),
        format!("--rpckey={}", below("btcd.key")),
        // The default one in the user's home must not be read.
        format!("--configfile={}", below(CONFIGURATION)),
        "--nobanning".into(),
        "--nostalldetect".into(),
        "--rpcmaxwebsockets=50".into(),
        "--trickleinterval=100ms".into(),
    ]
}

fn strings(list: &Value) -> Option<Vec<String>> {
    list.as_array()?
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}
