//! Handles: a slot and its generation dressed as a pointer that nobody ever dereferences.
//!
//! NULL, freed, foreign and mistyped handles are told apart by arithmetic and one look into the
//! table of this process; handles made before a fork are recognised before any lock is taken.

use std::ffi::c_void;

use arkgrpc_core::error::{Error, Status};
use arkgrpc_core::locks::RwLock;

use crate::per_process::PerProcess;

// Layout of the 64 bits, low to high. The lowest bit is set: no allocator hands out odd addresses,
// so a real pointer is never taken for a handle.
const KIND_SHIFT: u32 = 1;
const ANCESTRY_SHIFT: u32 = 4;
const SLOT_SHIFT: u32 = 16;
const GENERATION_SHIFT: u32 = 36;
const KIND_MASK: u64 = 0x7;
const ANCESTRY_MASK: u64 = 0xfff;
const SLOT_MASK: u64 = 0xf_ffff;
const LAST_GENERATION: u32 = (1 << 27) - 1;
const SLOT_LIMIT: usize = 1 << 20;

/// The type of the object behind a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Manager = 1,
    Client = 2,
    Cancel = 3,
    Stream = 4,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Manager => "manager",
            Kind::Client => "client",
            Kind::Cancel => "cancel",
            Kind::Stream => "stream",
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        [Kind::Manager, Kind::Client, Kind::Cancel, Kind::Stream]
            .into_iter()
            .find(|kind| *kind as u64 == number)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    kind: Kind,
    ancestry: u16,
    slot: u32,
    generation: u32,
}

impl Parts {
    fn encode(self) -> u64 {
        1 | (self.kind as u64) << KIND_SHIFT
            | (u64::from(self.ancestry) & ANCESTRY_MASK) << ANCESTRY_SHIFT
            | u64::from(self.slot) << SLOT_SHIFT
            | u64::from(self.generation) << GENERATION_SHIFT
    }

    fn decode(bits: u64) -> Option<Self> {
        let generation = u32::try_from(bits >> GENERATION_SHIFT).ok()?;
        if bits & 1 == 0 || generation == 0 || generation > LAST_GENERATION {
            return None;
        }
        Some(Self {
            kind: Kind::from_number(bits >> KIND_SHIFT & KIND_MASK)?,
            ancestry: u16::try_from(bits >> ANCESTRY_SHIFT & ANCESTRY_MASK).ok()?,
            slot: u32::try_from(bits >> SLOT_SHIFT & SLOT_MASK).ok()?,
            generation,
        })
    }
}

/// All live objects of one type.
pub(crate) struct Registry<T: 'static> {
    kind: Kind,
    slots: PerProcess<RwLock<Slots<T>>>,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    vacant: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            vacant: Vec::new(),
        }
    }
}

struct Slot<T> {
    generation: u32,
    object: Option<T>,
}

impl<T: Clone + Send + Sync> Registry<T> {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            slots: PerProcess::new(),
        }
    }

    /// Gives the object a handle.
    pub(crate) fn insert<C>(&self, object: T) -> Result<*mut C, Error> {
        let instance = self.slots.get();
        let place = instance.value.write().occupy(object);
        let (slot, generation) = place.ok_or_else(|| {
            Error::local(
                Status::Unsupported,
                format!("{SLOT_LIMIT} {} handles are alive", self.kind.name()),
                "free the handles that are no longer used",
            )
        })?;
        let ancestry = instance.ancestry & ANCESTRY_MASK as u16;
        let bits = Parts {
            kind: self.kind,
            ancestry,
            slot,
            generation,
        }
        .encode();
        Ok(std::ptr::without_provenance_mut::<C>(bits as usize))
    }

    /// The object behind the handle, shared.
    pub(crate) fn get<C>(&self, handle: *const C) -> Result<T, Error> {
        let parts = self.own_parts(handle.cast())?;
        let slots = self.slots.get().value.read();
        let object = slots.find(parts).and_then(|slot| slot.object.clone());
        object.ok_or_else(|| self.freed())
    }

    /// Takes the object out; the handle is dead from now on. `None`: it was no live handle, or one
    /// made before a fork, whose object must be left alone.
    pub(crate) fn remove<C>(&self, handle: *const C) -> Option<T> {
        let parts = self.own_parts(handle.cast()).ok()?;
        // The guard is gone before the caller drops the object: its end may take other locks.
        self.slots.get().value.write().vacate(parts)
    }

    /// Checks all that can be checked without a lock.
    fn own_parts(&self, handle: *const c_void) -> Result<Parts, Error> {
        let parts = Parts::decode(handle.addr() as u64).ok_or_else(|| self.foreign(handle))?;
        if parts.kind != self.kind {
            return Err(self.mistyped(parts.kind));
        }
        let ancestry = self.slots.get().ancestry & ANCESTRY_MASK as u16;
        if parts.ancestry != ancestry {
            return Err(self.forked());
        }
        Ok(parts)
    }

    fn foreign(&self, handle: *const c_void) -> Error {
        let what = if handle.is_null() {
            "NULL"
        } else {
            "not a handle of this library"
        };
        self.invalid(format!("the {} handle is {what}", self.kind.name()))
    }

    fn mistyped(&self, found: Kind) -> Error {
        self.invalid(format!(
            "a {} handle was passed as a {}",
            found.name(),
            self.kind.name()
        ))
    }

    fn freed(&self) -> Error {
        self.invalid(format!("the {} handle was freed before", self.kind.name()))
    }

    fn invalid(&self, message: String) -> Error {
        let hint = format!(
            "pass a live {} handle, exactly as this library returned it",
            self.kind.name()
        );
        Error::local(Status::InvalidHandle, message, hint)
    }

    fn forked(&self) -> Error {
        Error::local(
            Status::Forked,
            format!(
                "the {} was made before this process was forked",
                self.kind.name()
            ),
            "make a new manager in the child; objects of the parent work only in the parent",
        )
    }
}

impl<T> Slots<T> {
    fn occupy(&mut self, object: T) -> Option<(u32, u32)> {
        if let Some(index) = self.vacant.pop() {
            let slot = self.slots.get_mut(index as usize)?;
            slot.generation += 1;
            slot.object = Some(object);
            return Some((index, slot.generation));
        }
        if self.slots.len() >= SLOT_LIMIT {
            return None;
        }
        let index = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(Slot {
            generation: 1,
            object: Some(object),
        });
        Some((index, 1))
    }

    fn find(&self, parts: Parts) -> Option<&Slot<T>> {
        self.slots
            .get(parts.slot as usize)
            .filter(|slot| slot.generation == parts.generation)
    }

    fn vacate(&mut self, parts: Parts) -> Option<T> {
        let slot = self.slots.get_mut(parts.slot as usize)?;
        if slot.generation != parts.generation {
            return None;
        }
        let object = slot.object.take()?;
        // A slot whose generations are used up rests for ever: its old handles must stay dead.
        if slot.generation < LAST_GENERATION {
            self.vacant.push(parts.slot);
        }
        Some(object)
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
