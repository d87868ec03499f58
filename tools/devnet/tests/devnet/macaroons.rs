//! Which macaroons open what, and the texts for those that do not.

use arkgrpc_devnet::{Devnet, DevnetOptions, NodeAccess};

use crate::support::{Grpc, info, macaroon, over, to_pay, told};

const MISMATCH: &str = "verification failed: signature mismatch after caveat verification";

async fn told_with(node: &NodeAccess, macaroons: &[&str]) -> (i32, String) {
    let macaroons = macaroons.iter().map(ToString::to_string).collect();
    told(info(&Grpc::connect_with(node, macaroons).await).await)
}

#[tokio::test]
async fn macaroons_are_refused_with_the_daemons_texts() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let (alice, bob) = (devnet.node("alice").unwrap(), devnet.node("bob").unwrap());
    let admin = macaroon(&alice.macaroon);
    let unknown = |text: &str| (2, text.to_owned());

    assert_eq!(
        told_with(&alice, &[]).await,
        unknown("expected 1 macaroon, got 0")
    );
    assert_eq!(
        told_with(&alice, &[&admin, &admin]).await,
        unknown("expected 1 macaroon, got 2")
    );
    assert_eq!(
        told_with(&alice, &[&macaroon(&bob.macaroon)]).await,
        unknown(MISMATCH)
    );
    let forged = format!("{}00", &admin[..admin.len() - 2]);
    assert_eq!(told_with(&alice, &[&forged]).await, unknown(MISMATCH));
    let narrow = macaroon(&alice.invoice_macaroon);
    assert_eq!(
        told_with(&alice, &[&narrow]).await,
        unknown("permission denied")
    );
    assert_eq!(
        told_with(&alice, &["zz"]).await,
        unknown("encoding/hex: invalid byte: U+007A 'z'")
    );
    assert_eq!(
        told_with(&alice, &["020"]).await,
        unknown("encoding/hex: odd length hex string")
    );
    assert_eq!(
        told_with(&alice, &[&admin.to_uppercase()]).await,
        (0, String::new())
    );
}

#[tokio::test]
async fn an_expired_macaroon_is_refused_and_one_that_still_holds_is_not() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let alice = devnet.node("alice").unwrap();
    let restricted = |condition: &str| {
        let admin = std::fs::read(&alice.macaroon).unwrap();
        hex::encode(arkgrpc_devnet::restrict_macaroon(&admin, condition).unwrap())
    };
    let expired = restricted("time-before 2020-01-01T00:00:00Z");
    let text = "caveat \"time-before 2020-01-01T00:00:00Z\" not satisfied: macaroon has expired";
    assert_eq!(told_with(&alice, &[&expired]).await, (2, text.to_owned()));
    let valid = restricted("time-before 2999-01-01T00:00:00Z");
    assert_eq!(told_with(&alice, &[&valid]).await, (0, String::new()));
    let strange = restricted("phase full-moon");
    let text = "caveat \"phase full-moon\" not satisfied: caveat not recognized";
    assert_eq!(told_with(&alice, &[&strange]).await, (2, text.to_owned()));
}

#[tokio::test]
async fn each_macaroon_file_opens_what_lnds_own_opens() {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let alice = devnet.node("alice").unwrap();
    let hash = [1; 32];
    for (file, may_read_info, may_invoice, may_look_up, may_track) in [
        (&alice.macaroon, true, true, true, true),
        (&alice.readonly_macaroon, true, false, true, true),
        (&alice.invoice_macaroon, false, true, true, false),
    ] {
        let client = Grpc::connect_with(&alice, vec![macaroon(file)]).await;
        let denied = (2, "permission denied".to_owned());
        assert_eq!(
            told(info(&client).await) != denied,
            may_read_info,
            "{file:?}"
        );
        assert_eq!(
            told(client.invoice(over(5)).await) != denied,
            may_invoice,
            "{file:?}"
        );
        assert_eq!(
            told(client.lookup(&hash).await) != denied,
            may_look_up,
            "{file:?}"
        );
        assert_eq!(
            told(client.track(&hash).await) != denied,
            may_track,
            "{file:?}"
        );
        let may_pay = told(client.send(to_pay("x")).await) != denied;
        assert_eq!(may_pay, *file == alice.macaroon, "{file:?}");
    }
}
