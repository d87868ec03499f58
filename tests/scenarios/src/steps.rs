//! Plays the steps of a scenario, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use arkgrpc_lab::LabError;
use serde_json::Value;

use crate::pattern;
use crate::payable::wait_payable;
use crate::player::{CallOptions, Reply};
use crate::polling::before_next_look;
use crate::scenario::{Case, Step};
use crate::stage::{MAIN, Stage};

const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How long an answer may take beyond the deadline that the call was given.
const GRACE: Duration = Duration::from_secs(2);
/// How long a look at a stream waits unless the step says otherwise.
const NEXT_MS: u64 = 1000;
/// The longest default deadline of a method, and more.
const DEFAULT_LIMIT: Duration = Duration::from_secs(120);

/// Something done to a node.
type NodeAct<'a> = &'a dyn Fn(&str) -> Result<()>;

/// What a step has seen.
struct Seen {
    /// Status name of the library; none for a look from outside.
    status: Option<String>,
    json: Value,
}

impl From<Reply> for Seen {
    fn from(reply: Reply) -> Self {
        Self {
            status: Some(reply.status),
            json: reply.json,
        }
    }
}

pub fn play(stage: &mut Stage<'_>, steps: &[Step]) -> Result<()> {
    for (index, step) in steps.iter().enumerate() {
        let place = || format!("step {}: {}", index + 1, step.describe());
        play_step(stage, step).with_context(place)?;
    }
    Ok(())
}

fn play_step(stage: &mut Stage<'_>, step: &Step) -> Result<()> {
    if let Some(method) = &step.call {
        return play_call(stage, step, method);
    }
    if let Some(stream) = &step.open_stream {
        return open_stream(stage, step, stream);
    }
    if let Some(name) = &step.next {
        return poll(step, || fetch_next(stage, step, name));
    }
    if let Some(name) = &step.r#await {
        let limit = step.within_s.map_or(DEFAULT_LIMIT, Duration::from_secs);
        let reply = stage.await_call(name, limit)?;
        return settle(stage, step, &whole(step), &Seen::from(reply));
    }
    if let Some(request) = &step.outside {
        return poll(step, || look_outside(stage, step, request));
    }
    act(stage, step)
}

/// Actions that give no answer.
fn act(stage: &mut Stage<'_>, step: &Step) -> Result<()> {
    for line in &step.make {
        stage.variables.make(line)?;
    }
    if let Some(name) = &step.cancel {
        stage.cancel_call(name)?;
    }
    if let Some(name) = &step.end_stream {
        stage.end_stream(name)?;
    }
    if let Some(name) = &step.close {
        stage.close(name)?;
    }
    if let Some(name) = &step.kill_player {
        stage.kill_player(name)?;
    }
    let network = stage.network;
    if let Some(blocks) = step.mine {
        network.mine(blocks)?;
    }
    if let Some([payer, payee]) = &step.wait_payable {
        wait_payable(network, payer, payee)?;
    }
    let acts: [(&Option<String>, NodeAct<'_>); 10] = [
        (&step.restart, &|name| network.restart(name)),
        (&step.stop, &|name| network.stop(name)),
        (&step.start, &|name| network.start_again(name)),
        (&step.kill, &|name| network.kill(name)),
        (&step.pause, &|name| network.pause(name)),
        (&step.resume, &|name| network.resume(name)),
        (&step.lock_wallet, &|name| network.lock_wallet(name)),
        (&step.unlock_wallet, &|name| network.unlock_wallet(name)),
        (&step.renew_certificate, &|name| {
            network.renew_certificate(name)
        }),
        (&step.renew_macaroon, &|name| network.renew_macaroon(name)),
    ];
    for (name, act) in acts {
        if let Some(name) = name {
            act(name)?;
        }
    }
    stage.learn_nodes();
    Ok(())
}

fn play_call(stage: &mut Stage<'_>, step: &Step, method: &str) -> Result<()> {
    if let Some(name) = &step.background {
        let pending = start(stage, step, method, &step.params)?;
        return stage.keep(name, step.player.as_deref().unwrap_or(MAIN), pending);
    }
    if step.cases.is_empty() {
        return poll(step, || call(stage, step, method, &whole(step)));
    }
    for (index, case) in step.cases.iter().enumerate() {
        let case = filled_up(step, case);
        call(stage, step, method, &case)
            .with_context(|| format!("case {}: {}", index + 1, case.params))?;
    }
    Ok(())
}

fn open_stream(stage: &mut Stage<'_>, step: &Step, stream: &str) -> Result<()> {
    let (player, options) = asked(stage, step)?;
    let name = step.background.as_deref();
    if step.cases.is_empty() {
        let params = stage.variables.fill(&step.params)?;
        let reply = stage.open_stream(name, player, stream, &params, &options)?;
        return settle(stage, step, &whole(step), &Seen::from(reply));
    }
    for (index, case) in step.cases.iter().enumerate() {
        let case = filled_up(step, case);
        let place = || format!("case {}: {}", index + 1, case.params);
        let params = stage.variables.fill(&case.params)?;
        let reply = stage
            .open_stream(name, player, stream, &params, &options)
            .with_context(place)?;
        settle(stage, step, &case, &Seen::from(reply)).with_context(place)?;
    }
    Ok(())
}

fn fetch_next(stage: &mut Stage<'_>, step: &Step, name: &str) -> Result<()> {
    let reply = stage.next(name, step.timeout_ms.unwrap_or(NEXT_MS))?;
    settle(stage, step, &whole(step), &Seen::from(reply))
}

/// The player and the options that a step names.
fn asked<'a>(stage: &Stage<'_>, step: &'a Step) -> Result<(&'a str, CallOptions)> {
    let operation_id = step
        .operation_id
        .as_deref()
        .map(|id| stage.variables.fill_text(id));
    let options = CallOptions {
        timeout_ms: step.timeout_ms,
        flags: step.flags,
        operation_id: operation_id.transpose()?,
    };
    Ok((step.player.as_deref().unwrap_or(MAIN), options))
}

