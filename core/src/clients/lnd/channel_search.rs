//! Finds the channel that a caller names, wherever lnd keeps it: among the open ones, those being closed,
//! or those closed. Only the channel point is a name for a channel's whole life.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::channel_books::{self, Pending, Stage};
use super::context::Context;
use super::wallet_books;
use crate::clients::json::OutPoint;
use crate::error::{Error, Executed, Status};
use crate::transport::generated::lnrpc::{Channel, ChannelCloseSummary};

/// How a caller names a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChannelName {
    Point(OutPoint),
    /// Short channel id, or one of the channel's aliases.
    Short(u64),
}

impl ChannelName {
    /// One text for all spellings of a name.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Point(point) => point.to_string(),
            Self::Short(id) => id.to_string(),
        }
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Sought {
    pub(super) name: ChannelName,
    /// The channel point that the journal has for it.
    pub(super) noted: Option<OutPoint>,
}

/// Where the channel is; with the closing transaction as far as lnd names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Open(OutPoint),
    Closing(OutPoint, Option<String>),
    Closed(OutPoint, Option<String>),
}

/// Looks everywhere; an error says that there is no such channel, or more than one.
pub(super) async fn find(context: &Context, sought: Sought) -> Result<Found, Error> {
    let asked = |failure| context.unsent_error(failure);
    let open = channel_books::open(context).await.map_err(asked)?;
    let point = match sought.noted {
        Some(noted) => Some(noted),
        None => point_among_open(sought.name, &open)?,
    };
    // After the open ones: a channel moves from there to here, never back.
    let pending = channel_books::pending(context).await.map_err(asked)?;
    let closed = channel_books::closed(context).await.map_err(asked)?;
    let point = match point {
        Some(point) => Some(point),
        None => point_among_closed(sought.name, &closed)?,
    };
    let found = point.and_then(|point| place(point, &open, &pending, &closed));
    match (found, sought.name) {
        (Some(Place::Opening), _) => Err(still_opening()),
        (Some(Place::Known(found)), _) => Ok(found),
        (None, ChannelName::Short(id)) => closing_by_short_id(context, id, &pending).await,
        (None, ChannelName::Point(_)) => Err(unknown_channel()),
    }
}

enum Place {
    Opening,
    Known(Found),
}

/// The latest stage counts: the lists were read one after the other.
fn place(
    point: OutPoint,
    open: &[Channel],
    pending: &[Pending],
    closed: &[ChannelCloseSummary],
) -> Option<Place> {
    let is = |text: &str| OutPoint::from_text(text) == Some(point);
    let named = |txid: &String| Some(txid.clone()).filter(|txid| !txid.is_empty());
    if let Some(channel) = closed.iter().find(|it| is(&it.channel_point)) {
        let txid = named(&channel.closing_tx_hash);
        return Some(Place::Known(Found::Closed(point, txid)));
    }
    if let Some(it) = pending.iter().find(|it| is(&it.channel.channel_point)) {
        return Some(match it.stage {
            Stage::Opening => Place::Opening,
            Stage::Closing => Place::Known(Found::Closing(point, it.closing_txid.clone())),
        });
    }
    let is_open = open.iter().any(|it| is(&it.channel_point));
    is_open.then_some(Place::Known(Found::Open(point)))
}

fn point_among_open(name: ChannelName, open: &[Channel]) -> Result<Option<OutPoint>, Error> {
    let id = match name {
        ChannelName::Point(point) => return Ok(Some(point)),
        ChannelName::Short(id) => id,
    };
    let names = |it: &&Channel| {
        it.chan_id == id || it.zero_conf_confirmed_scid == id || it.alias_scids.contains(&id)
    };
    the_one(open.iter().filter(names).map(|it| &it.channel_point))
}

