//! The state machine of health against its promises. Time is made up.

use super::*;

const MIDDLE: f64 = 0.5;

struct Service {
    machine: Machine,
    now: Instant,
}

impl Service {
    fn new() -> Self {
        let now = Instant::now();
        let mut machine = Machine::new();
        machine.begin(now);
        Self { machine, now }
    }

    fn after(&mut self, seconds: f64) -> &mut Self {
        self.now += Duration::from_secs_f64(seconds);
        self
    }

    fn probe(&mut self, finding: Finding) -> Option<HealthChange> {
        self.machine.start(self.now);
        self.machine.finish(finding, false, self.now, MIDDLE)
    }

    fn state(&self) -> Option<Health> {
        self.machine.health()
    }

    fn pause(&self) -> Duration {
        self.machine.pause(self.now).unwrap()
    }

    fn put(finding: Finding, times: u32) -> Self {
        let mut service = Self::new();
        for _ in 0..times {
            service.probe(finding);
        }
        service
    }
}

#[test]
fn health_monitor_makes_no_probe_before_the_first_call() {
    let now = Instant::now();
    let mut machine = Machine::new();
    assert_eq!((machine.health(), machine.pause(now)), (None, None));
    machine.finish(Finding::Ready, false, now, MIDDLE);
    machine.wake(now);
    assert_eq!(machine.pause(now), None, "asked by somebody, not watched");
    machine.begin(now);
    machine.begin(now + Duration::from_secs(4));
    assert_eq!(machine.pause(now), Some(FIRST_PROBE));
}

#[test]
fn health_monitor_degrades_at_one_failure_and_is_down_at_two() {
    let mut service = Service::put(Finding::Ready, 1);
    assert_eq!(service.state(), Some(Health::Up));
    let change = service.probe(Finding::Failed).unwrap();
    assert_eq!(
        (change.from, change.to),
        (Some(Health::Up), Health::Degraded)
    );
    assert_eq!(service.probe(Finding::Failed).unwrap().to, Health::Down);
    assert_eq!(service.probe(Finding::Failed), None, "told once");
}

#[test]
fn health_monitor_is_restored_by_two_good_probes() {
    let mut service = Service::put(Finding::Failed, 2);
    assert_eq!(service.probe(Finding::Ready).unwrap().to, Health::Degraded);
    assert_eq!(service.pause(), SOON, "the first one is confirmed soon");
    service.probe(Finding::Failed);
    assert_eq!(service.state(), Some(Health::Degraded));
    service.probe(Finding::Ready);
    assert_eq!(service.state(), Some(Health::Degraded), "in a row");
    assert_eq!(service.probe(Finding::Ready).unwrap().to, Health::Up);
}

#[test]
fn health_monitor_knows_a_service_that_is_not_fit_for_writes() {
    let mut service = Service::put(Finding::Failed, 2);
    assert_eq!(
        service.probe(Finding::Limited).unwrap().to,
        Health::ReadOnly
    );
    assert_eq!(service.pause(), DOWN_INTERVAL);
    assert_eq!(
        service.probe(Finding::Ready).unwrap().to,
        Health::Up,
        "an unlocked wallet needs no second look"
    );
    assert_eq!(
        service.probe(Finding::Impaired).unwrap().to,
        Health::Degraded
    );
    assert_eq!(
        service.probe(Finding::Impaired),
        None,
        "what answers is never down"
    );
}

#[test]
fn health_monitor_probes_by_state_with_jitter() {
    let mut service = Service::new();
    for (finding, usual) in [
        (Finding::Ready, UP_INTERVAL),
        (Finding::Failed, DOWN_INTERVAL),
        (Finding::Failed, DOWN_INTERVAL),
    ] {
        for (jitter, factor) in [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)] {
            let bad = service.machine.bad;
            service.machine.start(service.now);
            service.machine.finish(finding, false, service.now, jitter);
            let wanted = usual.as_secs_f64() * factor;
            assert!((service.pause().as_secs_f64() - wanted).abs() < 1e-6);
            service.machine.bad = bad;
        }
        service.probe(finding);
    }
}

