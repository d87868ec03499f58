//! What stands behind the fault server: daemons with just enough memory to tell the truth about the few
//! things that a cell does.

mod lnd;

use anyhow::{Result, bail};

/// What a handler says.
#[derive(Clone, Debug)]
pub enum Answer {
    /// One message, encoded; of a stream the only one.
    Message(Vec<u8>),
    /// The daemon's own refusal.
    Refusal { code: u32, text: String },
}

/// A daemon's handlers.
pub trait Daemon: Send {
    /// Runs the handler of `package.Service/Method` on a message.
    fn answer(&mut self, path: &str, message: &[u8]) -> Answer;
}

/// A fresh daemon of the service. Methods of a service without one cannot be played, which fails the run.
pub fn start(service: &str) -> Result<Box<dyn Daemon>> {
    match service {
        "lnd" => Ok(Box::new(lnd::Lnd::new())),
        other => bail!("the fault server has no daemon for {other}: write one beside lnd"),
    }
}
