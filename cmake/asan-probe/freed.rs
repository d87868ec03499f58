//! Reads memory that it has freed, for a probe: does the host's sanitizer notice?

#[unsafe(no_mangle)]
pub extern "C" fn read_freed_memory() -> u64 {
    let place = Box::into_raw(Box::new(7_u64));
    // SAFETY: none, on purpose; part of no library.
    unsafe {
        drop(Box::from_raw(place));
        std::ptr::read_volatile(place)
    }
}