#[test]
fn health_monitor_counts_its_interval_from_the_start_of_a_probe() {
    let mut service = Service::put(Finding::Failed, 2);
    service.machine.start(service.now);
    assert_eq!(service.machine.pause(service.now), None, "one at a time");
    service.after(3.0);
    let now = service.now;
    service.machine.finish(Finding::Failed, false, now, MIDDLE);
    assert_eq!(service.pause(), Duration::from_secs(2));
    service.machine.start(now);
    service.after(60.0);
    let now = service.now;
    service.machine.finish(Finding::Failed, false, now, MIDDLE);
    assert_eq!(service.pause(), Duration::ZERO);
}

#[test]
fn health_monitor_takes_answered_calls_for_life_and_not_for_fitness() {
    let mut service = Service::new();
    let now = service.now;
    assert_eq!(service.machine.hear(now).unwrap().to, Health::Up);
    service.probe(Finding::Limited);
    assert_eq!(service.machine.hear(now), None);
    assert_eq!(service.state(), Some(Health::ReadOnly));

    let mut service = Service::put(Finding::Failed, 1);
    service.machine.start(now);
    service.machine.finish(Finding::Failed, true, now, MIDDLE);
    assert_eq!(
        service.state(),
        Some(Health::Degraded),
        "calls were answered meanwhile"
    );

    let mut service = Service::put(Finding::Failed, 2);
    let now = service.now;
    assert_eq!(service.machine.hear(now).unwrap().to, Health::Degraded);
    assert_eq!(service.pause(), SOON);
    assert_eq!(service.probe(Finding::Ready).unwrap().to, Health::Up);
}

#[test]
fn health_monitor_comes_forward_when_calls_fail_and_when_somebody_waits() {
    let mut service = Service::put(Finding::Ready, 1);
    let now = service.now;
    service.machine.suspect(now);
    assert_eq!(service.pause(), DOWN_INTERVAL);
    service.machine.wake(now);
    assert_eq!(service.pause(), SOON);
    service.after(40.0);
    let now = service.now;
    service.machine.suspect(now);
    assert_eq!(service.pause(), Duration::ZERO);

    let mut fresh = Service::new();
    let now = fresh.now;
    fresh.machine.suspect(now);
    assert_eq!(fresh.pause(), FIRST_PROBE);
    fresh.machine.wake(now);
    assert_eq!(fresh.pause(), Duration::ZERO);
}

#[test]
fn health_monitor_begins_anew_when_somebody_knows_better() {
    let mut service = Service::put(Finding::Failed, 2);
    let now = service.now;
    assert_eq!(service.machine.pardon(now).unwrap().to, Health::Degraded);
    assert_eq!(service.pause(), Duration::ZERO);
    assert_eq!(service.probe(Finding::Failed), None, "degraded as it was");
    assert_eq!(service.probe(Finding::Failed).unwrap().to, Health::Down);
    let mut well = Service::put(Finding::Ready, 1);
    assert_eq!(well.machine.pardon(now), None);
    assert_eq!(well.state(), Some(Health::Up));
}

#[test]
fn health_monitor_stays_closed() {
    let mut service = Service::put(Finding::Ready, 1);
    assert_eq!(service.machine.close().unwrap().to, Health::Closed);
    assert_eq!(service.machine.close(), None);
    assert_eq!(service.machine.hear(service.now), None);
    assert_eq!(service.probe(Finding::Failed), None);
    service.machine.wake(service.now);
    assert_eq!(service.machine.pause(service.now), None);
    assert_eq!(service.state(), Some(Health::Closed));
}

#[test]
fn health_monitor_survives_a_probe_that_is_given_up() {
    let mut service = Service::put(Finding::Ready, 1);
    let now = service.now;
    service.machine.start(now);
    service.machine.abandon(now);
    assert_eq!(service.pause(), DOWN_INTERVAL);
    assert_eq!(service.state(), Some(Health::Up));
}