fn filled_up(step: &Step, case: &Case) -> Case {
    Case {
        params: case.params.clone(),
        expect: case.expect.clone().or_else(|| step.expect.clone()),
        answer: case.answer.clone().or_else(|| step.answer.clone()),
    }
}

fn start(
    stage: &mut Stage<'_>,
    step: &Step,
    method: &str,
    params: &Value,
) -> Result<crate::player::Pending> {
    let (player, options) = asked(stage, step)?;
    let params = stage.variables.fill(params)?;
    stage.start_call(player, method, &params, &options)
}

fn call(stage: &mut Stage<'_>, step: &Step, method: &str, case: &Case) -> Result<()> {
    let begin = Instant::now();
    let pending = start(stage, step, method, &case.params)?;
    let limit = step
        .timeout_ms
        .map_or(DEFAULT_LIMIT, |ms| Duration::from_millis(ms) + GRACE);
    let reply = pending.wait(limit)?;
    if let Some(bound) = step.faster_than_s.map(Duration::from_secs) {
        let took = begin.elapsed();
        ensure!(
            took < bound,
            "answered after {took:?}, not within {bound:?}: {}",
            reply.json
        );
    }
    settle(stage, step, case, &Seen::from(reply))
}

fn look_outside(stage: &mut Stage<'_>, step: &Step, request: &str) -> Result<()> {
    let on = step.on.as_deref().unwrap_or(MAIN);
    let rest = stage.network.node(on)?.rest()?;
    let request = stage.variables.fill_text(request)?;
    let (verb, path) = request
        .split_once(' ')
        .context("outside is not `GET /path`")?;
    let body = step
        .body
        .as_ref()
        .map(|body| stage.variables.fill(body))
        .transpose()?;
    let answer = if step.stream {
        let items = rest.stream(verb, path, body.as_ref());
        items.map(|items| items.last().cloned().unwrap_or_default())
    } else {
        rest.call(verb, path, body.as_ref())
    };
    let json = match (answer, &step.refused) {
        (Ok(json), None) => json,
        (Ok(json), Some(_)) => bail!("{request} was to be refused, but gave {json}"),
        (Err(LabError::Refused { message, .. }), Some(part)) => {
            ensure!(
                message.contains(part.as_str()),
                "refused otherwise: {message}"
            );
            return Ok(());
        }
        (Err(error), _) => return Err(error.into()),
    };
    settle(stage, step, &whole(step), &Seen { status: None, json })
}

/// The expectations of the step itself.
fn whole(step: &Step) -> Case {
    Case {
        params: step.params.clone(),
        expect: step.expect.clone(),
        answer: step.answer.clone(),
    }
}

/// Holds what was seen against what is expected, then remembers what is to be saved.
fn settle(stage: &mut Stage<'_>, step: &Step, case: &Case, seen: &Seen) -> Result<()> {
    if let (Some(expected), Some(status)) = (&case.expect, &seen.status) {
        let names = expected.names();
        ensure!(
            names.contains(status),
            "{status} instead of {}: {}",
            names.join(" or "),
            seen.json
        );
    }
    if let Some(wanted) = &case.answer {
        let differences = pattern::differences(&stage.variables.fill(wanted)?, &seen.json)?;
        ensure!(
            differences.is_empty(),
            "{}\n  in {}",
            differences.join("\n  "),
            seen.json
        );
    }
    if let Some(count) = &step.count {
        let list = pattern::at(&seen.json, &count.list).and_then(Value::as_array);
        let list = list.with_context(|| format!("no list {} in {}", count.list, seen.json))?;
        let like = stage.variables.fill(&count.like)?;
        let mut alike = 0;
        for item in list {
            if like.is_null() || pattern::differences(&like, item)?.is_empty() {
                alike += 1;
            }
        }
        let (wanted, list) = (count.is, &count.list);
        ensure!(
            alike == wanted,
            "{alike} instead of {wanted} in {list} are like {like}: {}",
            seen.json
        );
    }
    for (name, source) in &step.save {
        stage.variables.save(name, source, &seen.json)?;
    }
    Ok(())
}

/// Once, or again and again until it succeeds within the step's limit.
fn poll(step: &Step, mut attempt: impl FnMut() -> Result<()>) -> Result<()> {
    let Some(limit) = step.within_s.map(Duration::from_secs) else {
        return attempt();
    };
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(error) if start.elapsed() >= limit => {
                return Err(error.context(format!("not within {limit:?}; the last look")));
            }
            Err(_) => before_next_look(POLL_INTERVAL),
        }
    }
}
