//! The protobuf messages and clients generated from `proto/`.

/// lnd's main and state services.
#[allow(dead_code, clippy::all, clippy::indexing_slicing)]
pub(crate) mod lnrpc {
    include!(concat!(env!("OUT_DIR"), "/lnrpc.rs"));
}

/// lnd's router.
#[allow(dead_code, clippy::all, clippy::indexing_slicing)]
pub(crate) mod routerrpc {
    include!(concat!(env!("OUT_DIR"), "/routerrpc.rs"));
}

/// lnd's hold invoices.
#[allow(dead_code, clippy::all, clippy::indexing_slicing)]
pub(crate) mod invoicesrpc {
    include!(concat!(env!("OUT_DIR"), "/invoicesrpc.rs"));
}
