//! The accept loop: sockets to HTTP, within bounds.

mod http;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tracing::{debug, warn};

use super::admission::{self, Refusal};
use super::callers::Callers;
use super::forwarded::Proxies;
use super::stay::{Stay, stopped};
use super::tls::{Greeted, Tls};
use crate::telemetry::metrics as names;

/// Who sends a request.
struct Visitor {
    client: SocketAddr,
    stay: Stay,
}

/// How long a client may take to send the head of a request, and before it to agree on TLS.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Sockets for requests beside as many as there may be connections: every streamed connection may bring its commands
/// over another one.
pub const REQUESTS_MAX: usize = 1_024;
/// Pause after a failed accept (no more files, for example), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Failed accepts between two warnings: about ten seconds.
const FAILURES_PER_WARNING: u32 = 200;

/// What waits behind the listener.
pub struct Door {
    /// Answers requests.
    pub router: Router,
    /// Most connections at a time.
    pub connections_max: usize,
    /// What each address has, if it is counted.
    pub callers: Option<Arc<Callers>>,
    /// Whose word counts about where a client comes from.
    pub proxies: Proxies,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<Tls>>,
}

/// Accepts until told to stop, then waits for the requests under way. Beyond its bound, new sockets wait in the system's
/// backlog; beyond that of their address they are closed at once.
pub async fn run(listener: TcpListener, door: Door, mut listening: watch::Receiver<bool>) {
    let sockets_max = door.connections_max + REQUESTS_MAX;
    let slots = Arc::new(Semaphore::new(sockets_max));
    let door = Arc::new(door);
    let mut failures: u32 = 0;
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = stopped(&mut listening) => break,
        };
        match accepted {
            Ok((stream, peer, slot)) => {
                failures = 0;
                if let Some(stay) = door.enter(peer, slot) {
                    tokio::spawn(welcome(Arc::clone(&door), stream, peer, stay, listening.clone()));
                }
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
    let all = u32::try_from(sockets_max).unwrap_or(u32::MAX);
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

impl Door {
    /// What the new socket may be used for; nothing if its address has too many that are used for nothing. Behind a proxy
    /// each request counts for itself.
    fn enter(&self, peer: SocketAddr, slot: OwnedSemaphorePermit) -> Option<Stay> {
        let place = match self.callers.as_ref().filter(|_| !self.proxies.trust(peer.ip())) {
            None => None,
            Some(callers) => match callers.enter(peer.ip()) {
                Some(place) => Some(place),
                None => {
                    metrics::counter!(names::REFUSED, "reason" => "address").increment(1);
                    return None;
                }
            },
        };
        Some(Stay::with(slot, place))
    }

    /// Who a request comes from, and what its socket may be used for on her behalf.
    fn receive(&self, peer: SocketAddr, stay: &Stay, headers: &mut HeaderMap) -> Result<Visitor, Refusal> {
        let client = self.proxies.client(peer, headers);
        let Some(callers) = self.callers.as_ref().filter(|_| self.proxies.trust(peer.ip())) else {
            return Ok(Visitor { client, stay: stay.clone() });
        };
        let place = callers.enter(client.ip()).ok_or_else(admission::too_many_requests)?;
        Ok(Visitor { client, stay: stay.on_behalf(Some(place)) })
    }
}

async fn welcome(
    door: Arc<Door>,
    stream: TcpStream,
    peer: SocketAddr,
    stay: Stay,
    mut listening: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a socket went away");
        return;
    }
    let Some(tls) = &door.tls else {
        return http::serve(stream, peer, Arc::clone(&door), door.router.clone(), stay, listening).await;
    };
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(HEADER_TIMEOUT, tls.greet(stream)) => greeted,
        () = stopped(&mut listening) => return,
    };
    match greeted {
        Ok(Ok(Greeted::Secure(stream))) => {
            // Apart, so that plain connections do not keep room for it.
            Box::pin(http::serve(*stream, peer, Arc::clone(&door), door.router.clone(), stay, listening))
                .await;
        }
        Ok(Ok(Greeted::Plain(stream))) => {
            http::serve(stream, peer, Arc::clone(&door), http::https_only(), stay, listening).await;
        }
        Ok(Ok(Greeted::Gone)) => {}
        Ok(Err(error)) => {
            metrics::counter!(names::REFUSED, "reason" => "tls").increment(1);
            debug!(%peer, %error, "a TLS handshake came to nothing");
        }
        Err(_elapsed) => {
            metrics::counter!(names::REFUSED, "reason" => "tls").increment(1);
            debug!(%peer, "a TLS handshake took too long");
        }
    }
}
