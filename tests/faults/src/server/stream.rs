//! One request: read, executed and counted, and answered as the act says.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::interval;

use super::act::Act;
use super::shared::Shared;
use super::wire::{Order, goaway};
use crate::daemon::Answer;

/// Larger than every limit of the library.
const CLAIMED_LENGTH: u32 = 400 * 1024 * 1024;

/// A request with all that answering it takes.
pub struct Stream {
    pub shared: Arc<Shared>,
    pub line: UnboundedSender<Order>,
    pub respond: SendResponse<Bytes>,
}

impl Stream {
    /// Plays the request to its end; an error means that the peer is gone.
    pub async fn play(mut self, request: Request<RecvStream>) -> Result<(), h2::Error> {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let macaroon = request.headers().get("macaroon").cloned();
        let id = self.respond.stream_id().as_u32();
        let act = self.shared.note_request(&path);
        if let Some(act) = act.as_ref().filter(|act| act.is_before_the_message()) {
            match act {
                Act::GoawayAbove { reason, debug } => {
                    self.order(Order::Say(goaway(id.saturating_sub(2), *reason, debug)));
                    // Held until then: a dropped stream would be reset first.
                    self.shared.healed().await;
                }
                _ => self.respond.send_reset(Reason::REFUSED_STREAM),
            }
            return Ok(());
        }
        let message = read_message(request.into_body()).await?;
        if !self.shared.is_welcome(macaroon.as_ref()) {
            let text = "verification failed: signature mismatch after caveat verification";
            return self.status(2, text, &None, &None);
        }
        let executes = act.as_ref().is_none_or(Act::executes);
        let answer = match executes {
            true => self.shared.execute(&path, &message),
            false => Answer::Message(Vec::new()),
        };
        match act {
            None => self.answer(answer),
            Some(act) => self.strike(&act, answer, id).await,
        }
    }

    fn order(&self, order: Order) {
        // Only a line that is closed already takes no orders.
        let _ = self.line.send(order);
    }

    async fn strike(&mut self, act: &Act, answer: Answer, id: u32) -> Result<(), h2::Error> {
        let framed = framed(&answer);
        match act {
            Act::Silent => {}
            Act::SlowHeaders => {
                self.order(Order::Trickle);
                self.answer(answer)?;
            }
            Act::SlowBody => {
                let mut body = self.headers()?;
                let mut second = interval(Duration::from_secs(1));
                for byte in framed {
                    tokio::select! {
                        _ = second.tick() => body.send_data(Bytes::copy_from_slice(&[byte]), false)?,
                        () = self.shared.healed() => break,
                    }
                }
                self.shared.healed().await;
                return Ok(());
            }
            Act::HalfClose => self.order(Order::HalfClose),
            Act::GoawayCovering => self.order(Order::Say(goaway(id, 0, ""))),
            Act::Close => self.order(Order::Close),
            Act::ResetConnection => self.order(Order::Reset),
            Act::Restart => self.shared.restart(),
            Act::ResetStream { reason } => {
                self.respond.send_reset(Reason::from(*reason));
                return Ok(());
            }
            Act::HeadersThenReset => {
                self.headers()?.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            Act::PartialThenTrailers => {
                let mut body = self.headers()?;
                body.send_data(half(&framed), false)?;
                return body.send_trailers(trailers(0, ""));
            }
            Act::PartialThenClose => {
                let mut body = self.headers()?;
                body.send_data(half(&framed), false)?;
                // The frames must be on their way before the line ends.
                tokio::task::yield_now().await;
                self.shared.settle().await;
                self.order(Order::Close);
            }
            Act::Status {
                code,
                text,
                pushback,
                details,
                ..
            } => return self.status(*code, text, pushback, details),
            Act::Http { status, body } => return self.http(*status, body),
            Act::TooLarge => {
                let mut head = BytesMut::new();
                head.put_u8(0);
                head.put_u32(CLAIMED_LENGTH);
                head.put_slice(&[0; 64]);
                return self.message(head.freeze());
            }
            Act::NoProtobuf => return self.message(frame(&[0xff; 24], 0)),
            Act::Flag { flag } => return self.message(frame(&[0x0a, 0x01, b'x'], *flag)),
            Act::RefusedStream | Act::GoawayAbove { .. } => return Ok(()),
        }
        self.shared.healed().await;
        Ok(())
    }

    fn headers(&mut self) -> Result<SendStream<Bytes>, h2::Error> {
        self.respond.send_response(grpc_response(), false)
    }

    fn answer(&mut self, answer: Answer) -> Result<(), h2::Error> {
        match answer {
            Answer::Message(message) => self.message(frame(&message, 0)),
            Answer::Refusal { code, text } => self.status(code, &text, &None, &None),
        }
    }

    fn message(&mut self, framed: Bytes) -> Result<(), h2::Error> {
        let mut body = self.headers()?;
        body.send_data(framed, false)?;
        body.send_trailers(trailers(0, ""))
    }

    fn status(
        &mut self,
        code: u32,
        text: &str,
        pushback: &Option<String>,
        details: &Option<String>,
    ) -> Result<(), h2::Error> {
        let mut response = grpc_response();
        *response.headers_mut() = trailers(code, text);
        let headers = response.headers_mut();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        for (name, value) in [
            ("grpc-retry-pushback-ms", pushback),
            ("grpc-status-details-bin", details),
        ] {
            if let Some(value) = value
                .as_deref()
                .and_then(|it| HeaderValue::from_str(it).ok())
            {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        self.respond.send_response(response, true).map(drop)
    }

    fn http(&mut self, status: u16, text: &str) -> Result<(), h2::Error> {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        let html = HeaderValue::from_static("text/html");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, html);
        let mut body = self.respond.send_response(response, false)?;
        body.send_data(Bytes::copy_from_slice(text.as_bytes()), true)
    }
}

/// The message without gRPC's frame. Only a whole one comes out.
async fn read_message(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        bytes.extend_from_slice(&chunk);
        body.flow_control().release_capacity(chunk.len())?;
    }
    Ok(bytes.get(5..).unwrap_or_default().to_vec())
}

fn grpc_response() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    response
}

fn trailers(code: u32, text: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert("grpc-status", HeaderValue::from(code));
    // Per cent signs and bytes outside of ASCII would have to be encoded; the tables have none.
    if let Ok(text) = HeaderValue::from_str(text) {
        map.insert("grpc-message", text);
    }
    map
}

fn frame(message: &[u8], flag: u8) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(flag);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    framed.freeze()
}

/// An empty message has nothing to cut, so it gets a field that every reader skips.
fn framed(answer: &Answer) -> Bytes {
    match answer {
        Answer::Message(message) if !message.is_empty() => frame(message, 0),
        _ => frame(&[0xfa, 0x3f, 4, 1, 2, 3, 4], 0),
    }
}

fn half(framed: &Bytes) -> Bytes {
    framed.slice(..5 + (framed.len() - 5) / 2)
}
