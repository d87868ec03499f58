//! Waiting by polling with a deadline: the only way this crate waits for anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{LabError, Result};

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Polls until a condition holds; gives up early when its interrupt flag is raised.
#[derive(Clone, Debug, Default)]
pub struct Waiter {
    interrupt: Option<Arc<AtomicBool>>,
}

impl Waiter {
    /// `interrupt` is raised by a signal handler, say, to end every wait with `Interrupted`.
    pub fn interruptible(interrupt: Arc<AtomicBool>) -> Self {
        Self {
            interrupt: Some(interrupt),
        }
    }

    pub fn check_interrupt(&self) -> Result<()> {
        match &self.interrupt {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(LabError::Interrupted),
            _ => Ok(()),
        }
    }

    /// Calls `look` until it gives a value. Its errors mean "look again", except for those after
    /// which looking again is pointless (the daemon is gone, the lab was interrupted).
    pub fn until<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            self.check_interrupt()?;
            let last = match look() {
                Ok(value) => return Ok(value),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => error,
            };
            if start.elapsed() >= limit {
                let (what, last) = (what.to_owned(), last.to_string());
                return Err(LabError::Timeout { what, limit, last });
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_value_as_soon_as_it_is_there() {
        let mut looks = 0;
        let found = Waiter::default().until("the third look", Duration::from_secs(5), || {
            looks += 1;
            if looks < 3 {
                Err(LabError::NotYet(format!("look {looks}")))
            } else {
                Ok(looks)
            }
        });
        assert_eq!(found.unwrap(), 3);
    }

    #[test]
    fn a_timeout_tells_what_was_seen_last() {
        let error = Waiter::default()
            .until::<()>("rain", Duration::ZERO, || {
                Err(LabError::NotYet("sunshine".into()))
            })
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("rain") && text.contains("sunshine"), "{text}");
    }

    #[test]
    fn a_dead_daemon_ends_the_wait_at_once() {
        let mut looks = 0;
        let error = Waiter::default()
            .until::<()>("life", Duration::from_secs(60), || {
                looks += 1;
                let (name, status) = ("lnd".to_owned(), "exit status: 1".to_owned());
                Err(LabError::DaemonExited {
                    name,
                    status,
                    log: String::new(),
                })
            })
            .unwrap_err();
        assert!(matches!(error, LabError::DaemonExited { .. }));
        assert_eq!(looks, 1);
    }

    #[test]
    fn an_interrupt_ends_the_wait() {
        let flag = Arc::new(AtomicBool::new(false));
        let waiter = Waiter::interruptible(flag.clone());
        let error = waiter
            .until::<()>("the end of days", Duration::from_secs(60), || {
                flag.store(true, Ordering::Relaxed);
                Err(LabError::NotYet("no end".into()))
            })
            .unwrap_err();
        assert!(matches!(error, LabError::Interrupted));
    }
}
