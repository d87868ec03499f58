//! What both nodes and the chain know of one order, found by its amount, address or channel, never by the
//! mark that the library puts there: a mark would hide what was done twice without it.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use serde_json::Value;

use super::order::{Kind, Order};
use crate::network::Network;

/// One node's entries: a transaction or channel point, and where it stands.
type Entries = BTreeSet<(String, String)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    alice: Entries,
    bob: Entries,
}

impl Books {
    pub fn read(network: &dyn Network, order: &Order) -> Result<Self> {
        let read = |name: &str| match order.kind {
            Kind::Send | Kind::SendChosen => payments(network, name, order),
            Kind::Open => channels(network, name, |entry| {
                number(entry, "capacity") == order.amount
            }),
            Kind::Close => closings(network, name, order),
        };
        Ok(Self {
            alice: read("alice")?,
            bob: read("bob")?,
        })
    }

    /// How often it was done, by the node that knows most.
    pub fn times(&self) -> usize {
        let distinct = |entries: &Entries| {
            let things: BTreeSet<&String> = entries.iter().map(|(thing, _)| thing).collect();
            things.len()
        };
        distinct(&self.alice).max(distinct(&self.bob))
    }

    /// The transactions on the chain.
    pub fn txids(&self) -> BTreeSet<String> {
        let things = self.alice.iter().chain(&self.bob);
        things
            .map(|(thing, _)| thing.split(':').next().unwrap_or_default().to_owned())
            .collect()
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, entries) in [("alice", &self.alice), ("bob", &self.bob)] {
            write!(f, "{name}: ")?;
            if entries.is_empty() {
                write!(f, "nothing; ")?;
            }
            for (thing, place) in entries {
                write!(f, "{thing} {place}; ")?;
            }
        }
        Ok(())
    }
}

fn payments(network: &dyn Network, name: &str, order: &Order) -> Result<Entries> {
    let path = "/v1/transactions?end_height=-1";
    let found = network.node(name)?.rest()?.call("GET", path, None)?;
    let pays = |transaction: &&Value| {
        list(transaction, "output_details").any(|output| {
            text(output, "address") == order.address && number(output, "amount") == order.amount
        })
    };
    let entry = |transaction: &Value| {
        let depth = &transaction["num_confirmations"];
        let place = format!("of {} sat, {depth} confirmations", order.amount);
        (text(transaction, "tx_hash").to_owned(), place)
    };
    Ok(list(&found, "transactions")
        .filter(pays)
        .map(entry)
        .collect())
}

/// The node's channels, wherever it keeps them, that are the order's.
pub fn channels(
    network: &dyn Network,
    name: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Result<Entries> {
    let rest = network.node(name)?.rest()?;
    let pending = rest.call("GET", "/v1/channels/pending", None)?;
    let open = rest.call("GET", "/v1/channels", None)?;
    let closed = rest.call("GET", "/v1/channels/closed", None)?;
    let mut entries = Entries::new();
    for place in [
        "pending_open_channels",
        "waiting_close_channels",
        "pending_force_closing_channels",
    ] {
        let channels = list(&pending, place).filter_map(|entry| entry.get("channel"));
        add(&mut entries, channels, place, &is_it);
    }
    add(&mut entries, list(&open, "channels"), "open", &is_it);
    add(&mut entries, list(&closed, "channels"), "closed", &is_it);
    Ok(entries)
}

fn add<'a>(
    entries: &mut Entries,
    channels: impl Iterator<Item = &'a Value>,
    place: &str,
    is_it: &impl Fn(&Value) -> bool,
) {
    let wanted = channels.filter(|channel| is_it(channel));
    entries.extend(wanted.map(|it| (text(it, "channel_point").to_owned(), place.to_owned())));
}

/// The transactions that close the order's channel.
fn closings(network: &dyn Network, name: &str, order: &Order) -> Result<Entries> {
    let rest = network.node(name)?.rest()?;
    let pending = rest.call("GET", "/v1/channels/pending", None)?;
    let closed = rest.call("GET", "/v1/channels/closed", None)?;
    let mut entries = Entries::new();
    for place in ["waiting_close_channels", "pending_force_closing_channels"] {
        for entry in list(&pending, place) {
            let channel = entry.get("channel").unwrap_or(&Value::Null);
            if text(channel, "channel_point") == order.point {
                entries.insert((text(entry, "closing_txid").to_owned(), place.to_owned()));
            }
        }
    }
    for entry in list(&closed, "channels") {
        if text(entry, "channel_point") == order.point {
            let place = text(entry, "close_type").to_lowercase();
            entries.insert((text(entry, "closing_tx_hash").to_owned(), place));
        }
    }
    Ok(entries)
}

pub fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let items = value.get(key).and_then(Value::as_array);
    items.into_iter().flatten()
}

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// lnd's REST gives 64-bit numbers as strings.
pub fn number(value: &Value, key: &str) -> u64 {
    text(value, key).parse().unwrap_or_default()
}
