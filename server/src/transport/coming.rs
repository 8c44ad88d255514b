//! How a connection came, as far as the application's back end is told (P section 19).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use ports::hooks::Visitor;
use wigwag_core::settings::Settings;

use super::dialect::{Dialect, Framing};
use super::forwarded::ADDRESSES;

/// What later questions tell of the request that a connection came with; nothing where nobody is ever asked. Only headers
/// on the list are kept, and where the client is, which no header of its own can say: there is one of these for each
/// connection.
pub fn told(
    settings: &Settings,
    transport: &'static str,
    dialect: Dialect,
    client: SocketAddr,
    headers: &HeaderMap,
) -> Option<Arc<Visitor>> {
    if !settings.asks_back_end() {
        return None;
    }
    let is_binary = matches!(dialect.framing, Framing::BinaryFrames | Framing::Bare);
    let is_passed = |name: &HeaderName| *name != ADDRESSES && settings.hooks.passes(name.as_str());
    let passed = headers.iter().filter(|(name, _)| is_passed(name));
    let passed = passed.filter_map(|(name, value)| {
        // What is no text could not be told from what it is not.
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let address = (ADDRESSES.as_str().to_owned(), client.ip().to_canonical().to_string());
    Some(Arc::new(Visitor {
        transport,
        protocol: dialect.protocol.offer().name,
        encoding: if is_binary { "binary" } else { "json" },
        headers: std::iter::once(address).chain(passed).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use wigwag_core::settings::Hooking;

    use super::*;

    fn asking() -> Settings {
        let hooks = Hooking {
            connect: true,
            headers: vec!["cookie".to_owned(), "x-forwarded-for".to_owned()],
            ..Hooking::default()
        };
        Settings { hooks, ..Settings::default() }
    }

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("cookie", "a=1"), ("x-forwarded-for", "1.2.3.4"), ("cookie", "b=2")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers.append("cookie", HeaderValue::from_bytes(b"\xff").unwrap());
        headers
    }

    fn client() -> SocketAddr {
        "[::ffff:203.0.113.9]:4711".parse().unwrap()
    }

    #[test]
    fn nothing_is_kept_where_nobody_is_asked() {
        assert_eq!(told(&Settings::default(), "sse", Dialect::EVENTS, client(), &headers()), None);
    }

    #[test]
    fn only_headers_on_the_list_are_kept_and_the_address_is_the_one_that_was_found_out() {
        let visitor = told(&asking(), "sse", Dialect::EVENTS, client(), &headers()).unwrap();

        let pairs: Vec<_> = visitor.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, [("x-forwarded-for", "203.0.113.9"), ("cookie", "a=1"), ("cookie", "b=2")]);
    }

    #[test]
    fn protocol_and_encoding_are_those_that_are_spoken() {
        for (dialect, protocol, encoding) in [
            (Dialect::WEBSOCKET_JSON, "json", "json"),
            (Dialect::WEBSOCKET_PROTOBUF, "protobuf", "binary"),
            (Dialect::STREAM_JSON, "json", "json"),
            (Dialect::STREAM_PROTOBUF, "protobuf", "binary"),
            (Dialect::EVENTS, "json", "json"),
        ] {
            let visitor = told(&asking(), "websocket", dialect, client(), &HeaderMap::new()).unwrap();
            assert_eq!((visitor.protocol, visitor.encoding), (protocol, encoding));
        }
    }
}
