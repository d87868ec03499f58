//! The simulated daemons, looked at by clients of the tests' own.

mod channels;
mod connection;
mod hold;
mod invoices;
mod lists;
mod macaroons;
mod onchain;
mod payment_failures;
mod payments;
mod renewals;
mod requests;
mod rest;
mod sending;
mod streams;
mod support;
mod wallet;
