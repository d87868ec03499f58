//! The REST port of a simulated lnd: the same calls through the same guard, in lnd's JSON. It is
//! how a test acts and looks from outside, the same way as on a real lnd.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use prost::{Message, Name};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{
    bulk,
    guard::{Guard, from_hex},
    json::Json,
    network::Network,
    payment_flow, payment_request,
    rest_route::{Act, Look, OnChain, Route},
    services::wanted_payments,
    updates::{Updates, follow},
};
use crate::{
    listener::{Body, Handler},
    proto::{
        devnet::lnd::{AddInvoicesRequest, UnlockWalletRequest},
        invoicesrpc::{AddHoldInvoiceRequest, CancelInvoiceMsg, SettleInvoiceMsg},
        lnrpc::{
            ChannelPoint, CloseChannelRequest, CloseStatusUpdate, ClosedChannelsRequest,
            ConnectPeerRequest, GetStateResponse, GetTransactionsRequest, Invoice,
            ListChannelsRequest, ListInvoiceRequest, ListPaymentsRequest, ListUnspentRequest,
            NewAddressRequest, OpenChannelRequest, Payment, SendCoinsRequest, WalletBalanceRequest,
            channel_point::FundingTxid,
        },
        routerrpc::SendPaymentRequest,
    },
};

const MACAROON: &str = "grpc-metadata-macaroon";
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What the port does with each request.
pub(crate) fn handler(guard: Arc<Guard>, json: Arc<Json>, password: &'static str) -> Handler {
    let rest = Arc::new(Rest {
        guard,
        json,
        password,
    });
    Arc::new(move |request| {
        let rest = Arc::clone(&rest);
        Box::pin(async move { rest.serve(request).await })
    })
}

struct Rest {
    guard: Arc<Guard>,
    json: Arc<Json>,
    password: &'static str,
}

