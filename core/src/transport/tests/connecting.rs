//! Time limits, ways around TCP, and what many callers at once cost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener};

use super::peer::{acceptor, config, greet, like_lnd, listen, listen_tls, pin};
use crate::config::{Target, TlsMode};
use crate::transport::dial::Dialer;
use crate::transport::{Connection, DialFault};

#[tokio::test]
async fn one_timeout_spans_tcp_tls_and_http2() {
    let made = like_lnd();
    // Silent from the first byte, and silent after a complete TLS handshake.
    let (mute, _) = listen(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let tls = acceptor(&made, &made, b"h2");
    let (half, _) = listen(move |stream| {
        let tls = tls.clone();
        async move {
            let _open = tls.accept(stream).await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    for address in [mute, half] {
        let mut config = config(address, pin(&made.pem));
        config.connect_timeout = Duration::from_millis(200);
        let started = Instant::now();
        let error = Dialer::new(&config)
            .unwrap()
            .dial()
            .await
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.fault, DialFault::TimedOut, "{error}");
        assert!(started.elapsed() < Duration::from_millis(2200));
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_after_the_handshake_is_unreachable() {
    let made = like_lnd();
    let tls = acceptor(&made, &made, b"h2");
    let (address, _) = listen(move |stream| {
        let tls = tls.clone();
        async move { drop(tls.accept(stream).await) }
    })
    .await;
    let dialer = Dialer::new(&config(address, pin(&made.pem))).unwrap();
    assert_eq!(
        dialer.dial().await.map(|_| ()).unwrap_err().fault,
        DialFault::Unreachable
    );
}

#[tokio::test]
async fn a_unix_socket_is_dialled_with_tls_too() {
    let made = like_lnd();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lnd.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let tls = acceptor(&made, &made, b"h2");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        greet(tls.accept(stream).await.unwrap()).await;
    });
    let mut config = config(([127, 0, 0, 1], 1).into(), pin(&made.pem));
    config.target = Target::Unix { path };
    Dialer::new(&config)
        .unwrap()
        .dial()
        .await
        .map(|_| ())
        .unwrap();
}

/// Just enough of RFC 1928: no authentication, CONNECT by domain name.
async fn socks_server(mut stream: TcpStream, onward: std::net::SocketAddr) {
    let mut hello = [0; 3];
    stream.read_exact(&mut hello).await.unwrap();
    assert_eq!(hello, [5, 1, 0]);
    stream.write_all(&[5, 0]).await.unwrap();
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(
        head[..4],
        [5, 1, 0, 3],
        "the name must be resolved by the proxy"
    );
    let mut rest = vec![0; usize::from(head[4]) + 2];
    stream.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest[..rest.len() - 2], b"node.onion");
    stream
        .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let mut target = TcpStream::connect(onward).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut target).await;
}

#[tokio::test]
async fn an_onion_name_goes_unresolved_through_the_proxy() {
    let made = like_lnd();
    let (address, _) = listen_tls(acceptor(&made, &made, b"h2")).await;
    let (proxy, used) = listen(move |stream| socks_server(stream, address)).await;
    let mut config = config(address, pin(&made.pem));
    config.target = Target::tcp("host", "node.onion", 10009).unwrap();
    config.proxy = Some(("127.0.0.1".to_owned(), proxy.port()));
    Dialer::new(&config)
        .unwrap()
        .dial()
        .await
        .map(|_| ())
        .unwrap();
    assert_eq!(used.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn callers_share_one_dial() {
    let made = like_lnd();
    let (address, accepted) = listen_tls(acceptor(&made, &made, b"h2")).await;
    let connection = Connection::new(&config(address, pin(&made.pem)), &Arc::default()).unwrap();
    let callers = (0..50).map(|_| {
        let connection = connection.clone();
        tokio::spawn(async move { connection.generation().await.map(|(number, _)| number) })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap().unwrap(), 1);
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn after_a_failed_dial_callers_fail_fast_until_reset() {
    let (address, accepted) = listen(|stream| async move { drop(stream) }).await;
    let connection =
        Connection::new(&config(address, TlsMode::Plaintext), &Arc::default()).unwrap();
    let first = connection.generation().await.unwrap_err();
    assert!(first.retry_after.is_none());
    for _ in 0..20 {
        let error = connection.generation().await.unwrap_err();
        let pause = error.retry_after.expect("the backoff is running");
        assert!(pause <= Duration::from_millis(1200), "{pause:?}");
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    connection.forgive();
    let forgiven = connection.generation().await.unwrap_err();
    assert!(forgiven.retry_after.is_none());
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
    let longer = connection.generation().await.unwrap_err().retry_after;
    assert!(longer > Some(Duration::from_millis(1200)), "{longer:?}");
    connection.reset();
    assert!(
        connection
            .generation()
            .await
            .unwrap_err()
            .retry_after
            .is_none()
    );
    assert_eq!(accepted.load(Ordering::SeqCst), 3);
}