fn point_among_closed(
    name: ChannelName,
    closed: &[ChannelCloseSummary],
) -> Result<Option<OutPoint>, Error> {
    let id = match name {
        ChannelName::Point(point) => return Ok(Some(point)),
        ChannelName::Short(id) => id,
    };
    let names = |it: &&ChannelCloseSummary| {
        it.chan_id == id || it.zero_conf_confirmed_scid == id || it.alias_scids.contains(&id)
    };
    the_one(closed.iter().filter(names).map(|it| &it.channel_point))
}

fn the_one<'a>(points: impl Iterator<Item = &'a String>) -> Result<Option<OutPoint>, Error> {
    let mut points: Vec<&String> = points.collect();
    points.dedup();
    match points.as_slice() {
        [] => Ok(None),
        [point] => Ok(OutPoint::from_text(point)),
        _ => Err(Error::local(
            Status::InvalidArgument,
            format!(
                "field `channel_id`: {} channels have this short id or alias",
                points.len()
            ),
            "name the channel by its channel point, txid:vout",
        )),
    }
}

/// lnd does not say the short ids of channels that are being closed. The height in the id is that of the
/// funding transaction, which the wallet knows if this node funded the channel.
async fn closing_by_short_id(
    context: &Context,
    id: u64,
    pending: &[Pending],
) -> Result<Found, Error> {
    let (height, index) = (id >> 40, id & 0xffff);
    let candidates: Vec<(OutPoint, &Pending)> = pending
        .iter()
        .filter(|it| it.stage == Stage::Closing)
        .filter_map(|it| Some((OutPoint::from_text(&it.channel.channel_point)?, it)))
        .filter(|(point, _)| u64::from(point.index) == index)
        .collect();
    if candidates.is_empty() {
        return Err(unknown_channel());
    }
    let books = wallet_books::transactions(context).await;
    let books = books.map_err(|failure| context.unsent_error(failure))?;
    let funded_at = |point: &OutPoint| {
        let txid = point.txid_text();
        let funding = books.iter().find(|it| it.tx_hash == txid);
        funding.and_then(|it| u64::try_from(it.block_height).ok())
    };
    let mut possible = candidates
        .iter()
        .filter(|(point, _)| funded_at(point).is_none_or(|found| found == height));
    match (possible.next(), possible.next()) {
        (None, _) => Err(unknown_channel()),
        (Some((point, it)), None) if funded_at(point).is_some() => {
            Ok(Found::Closing(*point, it.closing_txid.clone()))
        }
        _ => Err(Error::local(
            Status::NotFound,
            format!(
                "field `channel_id`: no open or closed channel has the id {id}; a channel that is being \
                 closed may have it, which lnd does not tell"
            ),
            "name the channel by its channel point, txid:vout",
        )
        .with_executed(Executed::Unknown)),
    }
}

fn unknown_channel() -> Error {
    Error::local(
        Status::NotFound,
        "field `channel_id`: this node has no such channel, open, closing or closed",
        "take channel_point or channel_id from list_channels",
    )
}

fn still_opening() -> Error {
    Error::local(
        Status::ChannelState,
        "the channel is still being opened; nothing was sent",
        "wait until its funding is confirmed, then close it",
    )
}

impl Serialize for ChannelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.canonical())
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = ChannelName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a channel point `txid:vout`, or a short channel id as number or decimal text")
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<ChannelName, E> {
        Ok(ChannelName::Short(id))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ChannelName, E> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let short = text.parse().ok().filter(|_| digits).map(ChannelName::Short);
        short
            .or_else(|| OutPoint::from_text(text).map(ChannelName::Point))
            .ok_or_else(|| {
                E::custom(
                    "expected a channel point `txid:vout`, or a short channel id as number or \
                     decimal text",
                )
            })
    }
}

impl<'de> Deserialize<'de> for ChannelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

impl JsonSchema for ChannelName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ChannelName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"], "pattern": "^([0-9]+|[0-9a-fA-F]{64}:[0-9]+)$", "minimum": 0
        })
    }
}
