//! HTTP to daemons on this machine. Certificates are not checked (lnd's and btcd's self-signed ones
//! are marked as authorities, which stock verification refuses); so other hosts are refused.

use std::net::IpAddr;
use std::time::Duration;

use http::{Request, Uri};
use ureq::Agent;
use ureq::tls::TlsConfig;

use crate::error::{LabError, Result};

const ANSWER_LIMIT: u64 = 256 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct LoopbackHttp {
    base: String,
    agent: Agent,
}

/// Status and body of an answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl LoopbackHttp {
    /// `base` is scheme, host and port: `https://127.0.0.1:8080`. `limit` bounds a whole exchange.
    pub fn new(base: &str, limit: Duration) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let uri: Uri = base
            .parse()
            .map_err(|_| LabError::NotLoopback(base.clone()))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>();
        if host != "localhost" && !address.is_ok_and(|address| address.is_loopback()) {
            return Err(LabError::NotLoopback(base));
        }
        let agent = Agent::config_builder()
            .tls_config(TlsConfig::builder().disable_verification(true).build())
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(limit))
            .build()
            .into();
        Ok(Self { base, agent })
    }

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let failed = |message: String| LabError::Http {
            method: method.to_owned(),
            url: url.clone(),
            message,
        };
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let wrong = |error: http::Error| failed(error.to_string());
        let response = match body {
            Some(body) => self.agent.run(request.body(body).map_err(wrong)?),
            None => self.agent.run(request.body(()).map_err(wrong)?),
        };
        let mut response = response.map_err(|error| failed(error.to_string()))?;
        let status = response.status().as_u16();
        let text = response
            .body_mut()
            .with_config()
            .limit(ANSWER_LIMIT)
            .read_to_string();
        Ok(Answer {
            status,
            text: text.map_err(|error| failed(error.to_string()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_talked_to() {
        let limit = Duration::from_secs(1);
        for good in [
            "https://127.0.0.1:1",
            "http://localhost:80",
            "https://[::1]:8080/",
        ] {
            LoopbackHttp::new(good, limit).unwrap();
        }
        for bad in [
            "https://example.com",
            "https://192.0.2.1:1",
            "localhost.example",
            "",
            "::",
        ] {
            let error = LoopbackHttp::new(bad, limit).unwrap_err();
            assert!(matches!(error, LabError::NotLoopback(_)), "{bad}: {error}");
        }
    }

    #[test]
    fn nobody_listening_is_an_error_that_names_the_url() {
        let ports = crate::ports::ReservedPorts::<1>::reserve().unwrap();
        ports.release();
        let [port] = ports.numbers;
        let http = LoopbackHttp::new(&format!("http://127.0.0.1:{port}"), Duration::from_secs(5));
        let error = http
            .unwrap()
            .send("GET", "/v1/state", &[], None)
            .unwrap_err();
        assert!(error.to_string().contains("/v1/state"), "{error}");
    }
}
