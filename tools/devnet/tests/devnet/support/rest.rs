//! A small REST client: one connection a request, JSON in and out.

use arkgrpc_devnet::NodeAccess;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::{dial, macaroon};

/// Speaks to the REST port of a node.
pub struct Rest {
    node: NodeAccess,
    macaroons: Vec<String>,
}

impl Rest {
    /// With the admin macaroon.
    pub fn new(node: &NodeAccess) -> Self {
        Self {
            node: node.clone(),
            macaroons: vec![macaroon(&node.macaroon)],
        }
    }

    /// With these macaroons.
    pub fn with(node: &NodeAccess, macaroons: Vec<String>) -> Self {
        Self {
            node: node.clone(),
            macaroons,
        }
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.answer("GET", path, String::new()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.answer("POST", path, body.to_string()).await
    }

    /// A sum of the channel balance, in satoshis.
    pub async fn balance(&self, which: &str) -> i64 {
        let (code, answer) = self.get("/v1/balance/channels").await;
        assert_eq!(code, 200, "{answer}");
        answer[which]["sat"].as_str().unwrap().parse().unwrap()
    }

    /// Sends a request and leaves the body to be read.
    pub async fn open(&self, method: &str, path: &str, body: String) -> http::Response<Incoming> {
        let port = self
            .node
            .rest_url
            .rsplit_once(':')
            .unwrap()
            .1
            .parse()
            .unwrap();
        let stream = dial(&self.node, port, b"http/1.1").await.unwrap();
        let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        for macaroon in &self.macaroons {
            request = request.header("Grpc-Metadata-macaroon", macaroon);
        }
        sender
            .send_request(request.body(Full::new(Bytes::from(body))).unwrap())
            .await
            .unwrap()
    }

    async fn answer(&self, method: &str, path: &str, body: String) -> (u16, Value) {
        let response = self.open(method, path, body).await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            code,
            serde_json::from_slice(&bytes).expect("an answer in JSON"),
        )
    }
}

/// Bytes as lnd's REST writes them.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Bytes as lnd's REST writes them, read.
pub fn from_base64(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()
}
