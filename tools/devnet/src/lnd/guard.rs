//! What stands before every call of the simulated lnd, in lnd's order: the state of the wallet,
//! then the macaroon.

use parking_lot::Mutex;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::Status;

use super::{
    network::{NodeId, Shared},
    permission::{self, Access, Operation},
};
use crate::{macaroon::Macaroon, proto::lnrpc::WalletState};

const LOCKED: &str = "wallet locked, unlock it to enable full RPC access";
const UNLOCKED: &str = "wallet already unlocked, WalletUnlocker service is no longer available";
const STARTING: &str =
    "the RPC server is in the process of starting up, but not yet ready to accept calls";
const WAITING: &str = "waiting to start, RPC services not available";
const NO_WALLET: &str = "wallet not created, create one to enable full RPC access";
const TIME_BEFORE: &str = "time-before ";

/// The guard of one node.
pub(crate) struct Guard {
    pub network: Shared,
    pub node: NodeId,
    /// What the node's macaroons are signed with; it can be replaced.
    pub root_key: Mutex<[u8; 32]>,
}

impl Guard {
    /// Lets a call pass or says with lnd's text why not.
    pub(crate) fn admit(&self, method: &str, macaroons: &[String]) -> Result<(), Status> {
        let state = self.state();
        match permission::access(method) {
            Some(Access::Anybody) => Ok(()),
            Some(Access::Unlocker) => match state {
                WalletState::Locked | WalletState::NonExisting => Ok(()),
                _ => Err(Status::unknown(UNLOCKED)),
            },
            Some(Access::Macaroon(operations)) => {
                check_state(state).map_err(Status::unknown)?;
                self.check_macaroon(method, operations, macaroons)
                    .map_err(Status::unknown)
            }
            None => Err(Status::unknown(format!(
                "{method}: unknown permissions required for method"
            ))),
        }
    }

    /// The state of this node's wallet.
    pub(crate) fn state(&self) -> WalletState {
        self.network
            .lock()
            .node(self.node)
            .map_or(WalletState::NonExisting, |node| node.wallet)
    }

    fn check_macaroon(
        &self,
        method: &str,
        operations: &[Operation],
        macaroons: &[String],
    ) -> Result<(), String> {
        let [text] = macaroons else {
            return Err(format!("expected 1 macaroon, got {}", macaroons.len()));
        };
        let macaroon = Macaroon::parse(&from_hex(text)?)?;
        if macaroon.root_key_id() != b"0" {
            let id = String::from_utf8_lossy(macaroon.root_key_id());
            return Err(format!(
                "cannot retrieve macaroon: cannot get macaroon: root key with id {id} doesn't exist"
            ));
        }
        if !macaroon.is_signed_by(&*self.root_key.lock()) {
            return Err("verification failed: signature mismatch after caveat verification".into());
        }
        for condition in macaroon.conditions() {
            check_condition(&condition)
                .map_err(|why| format!("caveat {condition:?} not satisfied: {why}"))?;
        }
        let all = operations
            .iter()
            .all(|(entity, action)| macaroon.grants(entity, action));
        if all || macaroon.grants("uri", method) {
            return Ok(());
        }
        Err("permission denied".to_owned())
    }
}

fn check_state(state: WalletState) -> Result<(), &'static str> {
    match state {
        WalletState::WaitingToStart => Err(WAITING),
        WalletState::NonExisting => Err(NO_WALLET),
        WalletState::Locked => Err(LOCKED),
        WalletState::Unlocked => Err(STARTING),
        WalletState::RpcActive | WalletState::ServerActive => Ok(()),
    }
}

fn check_condition(condition: &str) -> Result<(), String> {
    let Some(end) = condition.strip_prefix(TIME_BEFORE) else {
        return Err("caveat not recognized".to_owned());
    };
    let end = OffsetDateTime::parse(end, &Rfc3339).map_err(|error| error.to_string())?;
    if OffsetDateTime::now_utc() < end {
        Ok(())
    } else {
        Err("macaroon has expired".to_owned())
    }
}

/// Hexadecimal digits of either case, with the texts of Go's decoder.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text).map_err(|error| match error {
        hex::FromHexError::InvalidHexCharacter { c, .. } => {
            let code = u32::from(c);
            match c.is_control() {
                true => format!("encoding/hex: invalid byte: U+{code:04X}"),
                false => format!("encoding/hex: invalid byte: U+{code:04X} '{c}'"),
            }
        }
        _ => "encoding/hex: odd length hex string".to_owned(),
    })
}
