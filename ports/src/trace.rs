//! Which trace something belongs to (W3C Trace Context), for those who carry it from a publisher to a delivery.

/// A place in a trace that is being recorded. Where there is none, nobody records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: [u8; 16],
    /// The span within it that whatever follows belongs to.
    pub span: [u8; 8],
}
