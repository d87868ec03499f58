//! Certificates and macaroons that are replaced, and what becomes of the old ones.

use std::fs;

use crate::support::{Grpc, dial, info, macaroon, nodes, told};

#[tokio::test]
async fn a_renewed_certificate_is_another_one_and_is_served() {
    let (devnet, alice, bob) = nodes();
    let (old, old_of_bob) = (
        fs::read(&alice.tls_cert).unwrap(),
        fs::read(&bob.tls_cert).unwrap(),
    );
    devnet.renew_certificate("alice").unwrap();
    assert_ne!(fs::read(&alice.tls_cert).unwrap(), old);
    assert_eq!(fs::read(&bob.tls_cert).unwrap(), old_of_bob);
    assert_eq!(
        told(info(&Grpc::connect(&alice).await).await).0,
        0,
        "pinned to the new one"
    );
    fs::write(&alice.tls_cert, old).unwrap();
    assert!(
        dial(&alice, alice.grpc_port, b"h2").await.is_err(),
        "pinned to the old one"
    );
}

#[tokio::test]
async fn a_renewed_root_key_makes_old_macaroons_worthless() {
    let (devnet, alice, bob) = nodes();
    let old = [&alice.macaroon, &alice.readonly_macaroon].map(|file| macaroon(file));
    devnet.renew_macaroon("alice").unwrap();
    let refused = "verification failed: signature mismatch after caveat verification";
    for old in old {
        let client = Grpc::connect_with(&alice, vec![old]).await;
        assert_eq!(told(info(&client).await), (2, refused.to_owned()));
    }
    for file in [&alice.macaroon, &alice.readonly_macaroon] {
        let client = Grpc::connect_with(&alice, vec![macaroon(file)]).await;
        assert_eq!(told(info(&client).await).0, 0);
    }
    assert_eq!(
        told(info(&Grpc::connect(&bob).await).await).0,
        0,
        "his are as they were"
    );
}
