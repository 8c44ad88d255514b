//! The accept loop: sockets to HTTP, within bounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;
use tracing::{debug, warn};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests in flight beside the connections that may be upgraded.
const REQUESTS_MAX: usize = 1_024;
/// Pause after a failed accept (no more files, for example), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until told to stop. Beyond its bound, new sockets wait in the system's backlog.
pub async fn run(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    mut listening: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(connections_max + REQUESTS_MAX));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut listening) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, listening) = (router.clone(), listening.clone());
                tokio::spawn(async move {
                    serve(stream, peer, router, listening).await;
                    drop(slot);
                });
            }
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Returns when the node listens no more.
async fn stopped(listening: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped as well.
    let _ = listening.wait_for(|listening| !listening).await;
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, mut listening: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a socket went away");
        return;
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopped(&mut listening) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%error, "an HTTP connection ended early");
    }
}
