//! When which step of a start was reached, for measuring and for explaining a slow start.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

#[derive(Debug)]
pub struct Timeline {
    start: Instant,
    echo: bool,
    steps: Mutex<Vec<(Duration, String)>>,
}

impl Timeline {
    /// With `echo` every step is also printed on stderr as it happens.
    pub fn new(echo: bool) -> Self {
        Self {
            start: Instant::now(),
            echo,
            steps: Mutex::new(Vec::new()),
        }
    }

    pub fn reached(&self, step: impl Into<String>) {
        let (elapsed, step) = (self.start.elapsed(), step.into());
        if self.echo {
            eprintln!("{:8.2} {step}", elapsed.as_secs_f64());
        }
        self.steps.lock().push((elapsed, step));
    }

    pub fn steps(&self) -> Vec<(Duration, String)> {
        self.steps.lock().clone()
    }
}
