//! Error, disconnect and unsubscribe codes (P section 11).

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::reply::ErrorReply;

/// A refusal of one command; the connection lives on (P 11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// 100, temporary: something behind the server failed or took too long.
    Internal,
    /// 101.
    Unauthorized,
    /// 102: no such namespace.
    UnknownChannel,
    /// 103.
    PermissionDenied,
    /// 104.
    MethodNotFound,
    /// 105.
    AlreadySubscribed,
    /// 106: too many channels on this connection.
    LimitExceeded,
    /// 107.
    BadRequest,
    /// 108: the feature is off.
    NotAvailable,
    /// 109: SDKs fetch a new token and try again.
    TokenExpired,
    /// 110.
    Expired,
    /// 111, temporary.
    TooManyRequests,
    /// 112.
    UnrecoverablePosition,
}

impl ErrorCode {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Internal,
        Self::Unauthorized,
        Self::UnknownChannel,
        Self::PermissionDenied,
        Self::MethodNotFound,
        Self::AlreadySubscribed,
        Self::LimitExceeded,
        Self::BadRequest,
        Self::NotAvailable,
        Self::TokenExpired,
        Self::Expired,
        Self::TooManyRequests,
        Self::UnrecoverablePosition,
    ];

    /// The code of that number.
    pub fn numbered(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The number on the wire.
    pub fn number(self) -> u32 {
        self.row().0
    }

    /// The text on the wire.
    pub fn message(self) -> &'static str {
        self.row().1
    }

    /// Whether SDKs should try the same again.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Internal | Self::TooManyRequests)
    }

    fn row(self) -> (u32, &'static str) {
        match self {
            Self::Internal => (100, "internal server error"),
            Self::Unauthorized => (101, "unauthorized"),
            Self::UnknownChannel => (102, "unknown channel"),
            Self::PermissionDenied => (103, "permission denied"),
            Self::MethodNotFound => (104, "method not found"),
            Self::AlreadySubscribed => (105, "already subscribed"),
            Self::LimitExceeded => (106, "limit exceeded"),
            Self::BadRequest => (107, "bad request"),
            Self::NotAvailable => (108, "not available"),
            Self::TokenExpired => (109, "token expired"),
            Self::Expired => (110, "expired"),
            Self::TooManyRequests => (111, "too many requests"),
            Self::UnrecoverablePosition => (112, "unrecoverable position"),
        }
    }
}

impl From<ErrorCode> for ErrorReply {
    fn from(code: ErrorCode) -> Self {
        Self { code: code.number(), message: Cow::Borrowed(code.message()), temporary: code.is_temporary() }
    }
}

/// The codes of refusals that are the application's own.
const APPLICATION_ERRORS: RangeInclusive<u32> = 400..=1_999;
/// Longest message of a refusal by the application: it goes into one reply among others.
const MESSAGE_BYTES_MAX: usize = 1_024;

impl ErrorReply {
    /// A refusal as the application words it: with a code of its own, or with one of the protocol, whose message it may
    /// leave out. `None` if the code is neither, or the message endless.
    pub fn of_application(code: u32, message: &str, temporary: bool) -> Option<Self> {
        let known = ErrorCode::numbered(code);
        let is_theirs = APPLICATION_ERRORS.contains(&code);
        if (known.is_none() && !is_theirs) || message.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let message = match known.filter(|_| message.is_empty()) {
            Some(known) => Cow::Borrowed(known.message()),
            None => Cow::Owned(message.to_owned()),
        };
        Some(Self { code, message, temporary: temporary || known.is_some_and(ErrorCode::is_temporary) })
    }
}

/// The end of a connection, with the code and reason that the client sees (P 11.2). SDKs reconnect after 3000–3499
/// and 4000–4499 and stop after 3500–3999 and 4500–4999.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// The WebSocket close code.
    pub code: u16,
    /// At most 123 bytes; must not look like JSON (P-CLOSE-2).
    pub reason: Cow<'static, str>,
}

