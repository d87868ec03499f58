//! One cell of the matrix: one fault, in one mode, against one method; then the fault ends, and the same
//! client must be usable.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use arkgrpc_scenarios::made::make;
use arkgrpc_scenarios::player::Player;
use arkgrpc_scenarios::polling::before_next_look;
use serde_json::Value;

use crate::inputs::{Wrong, wrong_amounts, wrong_json};
use crate::judge::{Seen, judge};
use crate::rows::Row;
use crate::server::{Door, Mode, Order, Strike};
use crate::stage::{Stage, Theatre, end_cell};
use crate::tables::{Class, Expectation, Fault, Ground, Service};

/// Long enough for everything that is to succeed, on a busy machine too.
const TIME_TO_SUCCEED: Duration = Duration::from_secs(8);
/// For what ends before its deadline, be it well or badly.
const TIME_TO_END: Duration = Duration::from_secs(4);
/// For what lasts as long as it may.
const TIME_TO_WASTE: Duration = Duration::from_secs(2);
const ENDLESS: [&str; 3] = ["no_answer", "dead_line", "unreachable"];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Where a dial is to succeed.
const USUAL_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The dial backoff, an open breaker and the next probe are over by then.
const RECOVERY: Duration = Duration::from_secs(25);
/// The library asks a connection that was silent for 30 s before it trusts it with a write.
const IDLE: Duration = Duration::from_secs(31);

pub struct Cell {
    pub row: Arc<Row>,
    pub fault: Arc<Fault>,
    pub mode: Mode,
    pub expected: Expectation,
    pub service: Service,
    /// How many times longer than usual everything may take.
    pub patience: u32,
}

impl Cell {
    pub fn name(&self) -> String {
        let (fault, mode) = (&self.fault, self.mode.name());
        format!(
            "{:02}.{}/{mode} {}",
            fault.number,
            fault.name,
            self.row.name()
        )
    }

    /// Whether it takes half a minute.
    pub fn is_slow(&self) -> bool {
        matches!(
            self.fault.ground,
            Ground::IdleAndDead | Ground::IdleAndForgotten
        )
    }

    fn deadline(&self) -> Duration {
        let usual = match self.expected.status.as_slice() {
            [only] if only == "OK" => TIME_TO_SUCCEED,
            _ if ENDLESS.contains(&self.fault.expect.as_str()) => TIME_TO_WASTE,
            _ => TIME_TO_END,
        };
        usual * self.patience
    }

    fn connect_timeout(&self) -> Duration {
        match self.fault.expect == "unreachable" {
            true => CONNECT_TIMEOUT,
            false => USUAL_CONNECT_TIMEOUT * self.patience,
        }
    }

    /// Whether all complaints may be those of a machine that was too busy: the call ran out of its time
    /// before the fault struck or the peer could answer. Nothing else deserves a second look.
    pub fn may_have_been_slow(wrong: &[String]) -> bool {
        let late = |text: &String| {
            text.contains("\"code\":\"DEADLINE_EXCEEDED\"") || text.contains("did not complete TCP")
        };
        let grave = |text: &String| {
            [
                "EXECUTED",
                "FALSE",
                "SECRET",
                "requests, at most",
                "dials, at most",
                "OK, but",
            ]
            .iter()
            .any(|word| text.contains(word))
        };
        let struck = |text: &String| text.starts_with("nothing was struck");
        wrong.iter().any(|it| late(it) || struck(it)) && !wrong.iter().any(grave)
    }

    /// All that went wrong.
    pub fn play(&self, theatre: &Theatre, player: &Player) -> Vec<String> {
        let outcome = self.try_play(theatre, player);
        let ended = end_cell(player);
        match (outcome, ended) {
            (Ok(wrong), Ok(_)) => wrong,
            (Err(error), _) | (_, Err(error)) => vec![format!("{error:#}")],
        }
    }

    fn try_play(&self, theatre: &Theatre, player: &Player) -> Result<Vec<String>> {
        let door = match self.is_slow() {
            true => Door::Open,
            false => self.fault.door,
        };
        let stage = Stage::set(theatre, player, &self.row.service, door)?;
        if let Some(act) = &self.fault.act {
            stage.server.shared.set_strike(Strike {
                act: act.clone(),
                mode: self.mode,
                target: self.row.parameters.rpc.clone(),
            });
        }
        stage.open(self.fault.ground, self.connect_timeout())?;
        self.prepare(theatre, &stage)?;
        let mut wrong = Vec::new();
        let mut denied = false;
        match self.fault.ground {
            Ground::WrongJson | Ground::WrongAmounts => {
                for input in self.inputs()? {
                    let (found, said_no) = self.call(&stage, &input.text)?;
                    denied |= said_no;
                    wrong.extend(found.into_iter().map(|it| format!("{}: {it}", input.what)));
                }
            }
            _ => {
                for number in 0..self.expected.repeats.unwrap_or(1) {
                    let params = self.row.fresh_params()?;
                    let text = if params.is_null() {
                        "{}".to_owned()
                    } else {
                        params.to_string()
                    };
                    let (mut found, said_no) = self.call(&stage, &text)?;
                    denied |= said_no;
                    let rpc = &self.row.parameters.rpc;
                    let aimed = self.fault.act.is_some() && self.mode != Mode::Outset;
                    if number == 0 && aimed && stage.server.shared.requests(rpc).is_empty() {
                        found.push(format!("nothing was struck: no request to {rpc}"));
                    }
                    wrong.extend(found.into_iter().map(|it| match number {
                        0 => it,
                        _ => format!("call {}: {it}", number + 1),
                    }));
                }
            }
        }
        if let Err(error) = self.recover(&stage, denied) {
            wrong.push(format!("not usable afterwards: {error:#}"));
        }
        Ok(wrong)
    }

