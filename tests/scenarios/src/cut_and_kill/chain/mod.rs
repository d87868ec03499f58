//! The writes on the chain under fire: the calling process is killed, or its line cut, around the moment
//! at which the order reaches the node; a new process with the same operation_id and state directory must
//! find the truth, and nothing may be done twice.

mod books;
mod fire;
mod order;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::situation::Finding;
use crate::network::Network;
use fire::{Fire, LONG, finish};
pub use order::Kind;

/// The order's own bytes are among the last that go to the node. So many before the end of an undisturbed
/// call the line changes; the bytes of two calls differ a little, so a moment that was missed is tried again.
const BEFORE_THE_ANSWER: [u64; 5] = [60, 40, 80, 20, 100];
const WITHIN_THE_ORDER: [u64; 5] = [150, 110, 180, 90, 60];
const BEGIN_LIMIT: Duration = Duration::from_secs(8);

/// The node got the order and the player no answer; then the player is killed.
pub fn killed_in_the_middle(
    network: &dyn Network,
    program: &Path,
    kind: Kind,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for margin in BEFORE_THE_ANSWER {
        let bytes = measure(network, program, kind)?;
        let mut fire = Fire::begin(network, program, kind)?;
        fire.proxy.lose_answers_after(bytes.saturating_sub(margin));
        let player = fire.player()?;
        let _unanswered = fire.give(&player, LONG)?;
        let begun = fire.is_begun_within(BEGIN_LIMIT)?;
        player.kill()?;
        let hit = begun && fire.journal_says_sending()?;
        fire.proxy.heal();
        let times = usize::from(begun);
        if begun {
            println!(
                "  killed once the node's books showed it: {}",
                fire.books()?
            );
            let heir = fire.player()?;
            fire.look_up(&heir, "done")?;
            let reply = fire.give_once_reachable("the same order again", &heir)?;
            fire.expect("the same order again", &reply, "OK", Some(true));
            finish(heir)?;
        }
        findings.extend(fire.close_books(times)?);
        if hit {
            return Ok(findings);
        }
        println!("  the moment was missed; once more");
    }
    bail!("the moment between order and answer was missed each time")
}

/// Not one byte has left when the player is killed.
pub fn killed_before_the_first_byte(
    network: &dyn Network,
    program: &Path,
    kind: Kind,
) -> Result<Vec<Finding>> {
    let mut fire = Fire::begin(network, program, kind)?;
    fire.proxy.silence();
    let player = fire.player()?;
    let _unanswered = fire.give(&player, LONG)?;
    let offered = fire.within(LONG, || Ok(fire.proxy.offered_bytes() > 0))?;
    ensure!(offered, "the player sends nothing");
    player.kill()?;
    ensure!(
        fire.proxy.forwarded_bytes() == 0,
        "bytes went through a silent line"
    );
    ensure!(fire.books()?.times() == 0, "the node heard of the order");
    fire.proxy.heal();
    let heir = fire.player()?;
    let reply = fire.give_once_reachable("the order, for the first time", &heir)?;
    fire.expect("the order, for the first time", &reply, "OK", Some(false));
    finish(heir)?;
    fire.close_books(1)
}

/// The order is cut off in the middle of its message, so that the node never gets it, and the player is
/// killed: the journal says that it may have been sent. What may follow depends on the order.
pub fn killed_with_a_lost_order(
    network: &dyn Network,
    program: &Path,
    kind: Kind,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for margin in WITHIN_THE_ORDER {
        let bytes = measure(network, program, kind)?;
        let mut fire = Fire::begin(network, program, kind)?;
        let cut = bytes.saturating_sub(margin);
        fire.proxy
            .cut_after(crate::cut_proxy::Direction::ToNode, cut, true);
        let player = fire.player()?;
        let given = fire.give(&player, LONG)?;
        let sending = fire.within(BEGIN_LIMIT, || fire.journal_says_sending())?;
        // The line breaks a moment after the entry: until then the order is on its way.
        let cut = fire.within(BEGIN_LIMIT, || Ok(fire.proxy.forwarded_bytes() >= cut))?;
        let hit = sending && cut && !given.is_answered() && !fire.is_begun_within(LATE)?;
        player.kill()?;
        fire.proxy.heal();
        let times = match hit {
            true => after_a_lost_order(&mut fire, kind)?,
            false => usize::from(fire.is_begun_within(LATE)?),
        };
        findings.extend(fire.close_books(times)?);
        if hit {
            return Ok(findings);
        }
        println!("  the moment was missed; once more");
    }
    bail!("the moment of the order was missed each time")
}

const LATE: Duration = Duration::from_millis(500);

/// How often it is done in the end.
fn after_a_lost_order(fire: &mut Fire<'_>, kind: Kind) -> Result<usize> {
    let heir = fire.player()?;
    let found = fire.look_up(&heir, "not_found")?;
    let times = match kind {
        Kind::Open | Kind::Send => {
            let later = found["decisive_after"].is_u64() == (kind == Kind::Open);
            ensure!(
                later && found["decisive"] == false,
                "decisive too early: {found}"
            );
            let reply = fire.give_once_reachable("the order whose fate is unknown", &heir)?;
            fire.expect(
                "the order whose fate is unknown",
                &reply,
                "OPERATION_UNRESOLVED",
                None,
            );
            0
        }
        // The same inputs, the same channel: a repeat cannot do it twice.
        Kind::SendChosen | Kind::Close => {
            let reply = fire.give_once_reachable("the order once more", &heir)?;
            fire.expect("the order once more", &reply, "OK", Some(false));
            1
        }
    };
    finish(heir)?;
    Ok(times)
}

/// The node got the order, the line broke before the answer and is healed at once: the call itself finds
/// out. A library that believes the order unsent gives it again.
pub fn cut_in_the_middle(
    network: &dyn Network,
    program: &Path,
    kind: Kind,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for margin in BEFORE_THE_ANSWER {
        let bytes = measure(network, program, kind)?;
        let mut fire = Fire::begin(network, program, kind)?;
        fire.proxy.lose_answers_after(bytes.saturating_sub(margin));
        let player = fire.player()?;
        let given = fire.give(&player, LONG)?;
        let begun = fire.is_begun_within(BEGIN_LIMIT)?;
        let hit = begun && !given.is_answered();
        fire.proxy.heal();
        let reply = fire.hear("the order whose answer was lost", &given)?;
        if hit {
            fire.expect("the order whose answer was lost", &reply, "OK", Some(false));
            let reply = fire.give_once_reachable("the same order again", &player)?;
            fire.expect("the same order again", &reply, "OK", Some(true));
        }
        let times = usize::from(fire.is_begun_within(LATE)?);
        finish(player)?;
        findings.extend(fire.close_books(times)?);
        if hit {
            return Ok(findings);
        }
        println!("  the moment was missed; once more");
    }
    bail!("the moment between order and answer was missed each time")
}

/// How many bytes go to the node for an order that nothing disturbs.
fn measure(network: &dyn Network, program: &Path, kind: Kind) -> Result<u64> {
    let mut fire = Fire::begin(network, program, kind)?;
    let player = fire.player()?;
    let given = fire.give(&player, LONG)?;
    let reply = fire.hear("undisturbed", &given)?;
    let bytes = fire.proxy.forwarded_bytes();
    ensure!(reply.status == "OK", "an undisturbed order: {}", reply.json);
    finish(player)?;
    let findings = fire.close_books(1)?;
    ensure!(findings.is_empty(), "an undisturbed order: {findings:?}");
    Ok(bytes)
}
