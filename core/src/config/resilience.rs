//! How calls to one daemon are kept from piling up while it is out of reach or slow: the keys of
//! `resilience`, from JSON or from variables, and their checks.

use std::time::Duration;

use serde::Deserialize;

use super::invalid;
use crate::error::Error;

/// What the circuit breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BreakerMode {
    /// Opens and refuses.
    Normal,
    /// Opens and closes, but refuses nothing: to see what it would do.
    Observe,
    /// Always closed.
    Disabled,
    /// Always open: the operator keeps callers away.
    ForcedOpen,
}

impl BreakerMode {
    const ALL: [Self; 4] = [
        Self::Normal,
        Self::Observe,
        Self::Disabled,
        Self::ForcedOpen,
    ];

    /// The word of the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Observe => "observe",
            Self::Disabled => "disabled",
            Self::ForcedOpen => "forced_open",
        }
    }
}

/// The checked values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResilienceConfig {
    pub(crate) breaker: BreakerMode,
    /// Transport failures in a row that open the breaker.
    pub(crate) breaker_threshold: u32,
    /// How long it stays open the first time.
    pub(crate) breaker_recovery: Duration,
    /// A read that takes longer counts as a weak failure.
    pub(crate) slow_call: Option<Duration>,
    /// Most calls at once: plain reads, quick writes, payments that have not started flying.
    pub(crate) max_reads: u32,
    pub(crate) max_writes: u32,
    pub(crate) max_payments: u32,
    /// Most calls that wait for a place in one of these lanes.
    pub(crate) max_waiting: u32,
}

impl Default for ResilienceConfig {
    fn default() -> Self {
        Self {
            breaker: BreakerMode::Normal,
            breaker_threshold: 5,
            breaker_recovery: Duration::from_secs(5),
            slow_call: None,
            max_reads: 64,
            max_writes: 16,
            max_payments: 256,
            max_waiting: 1024,
        }
    }
}

/// The keys as they are given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawResilience {
    breaker: Option<String>,
    breaker_threshold: Option<u64>,
    breaker_recovery_ms: Option<u64>,
    slow_call_ms: Option<u64>,
    max_reads: Option<u64>,
    max_writes: Option<u64>,
    max_payments: Option<u64>,
    max_waiting: Option<u64>,
}

impl RawResilience {
    /// From the variables `ARKGRPC_<SERVICE>_<KEY>`; `number` reads one of them.
    pub(crate) fn from_variables(
        service: &str,
        get: &dyn Fn(&str) -> Option<String>,
        number: &dyn Fn(&str) -> Result<Option<u64>, Error>,
    ) -> Result<Self, Error> {
        let prefix = service.to_uppercase();
        let name = |key: &str| format!("ARKGRPC_{prefix}_{key}");
        Ok(Self {
            breaker: get(&name("BREAKER")).map(|text| text.trim().to_owned()),
            breaker_threshold: number(&name("BREAKER_THRESHOLD"))?,
            breaker_recovery_ms: number(&name("BREAKER_RECOVERY_MS"))?,
            slow_call_ms: number(&name("SLOW_CALL_MS"))?,
            max_reads: number(&name("MAX_READS"))?,
            max_writes: number(&name("MAX_WRITES"))?,
            max_payments: number(&name("MAX_PAYMENTS"))?,
            max_waiting: number(&name("MAX_WAITING"))?,
        })
    }

