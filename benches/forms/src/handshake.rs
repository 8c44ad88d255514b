//! The opening of a WebSocket, both halves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use sha1::{Digest as _, Sha1};

/// Where clients connect.
pub const PATH: &str = "/connection/websocket";

/// Longer heads end the connection.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

const END: &[u8] = b"\r\n\r\n";
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The length of the head at the beginning, if it is there in full.
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, END).map(|at| at + END.len())
}

/// What a server says to a request: switching, or nothing if it is no handshake.
pub fn answer(head: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(head).ok()?;
    let target = head.strip_prefix("GET ")?;
    if !target.starts_with(PATH) {
        return None;
    }
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, key) = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))?;
    let accept = STANDARD.encode(Sha1::digest([key.trim(), MAGIC].concat()));
    let text = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    );
    Some(text.into_bytes())
}

/// What a client asks, with what stands behind the path.
pub fn request(host: &str, query: &str) -> Vec<u8> {
    let text = format!(
        "GET {PATH}{query} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_answered_as_printed_there() {
        let said = String::from_utf8(answer(&request("a:1", "")).unwrap()).unwrap();

        assert!(said.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{said}");
        assert_eq!(head_length(said.as_bytes()), Some(said.len()));
    }

    #[test]
    fn other_places_and_requests_without_a_key_get_nothing() {
        assert_eq!(answer(b"GET /elsewhere HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n"), None);
        assert_eq!(answer(b"GET /connection/websocket HTTP/1.1\r\n\r\n"), None);
        assert_eq!(head_length(b"GET / HTTP/1.1\r\n"), None);
    }
}
