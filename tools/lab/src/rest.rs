//! The REST interface of lnd (and of whatever serves the same): how tests look at a daemon without
//! the library under test. Needs no [`crate::Lab`], only an address and a macaroon file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Deserializer, Value};

use crate::error::{LabError, Result};
use crate::loopback_http::{Answer, LoopbackHttp};

const DEFAULT_LIMIT: Duration = Duration::from_secs(60);
const MACAROON_HEADER: &str = "Grpc-Metadata-macaroon";

#[derive(Clone, Debug)]
pub struct Rest {
    http: LoopbackHttp,
    macaroon: Option<PathBuf>,
}

impl Rest {
    /// `url` like `https://127.0.0.1:8080`; the macaroon file is read at each call.
    pub fn new(url: &str, macaroon: Option<&Path>) -> Result<Self> {
        Self::with_limit(url, macaroon, DEFAULT_LIMIT)
    }

    /// `limit` bounds one call, to the end of its stream.
    pub fn with_limit(url: &str, macaroon: Option<&Path>, limit: Duration) -> Result<Self> {
        let http = LoopbackHttp::new(url, limit)?;
        Ok(Self {
            http,
            macaroon: macaroon.map(Path::to_owned),
        })
    }

    /// One answer. An error of the daemon becomes [`LabError::Refused`].
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.send(method, path, body)?;
        serde_json::from_str(&answer.text)
            .map_err(|error| LabError::unexpected(path, format!("{error}: {}", answer.text)))
    }

    /// All items of a server stream, to its end. An error among them becomes `Refused`.
    pub fn stream(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Vec<Value>> {
        let answer = self.send(method, path, body)?;
        let mut items = Vec::new();
        for item in Deserializer::from_str(&answer.text).into_iter::<Value>() {
            let mut item = item
                .map_err(|error| LabError::unexpected(path, format!("{error}: {}", answer.text)))?;
            if let Some(error) = item.get("error") {
                return Err(refused(method, path, answer.status, error));
            }
            items.push(item.get_mut("result").map(Value::take).unwrap_or(item));
        }
        Ok(items)
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut headers = Vec::new();
        if let Some(file) = &self.macaroon {
            let reading = LabError::io(format!("reading {}", file.display()));
            headers.push((
                MACAROON_HEADER,
                hex::encode(fs::read(file).map_err(reading)?),
            ));
        }
        let answer = self
            .http
            .send(method, path, &headers, body.map(Value::to_string))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let plain = || Value::String(answer.text.clone());
        let error: Value = serde_json::from_str(&answer.text).unwrap_or_else(|_| plain());
        Err(refused(
            method,
            path,
            answer.status,
            error.get("error").unwrap_or(&error),
        ))
    }
}

/// Errors come as `{"code":…,"message":…}`, within a stream under `error`.
fn refused(method: &str, path: &str, http_status: u16, error: &Value) -> LabError {
    let message = error
        .get("message")
        .and_then(Value::as_str)
        .map(str::to_owned);
    LabError::Refused {
        method: method.to_owned(),
        path: path.to_owned(),
        http_status,
        code: error.get("code").and_then(Value::as_i64),
        message: message.unwrap_or_else(|| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// Answers one request with `status` and `body`; gives back what was asked.
    fn server(status: &str, body: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let status = status.to_owned();
        let handle = std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n") {
                stream.read_line(&mut request).unwrap();
            }
            let length = request.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            let mut content = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut content).unwrap();
            let length = body.len();
            write!(
                stream.get_mut(),
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
            request + &String::from_utf8(content).unwrap()
        });
        (url, handle)
    }

    #[test]
    fn the_macaroon_goes_as_hex_and_the_body_as_json() {
        let macaroon = tempfile::NamedTempFile::new().unwrap();
        fs::write(&macaroon, [2, 1, 0xAB]).unwrap();
        let (url, asked) = server("200 OK", r#"{"r_hash":"x"}"#);
        let rest = Rest::new(&url, Some(macaroon.path())).unwrap();
        let answer = rest
            .call("POST", "/v1/invoices", Some(&json!({"value": "5"})))
            .unwrap();
        assert_eq!(answer, json!({"r_hash": "x"}));
        let asked = asked.join().unwrap();
        assert!(
            asked.starts_with("POST /v1/invoices HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked
                .to_ascii_lowercase()
                .contains("grpc-metadata-macaroon: 0201ab\r\n")
        );
        assert!(asked.ends_with(r#"{"value":"5"}"#), "{asked}");
    }

    #[test]
    fn an_error_of_the_daemon_keeps_its_code_and_message() {
        let (url, asked) = server("404 Not Found", r#"{"code":5,"message":"no","details":[]}"#);
        let error = Rest::new(&url, None)
            .unwrap()
            .call("GET", "/v1/invoice/00", None)
            .unwrap_err();
        asked.join().unwrap();
        match error {
            LabError::Refused {
                http_status: 404,
                code: Some(5),
                message,
                ..
            } => {
                assert_eq!(message, "no");
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_stream_gives_all_its_items_in_order() {
        let (url, asked) = server("200 OK", "{\"result\":{\"n\":1}}\n{\"result\":{\"n\":2}}\n");
        let items = Rest::new(&url, None)
            .unwrap()
            .stream("POST", "/v2/router/send", None)
            .unwrap();
        asked.join().unwrap();
        assert_eq!(items, [json!({"n": 1}), json!({"n": 2})]);
    }

    #[test]
    fn an_error_within_a_stream_is_an_error() {
        let text = "{\"result\":{\"n\":1}}\n{\"error\":{\"code\":6,\"message\":\"paid\"}}\n";
        let (url, asked) = server("200 OK", text);
        let error = Rest::new(&url, None)
            .unwrap()
            .stream("POST", "/v2/x", None)
            .unwrap_err();
        asked.join().unwrap();
        assert!(
            matches!(error, LabError::Refused { code: Some(6), .. }),
            "{error}"
        );
    }

    #[test]
    fn an_answer_that_is_no_json_is_an_error() {
        let (url, asked) = server("200 OK", "<html>");
        let error = Rest::new(&url, None)
            .unwrap()
            .call("GET", "/v1/getinfo", None)
            .unwrap_err();
        asked.join().unwrap();
        assert!(
            matches!(error, LabError::UnexpectedAnswer { .. }),
            "{error}"
        );
    }
}
