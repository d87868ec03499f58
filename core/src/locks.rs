//! Locks that work in a forked child, and that a panic does not poison.
//!
//! Those of the standard library keep all their state in themselves. parking_lot keeps waiting threads
//! in one table per process: a child inherits entries of threads that it does not have, whose memory it
//! uses again, and crashes when one of its own threads comes to wait beside them.

use std::fmt;
use std::sync::{self, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::time::Instant;

/// One at a time.
#[derive(Default)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits for the others.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Without waiting.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Without locking: nobody else can hold it.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value may be a secret.
        f.write_str("Mutex(…)")
    }
}

/// Many readers or one writer.
#[derive(Default)]
pub struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// Shared.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Alone.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Alone, without waiting.
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        match self.0.try_write() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Waits for a change of what a mutex guards.
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// Nobody waits.
    pub const fn new() -> Self {
        Self(sync::Condvar::new())
    }

    /// Lets the lock go until somebody notifies; may also return without that.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// The same until a moment at the latest; true when it has passed.
    pub fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Instant,
    ) -> (MutexGuard<'a, T>, bool) {
        let span = limit.saturating_duration_since(Instant::now());
        let (guard, _) = self
            .0
            .wait_timeout(guard, span)
            .unwrap_or_else(PoisonError::into_inner);
        (guard, Instant::now() >= limit)
    }

    /// Wakes one of those who wait.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all of them.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_panic_under_a_lock_leaves_it_usable() {
        let locks = Arc::new((Mutex::new(1), RwLock::<u32>::default()));
        let theirs = Arc::clone(&locks);
        let thread = std::thread::spawn(move || {
            let _one = theirs.0.lock();
            let _two = theirs.1.write();
            panic!("planted");
        });
        assert!(thread.join().is_err());
        assert_eq!((*locks.0.lock(), *locks.1.read()), (1, 0));
        assert!(locks.0.try_lock().is_some() && locks.1.try_write().is_some());
    }

    #[test]
    fn waiting_ends_by_news_or_by_time() {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let thread = std::thread::spawn(move || {
            *theirs.0.lock() = true;
            theirs.1.notify_one();
        });
        let mut told = pair.0.lock();
        while !*told {
            told = pair.1.wait(told);
        }
        drop(told);
        thread.join().unwrap();
        let limit = Instant::now() + Duration::from_millis(10);
        let mut guard = pair.0.lock();
        let mut late = false;
        while !late {
            (guard, late) = pair.1.wait_until(guard, limit);
        }
        assert!(*guard && Instant::now() >= limit);
    }
}
