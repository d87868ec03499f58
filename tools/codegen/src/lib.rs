//! Generates what is derived from the registry and from the sources of the C objects, and checks
//! the library that was built from them.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod comment;
pub mod generated_file;
pub mod header;
pub mod library_check;
mod method_text;
pub mod registry;
mod schema_text;
pub mod workspace;
