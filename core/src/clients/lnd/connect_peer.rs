//! connect_peer: connects to another node; a node that is connected already is no error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::context::Context;
use super::keyed_write::{Written, write_by_key};
use super::list_peers::connected;
use crate::clients::json::PublicKey;
use crate::error::{Error, Reconcile, Status};
use crate::resilience::{Attempt, AttemptError};
use crate::transport::generated::lnrpc::{ConnectPeerRequest, LightningAddress, Peer};

/// Left between lnd's own time limit and ours, so that its verdict still arrives.
const VERDICT_TIME_S: u64 = 2;

/// Which node, and where: address, or pubkey and host.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectPeerParams {
    /// `pubkey@host:port`, as the uris of get_info show it.
    #[serde(default)]
    address: Option<String>,
    /// Key of the node, 66 hex digits.
    #[serde(default)]
    pubkey: Option<PublicKey>,
    /// `host:port`; the port defaults to 9735.
    #[serde(default)]
    host: Option<String>,
    /// Keeps trying for ever, over restarts of lnd; the call then does not wait for the connection.
    #[serde(default)]
    perm: bool,
}

impl ConnectPeerParams {
    pub(super) fn target(&self) -> Result<(PublicKey, String), Error> {
        let (pubkey, host) = match (&self.address, self.pubkey, &self.host) {
            (Some(address), None, None) => {
                let (key, host) = address.trim().split_once('@').unwrap_or_default();
                (PublicKey::from_text(key), host.to_owned())
            }
            (None, Some(pubkey), Some(host)) => (Some(pubkey), host.trim().to_owned()),
            _ => (None, String::new()),
        };
        match pubkey {
            Some(pubkey) if !host.is_empty() => Ok((pubkey, host)),
            _ => Err(Error::local(
                Status::InvalidArgument,
                "field `address`: neither `pubkey@host:port` alone nor pubkey and host",
                "give address, or pubkey (66 hex digits) and host (`host:port`)",
            )),
        }
    }
}

/// The peer.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ConnectPeerResult {
    /// Its key, 66 hex digits.
    pub(super) pubkey: PublicKey,
    /// Whether it is connected now; false is possible with perm alone, while lnd is still trying.
    pub(super) connected: bool,
    /// Whether it had been connected before this call.
    pub(super) replayed: bool,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
}

pub(crate) async fn connect_peer(
    context: &Context,
    params: ConnectPeerParams,
) -> Result<ConnectPeerResult, Error> {
    let (pubkey, host) = params.target()?;
    let client = context.node().writing_lightning();
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let remaining = context.call().deadline().remaining().as_secs();
        let message = ConnectPeerRequest {
            addr: Some(LightningAddress {
                pubkey: pubkey.to_string(),
                host: host.clone(),
            }),
            perm: params.perm,
            timeout: remaining.saturating_sub(VERDICT_TIME_S).max(1),
        };
        let request = context.request_on(&attempt, generation, message);
        async move { client.connect_peer(request).await.map(|_| ()) }
    };
    let recipe = Reconcile {
        method: "list_peers",
        params: json!({}),
        decisive_after: None,
    };
    let look = || find_peer(context, pubkey);
    let (connected, replayed) = match write_by_key(context, &recipe, send, look).await? {
        Written::Found { earlier, .. } => (true, earlier),
        // With perm lnd answers before it has tried.
        Written::Answered(()) if params.perm => {
            let found = find_peer(context, pubkey).await;
            (matches!(found, Ok(Some(_))), false)
        }
        Written::Answered(()) => (true, false),
    };
    Ok(ConnectPeerResult {
        pubkey,
        connected,
        replayed,
        operation_id: context.operation_id(),
    })
}

/// The connected peer with this key.
pub(super) async fn find_peer(
    context: &Context,
    pubkey: PublicKey,
) -> Result<Option<Peer>, AttemptError> {
    let wanted = pubkey.to_string();
    let peers = self::connected(context, true).await?;
    Ok(peers.into_iter().find(|peer| peer.pub_key == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<(PublicKey, String), Error> {
        serde_json::from_str::<ConnectPeerParams>(text)
            .unwrap()
            .target()
    }

    #[test]
    fn both_forms_name_the_same_node() {
        let key = format!("02{}", "ab".repeat(32));
        let one = target(&format!(r#"{{"address":" {key}@10.0.0.1:9735 "}}"#)).unwrap();
        let two = target(&format!(r#"{{"pubkey":"{key}","host":"10.0.0.1:9735"}}"#)).unwrap();
        assert_eq!(one, two);
    }

    #[test]
    fn halves_and_doubles_are_refused() {
        let key = format!("02{}", "ab".repeat(32));
        for text in [
            "{}".to_owned(),
            format!(r#"{{"pubkey":"{key}"}}"#),
            r#"{"host":"10.0.0.1"}"#.to_owned(),
            format!(r#"{{"address":"{key}@"}}"#),
            r#"{"address":"02ab@10.0.0.1"}"#.to_owned(),
            format!(r#"{{"address":"{key}@a","host":"b"}}"#),
        ] {
            assert!(target(&text).is_err(), "{text}");
        }
    }
}