impl Rest {
    async fn serve(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let Some(route) = Route::find(&head.method, head.uri.path()) else {
            return refuse(&Status::not_found("Not Found"));
        };
        if let Err(status) = self.guard.admit(route.method(), &macaroons(&head.headers)) {
            return match route {
                Route::Pay | Route::Close { .. } => refuse_stream(&status),
                _ => refuse(&status),
            };
        }
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return refuse(&Status::invalid_argument(error.to_string())),
        };
        let answer = match route {
            Route::Look(look) => self.look(&look, head.uri.query()),
            Route::Act(act) => self.act(&act, &body),
            Route::AddInvoices => self.add_invoices(&body).await,
            Route::Pay => return self.stream(self.pay(&body).await),
            Route::Close { txid, vout } => {
                return self.stream(self.close(txid, vout, head.uri.query()).await);
            }
        };
        match answer {
            Ok(answer) => respond(StatusCode::OK, &answer),
            Err(status) => refuse(&status),
        }
    }

    fn look(&self, look: &Look<'_>, query: Option<&str>) -> Result<Value, Status> {
        let (json, node) = (&self.json, self.guard.node);
        let mut network = self.guard.network.lock();
        match look {
            Look::State => {
                let wallet = network.known(node)?.wallet;
                json.write(&GetStateResponse {
                    state: wallet.into(),
                })
            }
            Look::Info => json.write(&network.info(node)?),
            Look::ChannelBalance => json.write(&network.channel_balance(node)?),
            Look::Channels => {
                let request = json.read_query::<ListChannelsRequest>(query)?;
                json.write(&network.list_channels(node, &request)?)
            }
            Look::Invoices => {
                let request = json.read_query::<ListInvoiceRequest>(query)?;
                json.write(&network.list_invoices(node, &request)?)
            }
            Look::Invoice(hash) => {
                let hash = from_hex(hash).map_err(Status::unknown)?;
                json.write(&network.lookup_invoice(node, &hash)?)
            }
            Look::Payments => {
                let request = json.read_query::<ListPaymentsRequest>(query)?;
                json.write(&network.list_payments(node, &request)?)
            }
            Look::OnChain(look) => self.look_at_chain(look, &mut network, query),
            Look::Peers => json.write(&network.list_peers(node)?),
            Look::PaymentRequest(text) => json.write(&payment_request::decode(text)?),
            Look::PendingChannels => json.write(&network.pending_channels(node)?),
            Look::ClosedChannels => {
                let request = json.read_query::<ClosedChannelsRequest>(query)?;
                json.write(&network.closed_channels(node, &request)?)
            }
        }
    }

    fn look_at_chain(
        &self,
        look: &OnChain,
        network: &mut Network,
        query: Option<&str>,
    ) -> Result<Value, Status> {
        let (json, node) = (&self.json, self.guard.node);
        match look {
            OnChain::WalletBalance => {
                let request = json.read_query::<WalletBalanceRequest>(query)?;
                json.write(&network.wallet_balance(node, &request)?)
            }
            OnChain::Transactions => {
                let request = json.read_query::<GetTransactionsRequest>(query)?;
                json.write(&network.get_transactions(node, &request)?)
            }
            OnChain::Unspent => {
                let request = json.read_query::<ListUnspentRequest>(query)?;
                json.write(&network.list_unspent(node, &request)?)
            }
            OnChain::NewAddress => {
                let request = json.read_query::<NewAddressRequest>(query)?;
                json.write(&network.new_address(node, &request)?)
            }
        }
    }

    fn act(&self, act: &Act, body: &[u8]) -> Result<Value, Status> {
        let (json, node) = (&self.json, self.guard.node);
        let mut network = self.guard.network.lock();
        match act {
            Act::AddInvoice => {
                let request = json.read::<Invoice>(body)?;
                json.write(&network.add_invoice(node, &request)?)
            }
            Act::AddHoldInvoice => {
                let request = json.read::<AddHoldInvoiceRequest>(body)?;
                json.write(&network.add_hold_invoice(node, &request)?)
            }
            Act::SettleInvoice => {
                let request = json.read::<SettleInvoiceMsg>(body)?;
                network
                    .settle_invoice(node, &request.preimage)
                    .map(|()| json!({}))
            }
            Act::CancelInvoice => {
                let request = json.read::<CancelInvoiceMsg>(body)?;
                network
                    .cancel_invoice(node, &request.payment_hash)
                    .map(|()| json!({}))
            }
            Act::SendCoins => {
                let request = json.read::<SendCoinsRequest>(body)?;
                json.write(&network.send_coins(node, &request)?)
            }
            Act::ConnectPeer => {
                let request = json.read::<ConnectPeerRequest>(body)?;
                json.write(&network.connect_peer(node, &request)?)
            }
            Act::OpenChannel => {
                let request = json.read::<OpenChannelRequest>(body)?;
                json.write(&network.open_channel_at_once(node, &request)?)
            }
            Act::Unlock => {
                let request = json.read::<UnlockWalletRequest>(body)?;
                if request.wallet_password != self.password.as_bytes() {
                    return Err(Status::unknown("invalid passphrase for master public key"));
                }
                network.unlock(node);
                Ok(json!({}))
            }
        }
    }

    async fn pay(&self, body: &[u8]) -> Result<Updates<Payment>, Status> {
        let request = self.json.read::<SendPaymentRequest>(body)?;
        let updates = payment_flow::send(&self.guard.network, self.guard.node, &request)?;
        let wanted = wanted_payments(request.no_inflight_updates);
        follow(updates, wanted, None).await
    }

    async fn close(
        &self,
        txid: &str,
        vout: &str,
        query: Option<&str>,
    ) -> Result<Updates<CloseStatusUpdate>, Status> {
        let mut request = self.json.read_query::<CloseChannelRequest>(query)?;
        let output_index = vout
            .parse()
            .map_err(|_| Status::invalid_argument("type mismatch, parameter: output_index"))?;
        request.channel_point = Some(ChannelPoint {
            funding_txid: Some(FundingTxid::FundingTxidStr(txid.to_owned())),
            output_index,
        });
        let updates = {
            let mut network = self.guard.network.lock();
            network.close_channel(self.guard.node, &request)?
        };
        follow(updates, |_| true, None).await
    }

    async fn add_invoices(&self, body: &[u8]) -> Result<Value, Status> {
        let request = self.json.read::<AddInvoicesRequest>(body)?;
        let guard = &self.guard;
        let answer = bulk::add_invoices(&guard.network, guard.node, &request).await?;
        self.json.write(&answer)
    }

    /// Each update as a line of its own.
    fn stream<M: Message + Name + 'static>(
        &self,
        updates: Result<Updates<M>, Status>,
    ) -> Response<Body> {
        let updates = match updates {
            Ok(updates) => updates,
            Err(status) => return refuse_stream(&status),
        };
        let json = Arc::clone(&self.json);
        let lines = updates.map(move |update| {
            let line = match update.and_then(|message| json.write(&message)) {
                Ok(message) => json!({ "result": message }),
                Err(status) => json!({ "error": error_view(&status) }),
            };
            Ok(Frame::data(Bytes::from(format!("{line}\n"))))
        });
        with_body(StatusCode::OK, StreamBody::new(lines).boxed_unsync())
    }
}

fn macaroons(headers: &HeaderMap) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers
        .get_all(MACAROON)
        .iter()
        .map(|value| text(value.as_bytes()))
        .collect()
}

fn respond(code: StatusCode, answer: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(answer.to_string()));
    with_body(code, body.map_err(|never| match never {}).boxed_unsync())
}

fn refuse(status: &Status) -> Response<Body> {
    respond(http_status(status.code()), &error_view(status))
}

fn refuse_stream(status: &Status) -> Response<Body> {
    respond(
        http_status(status.code()),
        &json!({ "error": error_view(status) }),
    )
}

fn error_view(status: &Status) -> Value {
    json!({ "code": i32::from(status.code()), "message": status.message(), "details": [] })
}

fn with_body(code: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(
        CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}

/// The gateway's translation, as far as the simulated lnd has these codes.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists => StatusCode::CONFLICT,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
