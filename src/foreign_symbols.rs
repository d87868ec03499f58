//! Keeps symbols of our dependencies to ourselves.
//!
//! secp256k1-sys defines four functions under fixed names for its C part. Rust would export them beside
//! ours, and another copy in the host's process could then take their place. The linker gives a symbol
//! the narrowest visibility that any object file asks for, so asking here is enough; the reference makes
//! sure that the request is seen.

#[cfg(target_os = "linux")]
macro_rules! keep_hidden {
    ($($name:literal),+) => {
        $(core::arch::global_asm!(
            concat!(".hidden ", $name),
            ".pushsection .arkgrpc.hidden,\"\",@progbits",
            concat!(".quad ", $name),
            ".popsection",
        );)+
    };
}

#[cfg(target_os = "linux")]
keep_hidden!(
    "rustsecp256k1_v0_10_0_context_create",
    "rustsecp256k1_v0_10_0_context_destroy",
    "rustsecp256k1_v0_10_0_default_error_callback_fn",
    "rustsecp256k1_v0_10_0_default_illegal_callback_fn"
);
