//! Dials against real sockets: every TLS mode, wrong peers, proxies, and many callers at once.

mod connecting;
mod peer;
mod recognition;