    pub(crate) fn check(&self, service: &str) -> Result<ResilienceConfig, Error> {
        let usual = ResilienceConfig::default();
        let within = |name: &str, given: Option<u64>, least: u64, most: u64| {
            let value = given.filter(|value| (least..=most).contains(value));
            match (given, value.and_then(|value| u32::try_from(value).ok())) {
                (None, _) => Ok(None),
                (Some(_), Some(value)) => Ok(Some(value)),
                (Some(_), None) => Err(invalid(
                    &key(service, name),
                    "out of range",
                    &format!("give a whole number from {least} to {most}"),
                )),
            }
        };
        let millis = |value: Option<u32>| value.map(|ms| Duration::from_millis(u64::from(ms)));
        let recovery = within(
            "breaker_recovery_ms",
            self.breaker_recovery_ms,
            100,
            3_600_000,
        )?;
        let slow_call = within("slow_call_ms", self.slow_call_ms, 1, 600_000)?;
        Ok(ResilienceConfig {
            breaker: self.mode(service)?.unwrap_or(usual.breaker),
            breaker_threshold: within("breaker_threshold", self.breaker_threshold, 1, 1_000)?
                .unwrap_or(usual.breaker_threshold),
            breaker_recovery: millis(recovery).unwrap_or(usual.breaker_recovery),
            slow_call: millis(slow_call),
            max_reads: within("max_reads", self.max_reads, 1, 100_000)?.unwrap_or(usual.max_reads),
            max_writes: within("max_writes", self.max_writes, 1, 100_000)?
                .unwrap_or(usual.max_writes),
            max_payments: within("max_payments", self.max_payments, 1, 100_000)?
                .unwrap_or(usual.max_payments),
            max_waiting: within("max_waiting", self.max_waiting, 0, 1_000_000)?
                .unwrap_or(usual.max_waiting),
        })
    }

    fn mode(&self, service: &str) -> Result<Option<BreakerMode>, Error> {
        let Some(word) = self.breaker.as_deref() else {
            return Ok(None);
        };
        let found = BreakerMode::ALL
            .into_iter()
            .find(|mode| mode.name() == word);
        found.map(Some).ok_or_else(|| {
            let words: Vec<_> = BreakerMode::ALL.iter().map(|mode| mode.name()).collect();
            invalid(
                &key(service, "breaker"),
                "no such mode",
                &format!("use one of: {}", words.join(", ")),
            )
        })
    }
}

fn key(service: &str, name: &str) -> String {
    format!("{service}.resilience.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    fn check(json: &str) -> Result<ResilienceConfig, Error> {
        let raw: RawResilience = serde_json::from_str(json).unwrap();
        raw.check("lnd")
    }

    #[test]
    fn every_key_takes_the_place_of_its_default() {
        let usual = check("{}").unwrap();
        assert_eq!(usual.breaker, BreakerMode::Normal);
        assert_eq!(usual.breaker_threshold, 5);
        assert_eq!(usual.breaker_recovery.as_secs(), 5);
        assert_eq!(
            (usual.max_reads, usual.max_writes, usual.max_payments),
            (64, 16, 256)
        );
        assert_eq!((usual.max_waiting, usual.slow_call), (1024, None));
        let given = check(
            r#"{"breaker":"forced_open","breaker_threshold":7,"breaker_recovery_ms":60000,
                "slow_call_ms":9,"max_reads":1,"max_writes":2,"max_payments":3,"max_waiting":0}"#,
        )
        .unwrap();
        assert_eq!(given.breaker, BreakerMode::ForcedOpen);
        assert_eq!(given.breaker_threshold, 7);
        assert_eq!(given.breaker_recovery.as_secs(), 60);
        assert_eq!(given.slow_call, Some(Duration::from_millis(9)));
        assert_eq!(
            (given.max_reads, given.max_writes, given.max_payments),
            (1, 2, 3)
        );
        assert_eq!(given.max_waiting, 0);
    }

    #[test]
    fn bad_values_are_named() {
        for (json, named) in [
            (r#"{"breaker":"off"}"#, "lnd.resilience.breaker`"),
            (
                r#"{"breaker_threshold":0}"#,
                "lnd.resilience.breaker_threshold",
            ),
            (
                r#"{"breaker_recovery_ms":99}"#,
                "lnd.resilience.breaker_recovery_ms",
            ),
            (r#"{"slow_call_ms":0}"#, "lnd.resilience.slow_call_ms"),
            (r#"{"max_reads":0}"#, "lnd.resilience.max_reads"),
            (r#"{"max_writes":100001}"#, "lnd.resilience.max_writes"),
            (r#"{"max_payments":0}"#, "lnd.resilience.max_payments"),
            (
                r#"{"max_waiting":18446744073709551615}"#,
                "lnd.resilience.max_waiting",
            ),
        ] {
            let error = check(json).unwrap_err();
            assert_eq!(error.status(), Status::InvalidConfig, "{json}");
            assert!(error.message().contains(named), "{json}: {error}");
        }
    }
}
