//! The simulated lnd: nodes over one shared Lightning network, each with a gRPC and a REST port.

pub(crate) mod access;
mod amount;
mod channel;
mod channel_view;
mod grpc;
mod guard;
mod identity;
mod invoice;
mod invoice_terms;
pub(crate) mod json;
pub(crate) mod network;
pub(crate) mod node;
mod paging;
mod payment;
mod payment_flow;
mod payment_intent;
mod payment_request;
mod permission;
mod rest;
mod rest_route;
mod route;
mod services;
mod view;
