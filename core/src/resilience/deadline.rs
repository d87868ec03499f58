//! One total deadline for everything that a call does: waiting, dialling, attempts, pauses.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than any process waits; keeps arithmetic on instants sound.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When a call must be back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    started: Instant,
    at: Instant,
}

impl Deadline {
    pub(crate) fn after(span: Duration) -> Self {
        let started = Instant::now();
        Self {
            started,
            at: started + span.min(FOR_EVER),
        }
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The whole time that was given.
    pub(crate) fn span(&self) -> Duration {
        self.at.saturating_duration_since(self.started)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) async fn passed(&self) {
        tokio::time::sleep_until(self.at).await;
    }

    /// For a thread that waits outside of the runtime.
    pub(crate) fn plus(&self, grace: Duration) -> std::time::Instant {
        self.at.into_std() + grace
    }
}