macro_rules! disconnects {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)*) => {
        impl Disconnect {
            $($(#[$doc])* pub const $name: Self = Self { code: $code, reason: Cow::Borrowed($reason) };)*

            /// Every code the server gives of its own accord.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

disconnects! {
    /// The peer is gone already; never sent.
    CONNECTION_CLOSED = 3000, "connection closed";
    /// The node stops.
    SHUTDOWN = 3001, "shutdown";
    /// Something behind the server failed.
    INTERNAL = 3004, "internal server error";
    /// The connection's token expired and was not refreshed.
    EXPIRED = 3005, "connection expired";
    /// A server-side subscription's or a refreshed token expired.
    SUBSCRIPTION_EXPIRED = 3006, "subscription expired";
    /// The client reads slower than it is sent to.
    SLOW = 3008, "slow";
    /// Writing to the socket failed; never really seen.
    WRITE_ERROR = 3009, "write error";
    /// A hole in a server-side subscription that history cannot fill.
    INSUFFICIENT_STATE = 3010, "insufficient state";
    /// Come again, to the same place or another.
    FORCE_RECONNECT = 3011, "force reconnect";
    /// A ping was not answered in time.
    NO_PONG = 3012, "no pong";
    /// More commands than allowed.
    TOO_MANY_REQUESTS = 3013, "too many requests";
    /// The token is not valid.
    INVALID_TOKEN = 3500, "invalid token";
    /// A frame or command out of order or out of shape.
    BAD_REQUEST = 3501, "bad request";
    /// No connect command in time.
    STALE = 3502, "stale";
    /// Told to stay away by the application.
    FORCE_DISCONNECT = 3503, "force disconnect";
    /// Too many connections of one user.
    CONNECTION_LIMIT = 3504, "connection limit";
    /// Too many server-side channels at connect.
    CHANNEL_LIMIT = 3505, "channel limit";
    /// A payload that this client's protocol cannot carry.
    INAPPROPRIATE_PROTOCOL = 3506, "inappropriate protocol";
    /// Anonymous tokens are not allowed.
    PERMISSION_DENIED = 3507, "permission denied";
    /// A command that nobody serves here.
    NOT_AVAILABLE = 3508, "not available";
    /// Too many refused commands.
    TOO_MANY_ERRORS = 3509, "too many errors";
}

/// The close codes that are the application's own.
const APPLICATION_DISCONNECTS: RangeInclusive<u32> = 4_000..=4_999;
/// Longest reason that fits into a close frame.
pub const REASON_BYTES_MAX: usize = 123;

/// Why a connection cannot be ended like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDisconnect {
    /// The code is not for applications.
    Code,
    /// The reason does not fit into a close frame, or clients would take it for advice (P-CLOSE-2).
    Reason,
}

impl Disconnect {
    /// An end as the application words it: with a code of its own, or with one of the protocol, whose reason it may leave
    /// out.
    pub fn of_application(code: u32, reason: &str) -> Result<Self, BadDisconnect> {
        let known = Self::ALL.iter().find(|one| u32::from(one.code) == code);
        let known = known.filter(|one| **one != Self::CONNECTION_CLOSED);
        if known.is_none() && !APPLICATION_DISCONNECTS.contains(&code) {
            return Err(BadDisconnect::Code);
        }
        let reason = match reason {
            "" => known.map_or(Cow::Borrowed(""), |one| one.reason.clone()),
            own if own.len() > REASON_BYTES_MAX || is_json(own) => return Err(BadDisconnect::Reason),
            own => Cow::Owned(own.to_owned()),
        };
        let code = u16::try_from(code).map_err(|_| BadDisconnect::Code)?;
        Ok(Self { code, reason })
    }
}

/// Whether clients might read a text as JSON.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['{', '[', '"'])
        || matches!(text, "true" | "false" | "null")
        || text.parse::<f64>().is_ok()
}

/// Why the server ended one subscription (P 11.3). From 2500 on SDKs subscribe again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsubscribeCode {
    /// 2000: the application asked for it.
    Server,
    /// 2500: a hole that history cannot fill; the client recovers from its own position.
    Insufficient,
    /// 2501: the subscription's token expired.
    Expired,
}

impl UnsubscribeCode {
    /// The number on the wire.
    pub fn number(self) -> u32 {
        match self {
            Self::Server => 2000,
            Self::Insufficient => 2500,
            Self::Expired => 2501,
        }
    }

    /// The text on the wire.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Server => "server unsubscribe",
            Self::Insufficient => "insufficient state",
            Self::Expired => "subscription expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_refuse_with_codes_of_their_own_and_of_the_protocol() {
        let said = |code, message, temporary| ErrorReply::of_application(code, message, temporary);

        for code in [400, 1_000, 1_999] {
            let own = ErrorReply { code, message: "out of stock".into(), temporary: true };
            assert_eq!(said(code, "out of stock", true), Some(own));
        }
        assert_eq!(said(103, "", false), Some(ErrorCode::PermissionDenied.into()));
        assert_eq!(said(103, "not you", false).unwrap().message, "not you");
        assert!(said(100, "", false).unwrap().temporary);
        for code in [0, 1, 99, 113, 399, 2_000, u32::MAX] {
            assert_eq!(said(code, "no", false), None, "{code}");
        }
        assert_eq!(said(400, &"x".repeat(MESSAGE_BYTES_MAX + 1), false), None);
    }

    #[test]
    fn applications_end_connections_with_codes_of_their_own_and_of_the_protocol() {
        let told = Disconnect::of_application;

        assert_eq!(told(4_500, "banned"), Ok(Disconnect { code: 4_500, reason: "banned".into() }));
        assert_eq!(told(4_000, ""), Ok(Disconnect { code: 4_000, reason: "".into() }));
        assert_eq!(told(3_503, ""), Ok(Disconnect::FORCE_DISCONNECT));
        for code in [0, 1_000, 3_000, 3_999, 5_000, 70_000] {
            assert_eq!(told(code, ""), Err(BadDisconnect::Code), "{code}");
        }
        let endless = "x".repeat(REASON_BYTES_MAX + 1);
        for reason in ["{\"reconnect\":true}", " null", "17", endless.as_str()] {
            assert_eq!(told(4_000, reason), Err(BadDisconnect::Reason), "{reason}");
        }
    }
}
