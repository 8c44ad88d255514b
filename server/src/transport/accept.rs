//! The accept loop: sockets to HTTP, within bounds.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::stay::{LIFETIME, Stay, stopped};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Sockets for requests beside as many as there may be connections: every streamed connection may bring its commands
/// over another one.
const REQUESTS_MAX: usize = 1_024;
/// Pause after a failed accept (no more files, for example), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Failed accepts between two warnings: about ten seconds.
const FAILURES_PER_WARNING: u32 = 200;
/// Longest head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Accepts until told to stop, then waits for the requests under way. Beyond its bound, new sockets wait in the system's
/// backlog.
pub async fn run(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    mut listening: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(connections_max + REQUESTS_MAX));
    let mut failures: u32 = 0;
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = stopped(&mut listening) => break,
        };
        match accepted {
            Ok((stream, peer, slot)) => {
                failures = 0;
                let (router, listening) = (router.clone(), listening.clone());
                tokio::spawn(serve(stream, peer, router, listening, slot));
            }
            Err(error) => {
                if failures.is_multiple_of(FAILURES_PER_WARNING) {
                    warn!(%error, "connections cannot be accepted; if files are short, raise the limit (ulimit -n)");
                }
                failures = failures.wrapping_add(1);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let all = u32::try_from(connections_max + REQUESTS_MAX).unwrap_or(u32::MAX);
    // The caller has a deadline for this.
    let _ = slots.acquire_many(all).await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    listening: watch::Receiver<bool>,
    slot: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a socket went away");
        return;
    }
    let stay = Stay::with(slot);
    let (told, opened) = (stay.clone(), Instant::now());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(told.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            let mut response = answer.await?;
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
