//! Randomness from the operating system, for preimages, ids and jitter alike.

use ring::rand::{SecureRandom, SystemRandom};

/// Fills an array with unpredictable bytes; `None` when the operating system gives none.
pub(crate) fn random_bytes<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

/// A number in 0..1 for jitter. Without randomness the middle: jitter protects the peer, not a secret.
pub(crate) fn random_fraction() -> f64 {
    random_bytes::<4>().map_or(0.5, |bytes| {
        f64::from(u32::from_le_bytes(bytes)) / 4_294_967_296.0
    })
}
