//! What goes wrong with a request, drawn by lot. Writes suffer most; reads too, as the library decides
//! about writes by them.

use std::time::Duration;

/// A fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    None,
    /// The connection is closed; the request is not executed.
    CutBefore,
    /// RST_STREAM with REFUSED_STREAM; not executed, as the code says.
    RefusedBefore,
    /// UNAVAILABLE; not executed.
    UnavailableBefore,
    /// GOAWAY, and then everything as usual on this connection.
    GoAway,
    /// Executed; the connection is closed before the answer.
    CutAfter,
    /// Executed; RST_STREAM with INTERNAL_ERROR.
    ResetAfter,
    /// Executed; RST_STREAM with REFUSED_STREAM, which is a lie.
    RefusedAfter,
    /// Executed; UNAVAILABLE.
    UnavailableAfter,
    /// Executed; a text that no list knows.
    UnknownAfter,
    /// Executed late, perhaps after the caller gave up; then answered.
    Late(Duration),
    /// Executed and never answered.
    Mute,
    /// Executed and answered, and the connection is closed a moment later, at whatever it is then.
    CutSoon(Duration),
}

impl Fault {
    /// Its name, whatever its delay.
    pub fn name(self) -> &'static str {
        match self {
            Fault::None => "none",
            Fault::CutBefore => "cut before",
            Fault::RefusedBefore => "refused before",
            Fault::UnavailableBefore => "UNAVAILABLE before",
            Fault::GoAway => "GOAWAY",
            Fault::CutAfter => "cut after",
            Fault::ResetAfter => "reset after",
            Fault::RefusedAfter => "refused after",
            Fault::UnavailableAfter => "UNAVAILABLE after",
            Fault::UnknownAfter => "unknown text after",
            Fault::Late(_) => "late",
            Fault::Mute => "mute",
            Fault::CutSoon(_) => "cut soon",
        }
    }
}

const LATEST_MS: u64 = 700;
const SOON_US: u64 = 3000;

/// In a thousand, each.
const OF_WRITES: [(u32, Fault); 12] = [
    (2, Fault::CutBefore),
    (10, Fault::RefusedBefore),
    (10, Fault::UnavailableBefore),
    (3, Fault::GoAway),
    (3, Fault::CutAfter),
    (15, Fault::ResetAfter),
    (10, Fault::RefusedAfter),
    (15, Fault::UnavailableAfter),
    (5, Fault::UnknownAfter),
    (15, Fault::Late(Duration::ZERO)),
    (4, Fault::Mute),
    (2, Fault::CutSoon(Duration::ZERO)),
];
const OF_READS: [(u32, Fault); 5] = [
    (1, Fault::CutBefore),
    (5, Fault::RefusedBefore),
    (5, Fault::UnavailableBefore),
    (5, Fault::ResetAfter),
    (5, Fault::Late(Duration::ZERO)),
];
/// Connections that are closed before their handshake, in a thousand.
const OF_DIALS: u32 = 15;

const WRITES: [&str; 4] = [
    "/lnrpc.Lightning/AddInvoice",
    "/lnrpc.Lightning/OpenChannel",
    "/lnrpc.Lightning/SendCoins",
    "/routerrpc.Router/SendPaymentV2",
];

/// Draws for a request.
pub fn draw(lot: &mut fastrand::Rng, path: &str) -> Fault {
    let table: &[_] = match WRITES.contains(&path) {
        true => &OF_WRITES,
        false => &OF_READS,
    };
    let mut drawn = lot.u32(0..1000);
    for (share, fault) in table {
        if drawn < *share {
            return timed(lot, *fault);
        }
        drawn -= share;
    }
    Fault::None
}

fn timed(lot: &mut fastrand::Rng, fault: Fault) -> Fault {
    match fault {
        Fault::Late(_) => Fault::Late(Duration::from_millis(lot.u64(5..LATEST_MS))),
        Fault::CutSoon(_) => Fault::CutSoon(Duration::from_micros(lot.u64(0..SOON_US))),
        other => other,
    }
}

/// Whether a connection is refused.
pub fn refuses_dial(lot: &mut fastrand::Rng) -> bool {
    lot.u32(0..1000) < OF_DIALS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_fault_is_drawn_as_often_as_it_should_be() {
        let mut lot = fastrand::Rng::with_seed(1);
        let mut drawn = BTreeMap::new();
        for _ in 0..100_000 {
            let fault = draw(&mut lot, "/lnrpc.Lightning/SendCoins");
            *drawn.entry(fault.name()).or_insert(0_u32) += 1;
        }
        for (share, fault) in OF_WRITES {
            let (count, wanted) = (drawn[fault.name()], share * 100);
            assert!(
                count > wanted / 2 && count < wanted * 2,
                "{fault:?}: {count}"
            );
        }
        assert_eq!(drawn.len(), OF_WRITES.len() + 1);
    }

    #[test]
    fn a_seed_draws_the_same_again() {
        let drawn = |seed| {
            let mut lot = fastrand::Rng::with_seed(seed);
            let faults = (0..500).map(|_| draw(&mut lot, "/routerrpc.Router/SendPaymentV2"));
            faults.collect::<Vec<_>>()
        };
        assert_eq!(drawn(4), drawn(4));
        assert_ne!(drawn(4), drawn(5));
    }
}
