//! What an operator decides about connections; shared by all sessions of a node.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ports::ids::UserId;

use crate::channels::{ChannelHooks, Namespace, Namespaces};

/// Settings of the client side.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The channels there are.
    pub namespaces: Namespaces,
    /// Development switch: every permission is given and no token is needed. One that is sent must still be valid.
    pub insecure: bool,
    /// Connections without a token become the anonymous user.
    pub anonymous: bool,
    /// Tokens without a user are accepted.
    pub anonymous_tokens: bool,
    /// Time between pings.
    pub ping_interval: Duration,
    /// How long a pong may take; shorter than the interval.
    pub pong_timeout: Duration,
    /// How long a socket may stay without a connect command.
    pub stale_timeout: Duration,
    /// How long past its expiry a connection or subscription is kept, so that a refresh may come late.
    pub expiry_grace: Duration,
    /// How long any command may take before it is answered with error 100. SDKs give up after five seconds.
    pub command_timeout: Duration,
    /// Commands of one connection waiting for an earlier one; beyond it reading stops.
    pub commands_waiting_max: usize,
    /// Channels on one connection.
    pub channels_max: usize,
    /// Connections of one known user on this node; 0 is any number.
    pub user_connections_max: usize,
    /// Error replies, but for temporary ones, between two pings before a connection is closed with 3509; 0 is any number.
    pub errors_max: u32,
    /// Whether users are subscribed to a channel of their own.
    pub personal_channel: Option<PersonalChannel>,
    /// What the application's back end decides on connections; namespaces say what it decides on channels.
    pub hooks: Hooking,
    /// Bytes queued for one connection before it counts as slow.
    pub queue_bytes_max: usize,
    /// Most publications in a recovery or a client's history reply.
    pub recovery_items_max: usize,
    /// Bytes of publications that a feed keeps while somebody joins or a hole is being filled.
    pub joining_bytes_max: usize,
    /// Time between comparisons of a feed's position with the broker's.
    pub position_check_interval: Duration,
    /// The version told to clients.
    pub version: &'static str,
}

/// Settings that may be replaced while they are used. Copies share them.
#[derive(Clone, Debug)]
pub struct Shared(Arc<RwLock<Arc<Settings>>>);

impl Shared {
    /// These, until others come.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self(Arc::new(RwLock::new(settings)))
    }

    /// What holds at present.
    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What holds from now on.
    pub fn replace(&self, settings: Arc<Settings>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

/// Which questions about connections go to the application's back end (P section 19).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooking {
    /// Whether a client without a token may connect, and as whom.
    pub connect: bool,
    /// Whether a connection that it let in goes on when it expires.
    pub refresh: bool,
    /// What clients call.
    pub rpc: bool,
    /// Names, in small letters, of the headers of a client's request that are passed on.
    pub headers: Vec<String>,
    /// Names, in small letters, of the headers that clients may claim to have sent.
    pub claimed_headers: Vec<String>,
}

impl Hooking {
    /// Whether a header of this name is passed on if the request has it.
    pub fn passes(&self, header: &str) -> bool {
        self.headers.iter().any(|name| name.eq_ignore_ascii_case(header))
    }

    /// Whether a client's word is taken for a header of this name.
    pub fn believes(&self, header: &str) -> bool {
        self.claimed_headers.iter().any(|name| name.eq_ignore_ascii_case(header))
    }
}

/// A channel that every known user is subscribed to by the server (P-CH-6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonalChannel {
    /// Its namespace; empty for the nameless one.
    pub namespace: String,
    /// A user's older connections are closed when a new one comes.
    pub single_connection: bool,
}

impl PersonalChannel {
    /// The channel's name, but for the anonymous user.
    pub fn name_for(&self, user: &UserId) -> Option<String> {
        let colon = if self.namespace.is_empty() { "" } else { ":" };
        (!user.is_anonymous()).then(|| format!("{}{colon}#{user}", self.namespace))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespaces: Namespaces::default(),
            insecure: false,
            anonymous: false,
            anonymous_tokens: true,
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(8),
            stale_timeout: Duration::from_secs(10),
            expiry_grace: Duration::from_secs(25),
            command_timeout: Duration::from_secs(4),
            commands_waiting_max: 32,
            channels_max: 128,
            user_connections_max: 0,
            errors_max: 0,
            personal_channel: None,
            hooks: Hooking::default(),
            queue_bytes_max: 1 << 20,
            recovery_items_max: 300,
            joining_bytes_max: 1 << 20,
            position_check_interval: Duration::from_secs(40),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

impl Settings {
    /// Whether the application's back end is asked anything, so that somebody has to know how connections came.
    pub fn asks_back_end(&self) -> bool {
        let Hooking { connect, refresh, rpc, .. } = self.hooks;
        let Namespaces { nameless, named } = &self.namespaces;
        let asks = |namespace: &Namespace| namespace.hooks != ChannelHooks::default();
        connect || refresh || rpc || nameless.iter().chain(named.values()).any(asks)
    }

    /// Most bytes that one connection may recover before it has shown that it reads them: half of its queue, so that
    /// recovering never makes it slow (P-REC-5).
    pub fn recovery_bytes_max(&self) -> usize {
        self.queue_bytes_max / 2
    }
}
