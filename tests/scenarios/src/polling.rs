//! The pause between two looks at the same thing. Every loop that uses it ends by what it sees or by
//! its own deadline; nothing ever waits for time alone to pass.

use std::thread;
use std::time::Duration;

/// Lets the others work before the next look. An early wake-up only means an earlier look.
pub fn before_next_look(pause: Duration) {
    thread::park_timeout(pause);
}
