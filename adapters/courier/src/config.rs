//! What an operator decides about hooks.

use std::collections::BTreeMap;
use std::time::Duration;

use ports::hooks::Event;
use thiserror::Error;

use crate::{Reach, Secret};

/// The kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// May this client connect?
    Connect,
    /// Does this connection go on?
    Refresh,
    /// May this client subscribe?
    Subscribe,
    /// Does this subscription go on?
    SubRefresh,
    /// May this be published?
    Publish,
    /// What is the answer to this call?
    Rpc,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Connect, Self::Refresh, Self::Subscribe, Self::SubRefresh, Self::Publish, Self::Rpc];

    /// Its name in questions and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Refresh => "refresh",
            Self::Subscribe => "subscribe",
            Self::SubRefresh => "sub_refresh",
            Self::Publish => "publish",
            Self::Rpc => "rpc",
        }
    }

    /// The kind of a question.
    pub fn of(event: &Event) -> Self {
        match event {
            Event::Connect(_) => Self::Connect,
            Event::Refresh => Self::Refresh,
            Event::Subscribe { .. } => Self::Subscribe,
            Event::SubRefresh { .. } => Self::SubRefresh,
            Event::Publish { .. } => Self::Publish,
            Event::Rpc { .. } => Self::Rpc,
        }
    }
}

/// The settings of a courier.
#[derive(Clone)]
pub struct Config {
    /// Where each kind of question goes. Kinds that are missing are not asked.
    pub urls: BTreeMap<Kind, String>,
    /// How long the back end may take. Half as much may pass before it is asked.
    pub timeout: Duration,
    /// Questions of one kind under way at a time; others wait.
    pub concurrency: usize,
    /// What questions are signed with, the present secret first; unsigned if there is none.
    pub secrets: Vec<Secret>,
    /// Which addresses may be asked.
    pub reach: Reach,
    /// Payloads go as `b64data` even if they are JSON.
    pub binary: bool,
}

/// Why there can be no such courier.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Not an address of the web.
    #[error("this is no address; write for example \"https://app.example.com/wigwag\"")]
    NoUrl,
    /// A name or password in an address ends up in logs of others.
    #[error("an address must not contain a user or password; use hooks.secret to prove who asks")]
    UserInfo,
    /// Everybody on the way could read and answer.
    #[error("https is needed; for a back end in your own network allow_private_networks = true permits http")]
    Insecure,
    /// An address that nobody outside could mean.
    #[error(
        "{0} is not a public address; write allow_private_networks = true, or the host into allowed_hosts"
    )]
    Private(String),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// Whether a header is the courier's own, or belongs to one hop: no client may have it passed on.
pub fn is_reserved(header: &str) -> bool {
    const RESERVED: [&str; 19] = [
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    ];
    let is_handshake = header.get(..14).is_some_and(|begin| begin.eq_ignore_ascii_case("sec-websocket-"));
    is_handshake || RESERVED.iter().any(|name| name.eq_ignore_ascii_case(header))
}

/// Whether a header says where a request comes from, which only a proxy can know.
pub fn is_of_proxies(header: &str) -> bool {
    let is_forwarded = header.get(..12).is_some_and(|begin| begin.eq_ignore_ascii_case("x-forwarded-"));
    is_forwarded || ["forwarded", "x-real-ip"].iter().any(|name| name.eq_ignore_ascii_case(header))
}
