//! Free TCP ports on loopback: bound to port 0 first and kept bound until the daemon takes them
//! over, so that two labs on one machine do not pick the same ones.

use std::net::{Ipv4Addr, TcpListener};

use parking_lot::Mutex;

use crate::error::{LabError, Result};

/// `N` distinct free ports; [`ReservedPorts::release`] lets a daemon bind them.
#[derive(Debug)]
pub struct ReservedPorts<const N: usize> {
    pub numbers: [u16; N],
    listeners: Mutex<Vec<TcpListener>>,
}

impl<const N: usize> ReservedPorts<N> {
    pub fn reserve() -> Result<Self> {
        let failed = || LabError::io("binding a free port of 127.0.0.1");
        let mut numbers = [0; N];
        let mut listeners = Vec::with_capacity(N);
        for number in &mut numbers {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
            *number = listener.local_addr().map_err(failed())?.port();
            listeners.push(listener);
        }
        Ok(Self {
            numbers,
            listeners: Mutex::new(listeners),
        })
    }

    pub fn release(&self) {
        self.listeners.lock().clear();
    }
}

/// Between release and bind somebody else may take a port: one more try with new ports.
pub fn retry_once_when_taken<T>(mut start: impl FnMut() -> Result<T>) -> Result<T> {
    match start() {
        Err(LabError::PortTaken { .. }) => start(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn taken() -> LabError {
        LabError::PortTaken {
            name: "btcd".into(),
            log: "address already in use".into(),
        }
    }

    #[test]
    fn reserved_ports_are_distinct_and_held_until_released() {
        let ports = ReservedPorts::<8>::reserve().unwrap();
        assert_eq!(ports.numbers.iter().collect::<BTreeSet<_>>().len(), 8);
        for number in ports.numbers {
            assert!(
                TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_err(),
                "{number} is free"
            );
        }
        ports.release();
        for number in ports.numbers {
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        }
    }

    #[test]
    fn a_taken_port_is_retried_once_and_only_once() {
        let mut tries = 0;
        let second = retry_once_when_taken(|| {
            tries += 1;
            if tries == 1 { Err(taken()) } else { Ok(tries) }
        });
        assert_eq!(second.unwrap(), 2);

        let mut tries = 0;
        let never = retry_once_when_taken::<()>(|| {
            tries += 1;
            Err(taken())
        });
        assert!(matches!(never, Err(LabError::PortTaken { .. })));
        assert_eq!(tries, 2);
    }

    #[test]
    fn other_failures_are_not_retried() {
        let mut tries = 0;
        let result = retry_once_when_taken::<()>(|| {
            tries += 1;
            Err(LabError::Interrupted)
        });
        assert!(matches!(result, Err(LabError::Interrupted)));
        assert_eq!(tries, 1);
    }
}
