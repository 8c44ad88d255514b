//! Why something did not go through, and what to do about it.

/// What a server, or the way to it, had against a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no connection to be had.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The HTTP status was not the expected one.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The connection was closed.
    #[error("closed with {code} {reason}")]
    Closed {
        /// The close code; 1006 if there was none.
        code: u16,
        /// The server's words.
        reason: String,
    },
    /// The command was answered with an error.
    #[error("error {code} {message}")]
    Error {
        /// As in the client protocol.
        code: u32,
        /// The server's words.
        message: String,
    },
    /// No answer in time.
    #[error("no answer in {0} s")]
    TimedOut(u64),
    /// An answer that is not in the protocol.
    #[error("garbled: {0}")]
    Garbled(String),
}

/// What was asked for, for the advice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request<'a> {
    /// A connection.
    Connect,
    /// A subscription to this channel.
    Subscribe(&'a str),
    /// A publication by a client in this channel.
    Publish(&'a str),
    /// Who is in this channel.
    Presence(&'a str),
    /// A stream of this channel.
    History(&'a str),
    /// A call of the HTTP API.
    Api,
}

impl Refusal {
    /// What somebody can do who reads this.
    pub(crate) fn advice(&self, request: Request<'_>) -> String {
        match (self, request) {
            (Self::Unreachable(_) | Self::TimedOut(_), _) => {
                "is the server running, and is --host right?".to_owned()
            }
            (Self::Status(401 | 403), Request::Api) => {
                "the key is wrong or missing: --api-key or WIGWAG_API_KEY, the server's api.key".to_owned()
            }
            (Self::Status(403), _) => "the server refuses this origin or address".to_owned(),
            (Self::Status(404), Request::Api) => "no API there: --api-path".to_owned(),
            (Self::Status(_), _) => "no WebSocket there: --ws-path".to_owned(),
            (Self::Closed { code: 3500, .. } | Self::Error { code: 109, .. }, _) => {
                "the token is wrong or has expired: --token, or --token-secret with the server's token secret"
                    .to_owned()
            }
            (Self::Closed { code: 3501 | 3507, .. }, Request::Connect) => {
                "the server wants a token: --token or --token-secret; without one, client.anonymous is off"
                    .to_owned()
            }
            (Self::Closed { code: 3504, .. }, _) => "the server allows fewer connections per user".to_owned(),
            (Self::Error { code: 102, .. }, _) => {
                "the server knows no such namespace: --channel-prefix, for example \"demo:\" or \"\""
                    .to_owned()
            }
            (Self::Error { code, .. }, _) => permission(*code, request),
            (Self::Closed { .. } | Self::Garbled(_), _) => "the server's log should say more".to_owned(),
        }
    }
}

fn permission(code: u32, request: Request<'_>) -> String {
    let (channel, setting) = match request {
        Request::Subscribe(channel) => {
            (channel, "allow_subscribe_for_client (or allow_subscribe_for_anonymous)")
        }
        Request::Publish(channel) => (channel, "allow_publish_for_subscriber (or allow_publish_for_client)"),
        Request::Presence(channel) if code == 108 => (channel, "presence"),
        Request::Presence(channel) => (channel, "allow_presence_for_subscriber"),
        Request::History(channel) => (channel, "history_size or history_ttl"),
        Request::Connect | Request::Api => return "the server's log should say more".to_owned(),
    };
    format!("{setting} is off for {}", namespace(channel))
}

fn namespace(channel: &str) -> String {
    match channel.split_once(':') {
        Some((namespace, _)) => format!("the namespace {namespace}"),
        None => "channels without a namespace".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named_with_its_namespace() {
        let denied = Refusal::Error { code: 103, message: "permission denied".to_owned() };

        let advice = denied.advice(Request::Subscribe("demo:a"));

        assert!(advice.contains("allow_subscribe_for_client"), "{advice}");
        assert!(advice.contains("the namespace demo"), "{advice}");
    }

    #[test]
    fn a_wrong_key_a_wrong_token_and_a_wrong_namespace_name_their_options() {
        let closed = |code| Refusal::Closed { code, reason: String::new() };
        let unknown = Refusal::Error { code: 102, message: String::new() };

        assert!(Refusal::Status(401).advice(Request::Api).contains("--api-key"));
        assert!(closed(3500).advice(Request::Connect).contains("--token-secret"));
        assert!(closed(3501).advice(Request::Connect).contains("client.anonymous"));
        assert!(unknown.advice(Request::Subscribe("x:y")).contains("--channel-prefix"));
        assert!(Refusal::Status(404).advice(Request::Connect).contains("--ws-path"));
    }
}
