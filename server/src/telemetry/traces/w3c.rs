//! The header that carries a trace from one program to the next (W3C Trace Context).

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ports::trace::TraceContext;

/// Carries the sender's place in its trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Carries the answerer's.
pub const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// What the sender of a request says of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The trace.
    pub trace: [u8; 16],
    /// The sender's span.
    pub span: [u8; 8],
    /// Whether the sender records it.
    pub is_sampled: bool,
}

impl Parent {
    /// What the headers say; nothing if that is not whole.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parts = headers.get(TRACEPARENT)?.to_str().ok()?.split('-');
        let [version] = bytes(parts.next()?)?;
        let (trace, span) = (bytes(parts.next()?)?, bytes(parts.next()?)?);
        let [flags] = bytes(parts.next()?)?;
        // Later versions may have more to say, but say this in the same place.
        let is_whole = version != 0xff && (version != 0 || parts.next().is_none());
        let is_named = trace != [0; 16] && span != [0; 8];
        (is_whole && is_named).then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }
}

/// Small letters only, as the standard wants it.
fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let is_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if hex.len() != 2 * N || !is_hex {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Bytes as the standard writes them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A recorded place in a trace as the header has it.
pub fn header(context: &TraceContext) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("00-{}-{}-01", hex(&context.trace), hex(&context.span))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parent(text: &str) -> Option<Parent> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(text).unwrap());
        Parent::of(&headers)
    }

    #[test]
    fn header_is_read_as_the_standard_wants_it() {
        let read = parent(WRITTEN).unwrap();
        assert_eq!((read.trace[0], read.span[7], read.is_sampled), (0x4b, 0xb7, true));
        assert!(!parent(&WRITTEN.replace("-01", "-00")).unwrap().is_sampled);
        assert!(parent(&WRITTEN.replacen("00-", "01-", 1)).is_some());
        assert!(parent(&format!("{}-more", WRITTEN.replacen("00-", "01-", 1))).is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(parent(bad), None, "{bad}");
        }
    }

    #[test]
    fn header_that_was_written_is_read_again() {
        let read = parent(WRITTEN).unwrap();
        let context = TraceContext { trace: read.trace, span: read.span };

        assert_eq!(header(&context).unwrap(), WRITTEN);
    }
}
