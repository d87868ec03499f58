//! Mistakes for tests alone, which must notice them: the feature `mutants` builds them in, and the
//! environment variable `ARKGRPC_MUTANT` chooses one for a process. The shipped library has neither.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutant {
    /// Believes that no request ever left.
    FreshLatch,
    /// Repeats whatever the daemon answers with UNAVAILABLE, writes too.
    RetryUnavailable,
    /// Takes what the daemon refuses for a sign that it is out of reach.
    CountRefusals,
}

impl Mutant {
    #[cfg(feature = "mutants")]
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "fresh_latch" => Some(Self::FreshLatch),
            "retry_unavailable" => Some(Self::RetryUnavailable),
            "count_refusals" => Some(Self::CountRefusals),
            _ => None,
        }
    }

    /// Whether this process is to make the mistake.
    #[cfg(feature = "mutants")]
    pub(super) fn is_on(self) -> bool {
        static CHOSEN: std::sync::OnceLock<Option<Mutant>> = std::sync::OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| {
            let name = std::env::var("ARKGRPC_MUTANT").ok()?;
            Mutant::from_name(&name)
        });
        *chosen == Some(self)
    }

    /// Never, without the feature.
    #[cfg(not(feature = "mutants"))]
    pub(super) const fn is_on(self) -> bool {
        let _ = self;
        false
    }
}
