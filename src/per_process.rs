//! State that belongs to one process: a forked child starts afresh and never touches the locks of
//! its parent, one of which may have been held at the moment of the fork.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::host_protection::process_id;

/// A global value with one instance per process. Instances live for ever.
pub(crate) struct PerProcess<T: 'static> {
    current: AtomicPtr<Instance<T>>,
}

/// The value of one process.
pub(crate) struct Instance<T: 'static> {
    process: u32,
    /// How many instances its forefathers made before it. Tells a parent's handles from our own.
    pub(crate) ancestry: u16,
    pub(crate) value: T,
    /// Keeps the parent's instance reachable, so that leak checkers do not report it.
    _inherited: Option<&'static Instance<T>>,
}

impl<T: Default + Send + Sync> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// This process's instance, if it has made one.
    pub(crate) fn existing(&self) -> Option<&'static Instance<T>> {
        self.newest()
            .filter(|instance| instance.process == process_id())
    }

    /// This process's instance, made if need be. Takes no lock.
    pub(crate) fn get(&self) -> &'static Instance<T> {
        loop {
            let newest = self.newest();
            if let Some(instance) = newest.filter(|instance| instance.process == process_id()) {
                return instance;
            }
            let fresh = Box::into_raw(Box::new(Instance {
                process: process_id(),
                ancestry: newest.map_or(0, |instance| instance.ancestry.wrapping_add(1)),
                value: T::default(),
                _inherited: newest,
            }));
            let expected = newest.map_or(ptr::null_mut(), |instance| {
                ptr::from_ref(instance).cast_mut()
            });
            let outcome =
                self.current
                    .compare_exchange(expected, fresh, Ordering::AcqRel, Ordering::Acquire);
            if outcome.is_err() {
                // SAFETY: `fresh` came from Box::into_raw above and lost the race, so that nobody
                // else has seen it.
                drop(unsafe { Box::from_raw(fresh) });
            }
        }
    }

    fn newest(&self) -> Option<&'static Instance<T>> {
        // SAFETY: the pointer is NULL or was stored by `get` from a box that is never freed.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arkgrpc_core::locks::Mutex;

    /// Stands in for the state that a fork leaves behind: an instance of another process.
    fn inherited_from_another_process(
        cell: &PerProcess<Mutex<u32>>,
    ) -> &'static Instance<Mutex<u32>> {
        let parent = Box::leak(Box::new(Instance {
            process: process_id().wrapping_add(1),
            ancestry: 4,
            value: Mutex::new(9),
            _inherited: None,
        }));
        cell.current.store(parent, Ordering::Release);
        parent
    }

    #[test]
    fn all_threads_of_a_process_share_one_instance() {
        static CELL: PerProcess<Mutex<u32>> = PerProcess::new();
        assert!(CELL.existing().is_none());
        let threads: Vec<_> = (0..8)
            .map(|_| std::thread::spawn(|| *CELL.get().value.lock() += 1))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*CELL.get().value.lock(), 8);
        assert!(CELL.existing().is_some());
    }

    #[test]
    fn a_child_gets_its_own_even_if_the_parents_lock_was_held() {
        static CELL: PerProcess<Mutex<u32>> = PerProcess::new();
        let parent = inherited_from_another_process(&CELL);
        let _held_at_the_fork = parent.value.lock();
        assert!(CELL.existing().is_none());
        assert_eq!(*CELL.get().value.lock(), 0);
        assert_eq!(CELL.get().ancestry, 5);
    }
}
