//! The upstream half of a connection whose downstream half is one long response: which connection it is, and what is
//! sent on it (P-EM-2).

use std::fmt;

use bytes::Bytes;
use prost::Message;
use serde::Deserialize;

use ports::protocol::Malformed;

/// One request of the upstream half. What was left out is empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Emulation {
    /// The secret from the connect reply.
    pub session: String,
    /// The node from the connect reply.
    pub node: String,
    /// A frame of the protocol that the body was written in.
    pub data: Bytes,
}

/// Leaves out the secret and what is sent.
impl fmt::Debug for Emulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulation").field("node", &self.node).finish_non_exhaustive()
    }
}

/// Reads a body in JSON, where the frame is a text.
pub fn json(body: &[u8]) -> Result<Emulation, Malformed> {
    #[derive(Deserialize)]
    struct Wire {
        session: Option<String>,
        node: Option<String>,
        data: Option<String>,
    }

    let text = std::str::from_utf8(body).map_err(|_| malformed("not UTF-8"))?;
    let wire: Wire = crate::json::object(text).map_err(malformed)?;
    Ok(Emulation {
        session: wire.session.unwrap_or_default(),
        node: wire.node.unwrap_or_default(),
        data: wire.data.unwrap_or_default().into(),
    })
}

/// Reads a body in Protobuf, which has no length in front.
pub fn protobuf(body: &[u8]) -> Result<Emulation, Malformed> {
    #[derive(Message)]
    struct Wire {
        #[prost(string, tag = "1")]
        node: String,
        #[prost(string, tag = "2")]
        session: String,
        #[prost(bytes = "bytes", tag = "3")]
        data: Bytes,
    }

    let Wire { node, session, data } = Wire::decode(body).map_err(|_| malformed("not Protobuf"))?;
    Ok(Emulation { session, node, data })
}

fn malformed(fault: &str) -> Malformed {
    Malformed(format!("emulation request: {fault}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMANDS: &str = "{\"id\":1,\"ping\":{}}\n{}";

    fn sent(data: &'static [u8]) -> Emulation {
        Emulation { session: "s".into(), node: "n".into(), data: Bytes::from_static(data) }
    }

    #[test]
    fn in_json_the_frame_is_a_text() {
        let body = br#"{"session":"s","node":"n","data":"{\"id\":1,\"ping\":{}}\n{}","later":[]}"#;

        assert_eq!(json(body), Ok(sent(COMMANDS.as_bytes())));
    }

    #[test]
    fn in_protobuf_the_frame_is_bytes() {
        assert_eq!(protobuf(b"\x0a\x01n\x12\x01s\x1a\x02\x00\xff\x20\x07"), Ok(sent(b"\x00\xff")));
    }

    #[test]
    fn what_is_left_out_is_empty() {
        let nothing = Emulation { session: String::new(), node: String::new(), data: Bytes::new() };

        assert_eq!(json(br#"{"session":null}"#).as_ref(), Ok(&nothing));
        assert_eq!(protobuf(b""), Ok(nothing));
    }

    #[test]
    fn anything_else_is_malformed() {
        let texts: [&[u8]; 6] = [b"", b"[]", b"{", b"\xff", br#"{"data":{}}"#, br#"["s","n","d"]"#];
        let bytes: [&[u8]; 5] =
            [b"\x0a", b"\x0a\x02n", b"\x0a\x01\xff", b"\x08\x01", b"\x1a\xff\xff\xff\xff\x0f"];

        assert!(texts.iter().all(|body| json(body).is_err()));
        assert!(bytes.iter().all(|body| protobuf(body).is_err()));
    }

    #[test]
    fn neither_the_secret_nor_the_frame_is_ever_printed() {
        assert_eq!(format!("{:?}", sent(b"data")), "Emulation { node: \"n\", .. }");
    }

    proptest! {
        #[test]
        fn hostile_bodies_never_panic(body: Vec<u8>) {
            let _ = json(&body);
            let _ = protobuf(&body);
        }
    }
}
