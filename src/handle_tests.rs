//! Tests of the handle table.

use std::sync::Arc;

use super::*;

enum Thing {}

fn status<T>(outcome: Result<T, Error>) -> Status {
    match outcome {
        Ok(_) => Status::Ok,
        Err(error) => error.status(),
    }
}

fn pointer(bits: u64) -> *const Thing {
    std::ptr::without_provenance(bits as usize)
}

#[test]
fn a_handle_finds_its_object_until_it_is_freed() {
    let registry = Registry::new(Kind::Client);
    let first: *mut Thing = registry.insert(11_u32).unwrap();
    let second: *mut Thing = registry.insert(22).unwrap();
    assert_eq!(registry.get(first).unwrap(), 11);
    assert_eq!(registry.remove(first), Some(11));
    assert_eq!(status(registry.get(first)), Status::InvalidHandle);
    assert_eq!(registry.remove(first), None, "freeing twice does nothing");
    assert_eq!(registry.get(second).unwrap(), 22);
}

#[test]
fn a_reused_slot_does_not_revive_old_handles() {
    let registry = Registry::new(Kind::Cancel);
    let old: *mut Thing = registry.insert(1_u32).unwrap();
    registry.remove(old);
    for round in 0..1000_u32 {
        let new: *mut Thing = registry.insert(round).unwrap();
        assert_ne!(new, old);
        assert_eq!(status(registry.get(old)), Status::InvalidHandle);
        assert_eq!(registry.remove(new), Some(round));
    }
    assert_eq!(registry.slots.get().value.read().slots.len(), 1);
}

#[test]
fn null_foreign_and_mistyped_pointers_are_refused_without_being_read() {
    let managers = Registry::new(Kind::Manager);
    let clients = Registry::new(Kind::Client);
    let manager: *mut Thing = managers.insert(1_u32).unwrap();
    let client: *mut Thing = clients.insert(2_u32).unwrap();
    assert!(
        clients
            .get(manager)
            .unwrap_err()
            .message()
            .contains("manager handle")
    );
    assert_eq!(status(managers.get(client)), Status::InvalidHandle);
    let local = 5_u64;
    let heap = Box::new(5_u64);
    for foreign in [
        0,
        1,
        2,
        3,
        42,
        u64::MAX,
        &raw const local as u64,
        &raw const *heap as u64,
    ] {
        assert_eq!(
            status(managers.get(pointer(foreign))),
            Status::InvalidHandle,
            "{foreign:#x}"
        );
        assert_eq!(managers.remove(pointer(foreign)), None);
    }
    // Well-formed, but never given out.
    let never = Parts {
        kind: Kind::Manager,
        ancestry: 0,
        slot: 7,
        generation: 1,
    }
    .encode();
    assert_eq!(status(managers.get(pointer(never))), Status::InvalidHandle);
}

#[test]
fn a_handle_of_another_process_is_forked_and_freeing_it_does_nothing() {
    let registry = Registry::new(Kind::Manager);
    let own: *mut Thing = registry.insert(1_u32).unwrap();
    let mut parts = Parts::decode(own.addr() as u64).unwrap();
    parts.ancestry += 1;
    let inherited = pointer(parts.encode());
    assert_eq!(status(registry.get(inherited)), Status::Forked);
    assert_eq!(registry.remove(inherited), None);
    assert_eq!(registry.get(own).unwrap(), 1);
}

#[test]
fn the_last_generation_retires_its_slot() {
    let registry = Registry::new(Kind::Client);
    let first: *mut Thing = registry.insert(1_u32).unwrap();
    registry.remove(first);
    registry.slots.get().value.write().slots[0].generation = LAST_GENERATION - 1;
    let last: *mut Thing = registry.insert(2).unwrap();
    assert_eq!(registry.remove(last), Some(2));
    let fresh: *mut Thing = registry.insert(3).unwrap();
    assert_eq!(Parts::decode(fresh.addr() as u64).unwrap().slot, 1);
    assert_eq!(status(registry.get(last)), Status::InvalidHandle);
}

#[test]
fn handles_survive_the_trip_through_their_bits() {
    for kind in [Kind::Manager, Kind::Client, Kind::Cancel] {
        for (ancestry, slot, generation) in
            [(0, 0, 1), (4095, 1_048_575, LAST_GENERATION), (7, 8, 9)]
        {
            let parts = Parts {
                kind,
                ancestry,
                slot,
                generation,
            };
            assert_eq!(Parts::decode(parts.encode()), Some(parts));
        }
    }
}

#[test]
fn many_threads_may_insert_look_up_and_free_at_once() {
    let registry = Arc::new(Registry::new(Kind::Client));
    let threads: Vec<_> = (0..8_u32)
        .map(|thread| {
            let registry = Arc::clone(&registry);
            std::thread::spawn(move || {
                for round in 0..500 {
                    let value = thread * 1000 + round;
                    let handle: *mut Thing = registry.insert(value).unwrap();
                    assert_eq!(registry.get(handle).unwrap(), value);
                    assert_eq!(registry.remove(handle), Some(value));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(registry.slots.get().value.read().slots.len() <= 8);
}

#[test]
fn the_object_is_dropped_outside_of_the_lock() {
    #[derive(Clone)]
    struct Nosy(Arc<Registry<Nosy>>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            let free = self.0.slots.get().value.try_write().is_some();
            assert!(
                free || std::thread::panicking(),
                "the table is locked during a drop"
            );
        }
    }
    let registry = Arc::new(Registry::new(Kind::Manager));
    let handle: *mut Thing = registry.insert(Nosy(Arc::clone(&registry))).unwrap();
    drop(registry.remove(handle));
}
