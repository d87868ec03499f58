//! What somebody needs to reach a node: addresses, the certificate and the macaroon files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::permission::{ADMIN, INVOICE, Operation, READONLY};
use crate::{error::DevnetError, macaroon, random::random_bytes};

/// Where lnd keeps its macaroons, below its own folder.
const MACAROONS: &str = "data/chain/bitcoin/regtest";
const LOCATION: &str = "lnd";

/// How to reach a node of the devnet.
#[derive(Clone, Debug)]
pub struct NodeAccess {
    /// The node's name in the devnet.
    pub name: String,
    /// Host of the gRPC port.
    pub grpc_host: String,
    /// The gRPC port.
    pub grpc_port: u16,
    /// The address of the REST port, without a slash at its end.
    pub rest_url: String,
    /// The node's certificate, PEM.
    pub tls_cert: PathBuf,
    /// A macaroon for everything.
    pub macaroon: PathBuf,
    /// A macaroon for invoices alone.
    pub invoice_macaroon: PathBuf,
    /// A macaroon for reading alone.
    pub readonly_macaroon: PathBuf,
    /// The node's identity, in hexadecimal.
    pub pubkey: String,
    /// Where its peers would reach it, `host:port`.
    pub peer_address: String,
    /// The node's alias, drawn anew for each devnet.
    pub alias: String,
}

/// The macaroon files of a node.
pub(crate) struct Files {
    pub admin: PathBuf,
    pub invoice: PathBuf,
    pub readonly: PathBuf,
}

impl Files {
    /// Mints the three macaroons that lnd mints.
    pub(crate) fn create(folder: &Path, root_key: &[u8]) -> Result<Self, DevnetError> {
        let folder = folder.join(MACAROONS);
        fs::create_dir_all(&folder).map_err(DevnetError::io("cannot create a folder"))?;
        let write = |name: &str, operations: &[Operation]| {
            let path = folder.join(name);
            let bytes = macaroon::mint(LOCATION, root_key, random_bytes()?, operations);
            fs::write(&path, bytes).map_err(DevnetError::io("cannot write a macaroon"))?;
            Ok::<_, DevnetError>(path)
        };
        Ok(Self {
            admin: write("admin.macaroon", &ADMIN)?,
            invoice: write("invoice.macaroon", &INVOICE)?,
            readonly: write("readonly.macaroon", &READONLY)?,
        })
    }
}
