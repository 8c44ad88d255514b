//! The methods there are.

use ports::protocol::ErrorCode;

use super::failure::Failure;
use super::{answers, batch, channels, connections};
use crate::http::room::Room;
use crate::http::{Edge, backend};
use crate::telemetry::metrics as names;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// A method of the server API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Method {
            $($(#[$doc])* $name,)*
            /// Any other text.
            Unknown,
        }

        impl Method {
            /// The method a text names.
            pub(super) fn parse(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    _ => Self::Unknown,
                }
            }

            /// Its name, also as a metric label.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown => "unknown",
                }
            }
        }
    };
}

methods! {
    Publish = "publish";
    Broadcast = "broadcast";
    Subscribe = "subscribe";
    Unsubscribe = "unsubscribe";
    Disconnect = "disconnect";
    Refresh = "refresh";
    Presence = "presence";
    PresenceStats = "presence_stats";
    History = "history";
    HistoryRemove = "history_remove";
    Channels = "channels";
    Info = "info";
    Rpc = "rpc";
    Batch = "batch";
    /// Part of map channels.
    MapPublish = "map_publish";
    /// Part of map channels.
    MapRemove = "map_remove";
    /// Part of map channels.
    MapReadState = "map_read_state";
    /// Part of map channels.
    MapReadStream = "map_read_stream";
    /// Part of map channels.
    MapStats = "map_stats";
    /// Part of map channels.
    MapClear = "map_clear";
    /// Part of shared polls.
    SharedPollPublish = "shared_poll_publish";
}

impl Method {
    /// Does what is asked and counts it. The result is a JSON object.
    pub(super) async fn perform(self, edge: &Edge, body: &[u8], room: &Room) -> Result<String, Failure> {
        let result = self.result(edge, body, room).await.and_then(|result| self.fitted(result, room));
        let outcome = if result.is_ok() { "ok" } else { "error" };
        metrics::counter!(names::API_CALLS, "method" => self.name(), "outcome" => outcome).increment(1);
        result
    }

    /// A result within the room. One that says what was done is told in any case; those in a batch have theirs already.
    fn fitted(self, result: String, room: &Room) -> Result<String, Failure> {
        let only_reads = matches!(
            self,
            Self::History | Self::Presence | Self::PresenceStats | Self::Channels | Self::Info
        );
        if only_reads {
            room.take(result.len())?;
        } else if self != Self::Batch {
            room.spend(result.len());
        }
        Ok(result)
    }

    async fn result(self, edge: &Edge, body: &[u8], room: &Room) -> Result<String, Failure> {
        let caller = backend();
        match self {
            Self::Publish => channels::publish(edge, &caller, body).await,
            Self::Broadcast => channels::broadcast(edge, body).await,
            Self::History => channels::history(edge, &caller, body, room).await,
            Self::HistoryRemove => channels::history_remove(edge, &caller, body).await,
            Self::Presence => channels::presence(edge, &caller, body).await,
            Self::PresenceStats => channels::presence_stats(edge, &caller, body).await,
            Self::Channels => channels::channels(edge, &caller, body),
            Self::Subscribe => connections::subscribe(edge, &caller, body).await,
            Self::Unsubscribe => connections::unsubscribe(edge, &caller, body).await,
            Self::Disconnect => connections::disconnect(edge, &caller, body).await,
            Self::Refresh => connections::refresh(edge, &caller, body).await,
            Self::Info => Ok(answers::info(edge)),
            Self::Batch => Box::pin(batch::batch(edge, body, room)).await,
            Self::Rpc => Err(refused(ErrorCode::MethodNotFound, "no RPC method is served here")),
            Self::MapPublish
            | Self::MapRemove
            | Self::MapReadState
            | Self::MapReadStream
            | Self::MapStats
            | Self::MapClear
            | Self::SharedPollPublish => {
                let message = "not available: there are no map channels and no shared polls here; use publish and history";
                Err(refused(ErrorCode::NotAvailable, message))
            }
            Self::Unknown => {
                let served = "publish, broadcast, subscribe, unsubscribe, disconnect, refresh, presence, presence_stats, history, history_remove, channels, info and batch";
                Err(refused(ErrorCode::MethodNotFound, &format!("method not found; served are {served}")))
            }
        }
    }
}

fn refused(code: ErrorCode, message: &str) -> Failure {
    Failure::Refused(code, message.to_owned())
}
