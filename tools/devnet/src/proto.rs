//! What the build makes of the .proto files: message types, servers for the simulated daemons,
//! clients for tests that look at them independently.
#![allow(
    missing_docs,
    clippy::doc_markdown,
    clippy::derive_partial_eq_without_eq,
    clippy::large_enum_variant
)]

/// lnd's main package.
pub mod lnrpc {
    tonic::include_proto!("lnrpc");
}

/// lnd's router, which pays.
pub mod routerrpc {
    tonic::include_proto!("routerrpc");
}

/// lnd's hold invoices.
pub mod invoicesrpc {
    tonic::include_proto!("invoicesrpc");
}

/// Messages of the simulator's own REST side.
pub mod devnet {
    /// Those of the simulated lnd.
    pub mod lnd {
        tonic::include_proto!("devnet.lnd");
    }
}

/// The compiled descriptors of all of the above.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
