//! Random bytes for keys, preimages and names.

use crate::error::DevnetError;

/// `N` bytes from the system.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], DevnetError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| DevnetError::Key(error.to_string()))?;
    Ok(bytes)
}