    fn inputs(&self) -> Result<Vec<Wrong>> {
        let params = self.row.fresh_params()?;
        Ok(match self.fault.ground {
            Ground::WrongAmounts => wrong_amounts(&self.row, &params),
            _ => wrong_json(&params, self.row.method == self.service.read),
        })
    }

    /// Brings about what is not the server's doing.
    fn prepare(&self, theatre: &Theatre, stage: &Stage<'_>) -> Result<()> {
        match self.fault.ground {
            Ground::MacaroonRenewed => {
                let renewed = hex::encode(&theatre.renewed);
                stage.server.shared.require_macaroon(&renewed);
                stage.write_macaroon(&theatre.renewed)?;
            }
            Ground::CertificateRenewed => {
                stage.write_certificate(&theatre.identities.other.pem)?;
            }
            Ground::IdleAndForgotten | Ground::IdleAndDead => {
                stage.until_ok(&self.service.read, RECOVERY)?;
                stage.until_ok(&self.service.write, RECOVERY)?;
                let since = Instant::now();
                // The one place where time itself is what is waited for: idleness has no other sign.
                while since.elapsed() < IDLE {
                    before_next_look(IDLE.saturating_sub(since.elapsed()));
                }
                stage.server.shared.order_all(&match self.fault.ground {
                    Ground::IdleAndForgotten => Order::ForgetPeer,
                    _ => Order::Swallow,
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// What is wrong with one call, and whether it claimed that nothing was and will be executed.
    fn call(&self, stage: &Stage<'_>, params: &str) -> Result<(Vec<String>, bool)> {
        let rpc = &self.row.parameters.rpc;
        let shared = &stage.server.shared;
        let (requests, executed) = (shared.requests(rpc).len(), shared.executed(rpc));
        let id = match self.row.parameters.operation_id {
            true => Some(make("random 16")?),
            false => None,
        };
        let (reply, elapsed) = stage.call(&self.row.method, params, id, self.deadline())?;
        // The pipe to the player takes longer for 100 MB than the library: it says itself how long it took.
        let elapsed = match (self.fault.ground, reply.json.get("elapsed_ms")) {
            (Ground::WrongJson, Some(own)) => {
                Duration::from_millis(own.as_u64().unwrap_or(u64::MAX))
            }
            _ => elapsed,
        };
        let came = shared.requests(rpc);
        let ours = came.get(requests..).unwrap_or_default();
        let pause = match ours {
            [first, second, ..] => Some(second.duration_since(*first)),
            _ => None,
        };
        let seen = Seen {
            reply: &reply,
            elapsed,
            requests: ours.len(),
            executed: shared.executed(rpc) - executed,
            dials: shared.dials(),
            pause,
        };
        let mut wrong = judge(&self.row, &self.expected, self.deadline(), &seen);
        if !wrong.is_empty() {
            wrong.push(format!("got {}", reply.json));
        }
        let said = reply.json.get("executed").and_then(Value::as_str);
        Ok((wrong, said == Some("no")))
    }

    /// Ends the fault and uses the client; what was "no" until now must stay so.
    fn recover(&self, stage: &Stage<'_>, denied: bool) -> Result<()> {
        let rpc = &self.row.parameters.rpc;
        let shared = &stage.server.shared;
        let before = shared.executed(rpc);
        shared.heal();
        if matches!(
            self.fault.ground,
            Ground::NoSuchHost | Ground::PlaintextConfigured
        ) {
            // Nothing ends this fault but another configuration: the client must go on to say so.
            let (reply, _) = stage.call(&self.service.read, "{}", None, TIME_TO_WASTE)?;
            ensure!(
                self.expected.status.contains(&reply.status),
                "then {}",
                reply.json
            );
            return Ok(());
        }
        stage.until_ok(&self.service.read, RECOVERY)?;
        if self.row.class != Class::R {
            stage.until_ok(&self.service.write, RECOVERY)?;
        }
        let ours = [&self.service.read, &self.service.write].contains(&&self.row.method);
        let later = shared.executed(rpc) - before;
        let write = self.row.class != Class::R;
        ensure!(
            ours || !write || later == 0 || !denied,
            "EXECUTED LATER, though the call had said no"
        );
        Ok(())
    }
}
