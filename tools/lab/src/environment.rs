//! The environment variables through which a program finds the lab's daemons, and the file of them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::bitcoin_chain::ChainAccess;
use crate::error::{LabError, Result};
use crate::lightning_node::NodeAccess;

pub type Variables = Vec<(String, String)>;

/// The four variables that the library itself reads.
pub fn library_variables(node: &NodeAccess) -> Variables {
    prefixed(
        "LND",
        &[
            ("HOST", node.grpc_host.clone()),
            ("PORT", node.grpc_port.to_string()),
            ("TLS_CERT", path_text(&node.tls_cert)),
            ("MACAROON", path_text(&node.macaroon)),
        ],
    )
}

/// Everything about one node: `ALICE_LND_HOST`, …, `ALICE_LND_PUBKEY`.
pub fn node_variables(node: &NodeAccess) -> Variables {
    let owner = node.name.to_uppercase();
    let mut variables: Variables = library_variables(node)
        .into_iter()
        .map(|(name, value)| (format!("{owner}_{name}"), value))
        .collect();
    variables.extend(prefixed(
        &format!("{owner}_LND"),
        &[
            ("REST_URL", node.rest_url.clone()),
            ("INVOICE_MACAROON", path_text(&node.invoice_macaroon)),
            ("READONLY_MACAROON", path_text(&node.readonly_macaroon)),
            ("PUBKEY", node.pubkey.clone()),
            ("ALIAS", node.alias.clone()),
            ("PEER_ADDRESS", node.peer_address.clone()),
        ],
    ));
    variables
}

/// How to mine and to look at the chain.
pub fn chain_variables(chain: &ChainAccess) -> Variables {
    prefixed(
        "BTCD",
        &[
            ("RPC_URL", format!("https://{}", chain.rpc_address)),
            ("RPC_USER", chain.user.clone()),
            ("RPC_PASSWORD", chain.password.clone()),
            ("RPC_CERT", path_text(&chain.certificate)),
        ],
    )
}

fn prefixed(prefix: &str, pairs: &[(&str, String)]) -> Variables {
    pairs
        .iter()
        .map(|(name, value)| (format!("{prefix}_{name}"), value.clone()))
        .collect()
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}

/// A file of `NAME=value` lines that a shell can source; removed when dropped.
#[derive(Debug)]
pub struct EnvironmentFile {
    path: PathBuf,
}

impl EnvironmentFile {
    /// Appears at once and complete: whoever waits for the file may read it.
    pub fn write(path: &Path, variables: &Variables) -> Result<Self> {
        let writing = || LabError::io(format!("writing {}", path.display()));
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(writing())?;
        file.write_all(render(variables).as_bytes())
            .map_err(writing())?;
        file.persist(path).map_err(|error| writing()(error.error))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Drop for EnvironmentFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            eprintln!("lab: {} cannot be removed: {error}", self.path.display());
        }
    }
}

fn render(variables: &Variables) -> String {
    variables
        .iter()
        .map(|(name, value)| format!("{name}={}\n", quoted(value)))
        .collect()
}

/// Unquoted where that is safe, so that simple readers need to know no quoting.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    match value.chars().all(plain) {
        true => value.to_owned(),
        false => format!("'{}'", value.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> NodeAccess {
        NodeAccess {
            name: "bob".into(),
            alias: "bob-x".into(),
            grpc_host: "127.0.0.1".into(),
            grpc_port: 10009,
            rest_url: "https://127.0.0.1:8080".into(),
            peer_address: "127.0.0.1:9735".into(),
            tls_cert: "/lab/bob/tls.cert".into(),
            macaroon: "/lab/bob/admin.macaroon".into(),
            invoice_macaroon: "/lab/bob/invoice.macaroon".into(),
            readonly_macaroon: "/lab/bob/readonly.macaroon".into(),
            pubkey: "02ab".into(),
        }
    }

    #[test]
    fn the_library_finds_its_four_variables() {
        let text = render(&library_variables(&node()));
        let wanted = "LND_HOST=127.0.0.1\nLND_PORT=10009\nLND_TLS_CERT=/lab/bob/tls.cert\n\
                      LND_MACAROON=/lab/bob/admin.macaroon\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_node_has_its_own_prefix() {
        let variables = node_variables(&node());
        assert!(
            variables
                .iter()
                .all(|(name, _)| name.starts_with("BOB_LND_"))
        );
        assert!(variables.contains(&("BOB_LND_PUBKEY".into(), "02ab".into())));
    }

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lab.env");
        let odd = "it's $HOME \"quoted\" `x` \\ and spaced";
        let variables = vec![
            ("ODD".to_owned(), odd.to_owned()),
            ("PLAIN".into(), "a/b:1".into()),
        ];
        let file = EnvironmentFile::write(&path, &variables).unwrap();
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", r#". "$0"; printf '%s|%s' "$ODD" "$PLAIN""#])
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{odd}|a/b:1")
        );
        drop(file);
        assert!(!path.exists());
    }
}
