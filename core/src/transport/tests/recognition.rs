//! Who is accepted as the daemon, and how a refusal reads.

use super::peer::{acceptor, config, issued, like_lnd, listen, listen_tls, pin};
use crate::config::{PemSource, TlsMode};
use crate::transport::DialFault;
use crate::transport::dial::Dialer;
use crate::transport::dial_error::DialError;

async fn dial(address: std::net::SocketAddr, tls: TlsMode) -> Result<(), DialError> {
    Dialer::new(&config(address, tls))
        .unwrap()
        .dial()
        .await
        .map(|_| ())
}

#[tokio::test]
async fn the_pinned_certificate_is_accepted_although_marked_as_an_authority() {
    let made = like_lnd();
    let (address, _) = listen_tls(acceptor(&made, &made, b"h2")).await;
    dial(address, pin(&made.pem)).await.unwrap();
}

#[tokio::test]
async fn another_certificate_is_refused_with_both_fingerprints() {
    let (made, other) = (like_lnd(), like_lnd());
    let (address, _) = listen_tls(acceptor(&made, &made, b"h2")).await;
    let error = dial(address, pin(&other.pem)).await.unwrap_err();
    assert_eq!(error.fault, DialFault::Tls);
    assert_eq!(error.to_string().matches("SHA-256").count(), 2, "{error}");
}

#[tokio::test]
async fn the_right_certificate_with_the_wrong_key_is_refused() {
    let (made, thief) = (like_lnd(), like_lnd());
    let (address, _) = listen_tls(acceptor(&made, &thief, b"h2")).await;
    let error = dial(address, pin(&made.pem)).await.unwrap_err();
    assert_eq!(error.fault, DialFault::Tls, "{error}");
}

#[tokio::test]
async fn an_authority_vouches_for_its_own_names_alone() {
    let (authority, leaf) = issued("localhost");
    let trust = || TlsMode::Ca(PemSource::Pem(authority.clone()));
    let (address, _) = listen_tls(acceptor(&leaf, &leaf, b"h2")).await;
    dial(address, trust()).await.unwrap();

    let (elsewhere, leaf) = issued("elsewhere.example");
    let (address, _) = listen_tls(acceptor(&leaf, &leaf, b"h2")).await;
    let wrong_name = TlsMode::Ca(PemSource::Pem(elsewhere));
    assert_eq!(
        dial(address, wrong_name).await.unwrap_err().fault,
        DialFault::Tls
    );
    assert_eq!(
        dial(address, trust()).await.unwrap_err().fault,
        DialFault::Tls
    );
}

#[tokio::test]
async fn a_private_authority_is_unknown_to_the_system() {
    let (_, leaf) = issued("localhost");
    let (address, _) = listen_tls(acceptor(&leaf, &leaf, b"h2")).await;
    match Dialer::new(&config(address, TlsMode::System)) {
        Ok(dialer) => assert_eq!(
            dialer.dial().await.map(|_| ()).unwrap_err().fault,
            DialFault::Tls
        ),
        Err(error) => println!("SKIP: this system trusts no authority at all: {error}"),
    }
}

#[tokio::test]
async fn a_renewed_certificate_file_is_read_again_at_once() {
    let (old, new) = (like_lnd(), like_lnd());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &old.pem).unwrap();
    let source = TlsMode::Pin(PemSource::File(file.path().to_owned()));
    let (address, _) = listen_tls(acceptor(&new, &new, b"h2")).await;
    let dialer = Dialer::new(&config(address, source)).unwrap();
    assert_eq!(
        dialer.dial().await.map(|_| ()).unwrap_err().fault,
        DialFault::Tls
    );
    std::fs::write(file.path(), &new.pem).unwrap();
    dialer.dial().await.map(|_| ()).unwrap();
}

#[tokio::test]
async fn peers_that_speak_something_else_are_named_as_such() {
    use tokio::io::AsyncWriteExt;
    let made = like_lnd();
    let (address, _) = listen_tls(acceptor(&made, &made, b"http/1.1")).await;
    let error = dial(address, pin(&made.pem)).await.unwrap_err();
    assert!(
        matches!(error.fault, DialFault::WrongProtocol | DialFault::Tls),
        "{error:?}"
    );

    let (address, _) = listen(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let error = dial(address, pin(&made.pem)).await.unwrap_err();
    assert_eq!(error.fault, DialFault::WrongProtocol, "{error}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}
