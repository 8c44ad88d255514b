//! The ways to a server: which transport, in which dialect. Server-sent events speak JSON only, so not all mixtures exist.

use crate::wire::Dialect;

/// How a client talks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A WebSocket in JSON.
    Json,
    /// A WebSocket in Protobuf.
    Protobuf,
    /// A streamed response in JSON, commands by POST.
    HttpStreamJson,
    /// A streamed response in Protobuf, commands by POST.
    HttpStreamProtobuf,
    /// Server-sent events, commands by POST.
    Sse,
}

/// What carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Both directions over one socket.
    WebSocket,
    /// Emulated: down by a response without end, up by POST.
    HttpStream,
    /// Emulated: down by events, up by POST.
    Sse,
}

impl Way {
    /// What carries the messages.
    pub fn transport(self) -> Transport {
        match self {
            Self::Json | Self::Protobuf => Transport::WebSocket,
            Self::HttpStreamJson | Self::HttpStreamProtobuf => Transport::HttpStream,
            Self::Sse => Transport::Sse,
        }
    }

    /// How they are written.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Json | Self::HttpStreamJson | Self::Sse => Dialect::Json,
            Self::Protobuf | Self::HttpStreamProtobuf => Dialect::Protobuf,
        }
    }
}

impl From<Dialect> for Way {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Json => Self::Json,
            Dialect::Protobuf => Self::Protobuf,
        }
    }
}

/// Makes tests out of functions of a [`Way`], one for each way named before them.
#[macro_export]
macro_rules! in_each {
    ([$($way:ident: $Way:ident),+] $($walk:ident),+ $(,)?) => {
        $crate::in_each!(@ [$($way: $Way),+] [$($walk),+]);
    };
    (@ $ways:tt [$($walk:ident),+]) => {
        $($crate::in_each!(@@ $ways $walk);)+
    };
    (@@ [$($way:ident: $Way:ident),+] $walk:ident) => {
        mod $walk {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $way() {
                    Box::pin(super::$walk($crate::client::Way::$Way)).await;
                }
            )+
        }
    };
}

/// Makes tests over WebSockets in both dialects.
#[macro_export]
macro_rules! in_both {
    ($($walk:ident),+ $(,)?) => {
        $crate::in_each!([json: Json, protobuf: Protobuf] $($walk),+);
    };
}

/// Makes tests over the emulated transports.
#[macro_export]
macro_rules! in_emulation {
    ($($walk:ident),+ $(,)?) => {
        $crate::in_each!(
            [http_stream_json: HttpStreamJson, http_stream_protobuf: HttpStreamProtobuf, sse: Sse] $($walk),+
        );
    };
}

/// Makes tests for every way there is.
#[macro_export]
macro_rules! in_every {
    ($($walk:ident),+ $(,)?) => {
        $crate::in_each!(
            [json: Json, protobuf: Protobuf, http_stream_json: HttpStreamJson,
                http_stream_protobuf: HttpStreamProtobuf, sse: Sse]
            $($walk),+
        );
    };
}
