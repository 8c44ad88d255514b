//! One socket's requests, from the first to the upgrade, the stream or the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::debug;

use super::{Door, HEADER_TIMEOUT, Visitor};
use crate::http::problem::Problem;
use crate::transport::stay::{LIFETIME, Stay};

/// Longest head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Answers the requests on a socket for as long as it may be used for that.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    door: Arc<Door>,
    router: Router,
    stay: Stay,
    listening: watch::Receiver<bool>,
) {
    let (told, opened) = (stay.clone(), Instant::now());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answer = door.receive(peer, &told, request.headers_mut()).map(|Visitor { client, stay }| {
            request.extensions_mut().insert(ConnectInfo(client));
            request.extensions_mut().insert(stay);
            router.clone().oneshot(request.map(Body::new))
        });
        async move {
            let mut response = match answer {
                Ok(answer) => answer.await?,
                Err(refusal) => refusal.tell(),
            };
            if opened.elapsed() >= LIFETIME && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let (mut listens, mut still_listens) = (listening.clone(), listening);
    let mut overdue = pin!(stay.overdue(&mut still_listens));
    let served = tokio::select! {
        served = connection.as_mut() => Some(served),
        () = overdue.as_mut() => None,
        () = stay.enough(&mut listens) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                served = connection.as_mut() => Some(served),
                () = overdue.as_mut() => None,
            }
        }
    };
    match served {
        Some(Ok(())) => {}
        Some(Err(error)) => debug!(%error, "an HTTP connection ended early"),
        None => debug!("an HTTP connection did not end in time"),
    }
}

/// What a port for TLS answers to those who speak plainly.
pub(super) fn https_only() -> Router {
    Router::new().fallback(async || {
        let detail = "this port speaks TLS; begin the address with https:// or wss://";
        Problem::new(StatusCode::BAD_REQUEST, "https_required", detail).header(header::CONNECTION, "close")
    })
}
