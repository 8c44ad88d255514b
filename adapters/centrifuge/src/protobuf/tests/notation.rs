//! Protobuf by hand: fields by their numbers, as the tables of P section 4 have them. Knows nothing of the codec.

/// A number, a flag or an enumeration.
pub(crate) fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A text or bytes.
pub(crate) fn bytes(field: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    [varint(field << 3 | 2), frame(&[content.as_ref()])].concat()
}

/// A message inside of another.
pub(crate) fn message<P: AsRef<[u8]>>(field: u64, parts: &[P]) -> Vec<u8> {
    bytes(field, joined(parts))
}

/// A message with its length in front.
pub(crate) fn frame<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    let content = joined(parts);
    [varint(content.len() as u64), content].concat()
}

pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn joined<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.as_ref().to_vec()).collect()
}
