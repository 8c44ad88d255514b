//! WebSocket frames (RFC 6455), whole ones only: nobody here sends fragments.

use std::ops::Range;

/// Opcode of text.
pub const TEXT: u8 = 1;
/// Opcode of bytes.
pub const BINARY: u8 = 2;
/// Opcode of a farewell.
pub const CLOSE: u8 = 8;
/// Opcode of a ping by frame.
pub const PING: u8 = 9;
/// Opcode of its answer.
pub const PONG: u8 = 10;

const LAST: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Any key does its duty; one that is not zero makes the reader do its work.
const KEY: [u8; 4] = [0x5a, 0x96, 0x3c, 0xc3];

/// Longer frames end the connection.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Where a frame stands in the bytes it was found in.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// What kind of frame it is.
    pub opcode: u8,
    /// Where its payload stands.
    pub payload: Range<usize>,
    /// Where the next frame begins.
    pub end: usize,
}

/// Bytes that are no frame of the subset.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a frame that is understood here")]
pub struct Malformed;

/// Finds the frame at the beginning and unmasks its payload in place. `None` if more bytes are needed.
pub fn decode(bytes: &mut [u8]) -> Result<Option<Frame>, Malformed> {
    let &mut [first, second, ..] = bytes else { return Ok(None) };
    if first & LAST == 0 || first & 0x70 != 0 {
        return Err(Malformed);
    }
    let Some((length, head)) = length(bytes, second & !MASKED) else { return Ok(None) };
    if length > FRAME_BYTES_MAX {
        return Err(Malformed);
    }
    let start = if second & MASKED == 0 { head } else { head + KEY.len() };
    let end = start + length;
    if bytes.len() < end {
        return Ok(None);
    }
    let (front, payload) = bytes.split_at_mut(start);
    if let Some(key) = front[head..].first_chunk() {
        mask(&mut payload[..length], *key);
    }
    Ok(Some(Frame { opcode: first & 0x0f, payload: start..end, end }))
}

/// Appends a frame as servers send it.
pub fn encode(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    head(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

/// Appends a frame as clients send it.
pub fn encode_masked(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    head(out, opcode, payload.len(), MASKED);
    out.extend_from_slice(&KEY);
    let start = out.len();
    out.extend_from_slice(payload);
    mask(&mut out[start..], KEY);
}

/// The length of the payload, and of what stands before the key.
fn length(bytes: &[u8], short: u8) -> Option<(usize, usize)> {
    let rest = &bytes[2..];
    match short {
        126 => rest.first_chunk().map(|long| (u16::from_be_bytes(*long).into(), 4)),
        127 => {
            let long = u64::from_be_bytes(*rest.first_chunk()?);
            Some((usize::try_from(long).unwrap_or(usize::MAX), 10))
        }
        short => Some((short.into(), 2)),
    }
}

fn head(out: &mut Vec<u8>, opcode: u8, length: usize, masked: u8) {
    out.push(LAST | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => out.push(masked | short),
        (_, Ok(long)) => {
            out.push(masked | 126);
            out.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

fn mask(payload: &mut [u8], key: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut();
    let long = u32::from_ne_bytes(key);
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ long).to_ne_bytes();
    }
    rest.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again_at_every_length_of_head() {
        for length in [0, 1, 3, 125, 126, 127, 65_535, FRAME_BYTES_MAX] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            for encode in [encode, encode_masked] {
                let mut bytes = b"front".to_vec();
                encode(&mut bytes, TEXT, &payload);
                let whole = bytes.len() - 5;

                let frame = decode(&mut bytes[5..]).unwrap().unwrap();

                assert_eq!((frame.opcode, frame.end), (TEXT, whole));
                assert_eq!(bytes[5..][frame.payload], payload);
            }
        }
    }

    #[test]
    fn a_frame_cut_anywhere_waits_for_the_rest_untouched() {
        let mut whole = Vec::new();
        encode_masked(&mut whole, TEXT, &[7; 300]);

        for cut in 0..whole.len() {
            let mut part = whole[..cut].to_vec();
            assert_eq!(decode(&mut part), Ok(None), "{cut}");
            assert_eq!(part, whole[..cut]);
        }
    }

    #[test]
    fn fragments_extensions_and_giants_are_refused() {
        for mut bytes in [vec![TEXT, 0], vec![LAST | 0x40 | TEXT, 0], [&[0x81, 127][..], &[0xff; 8]].concat()]
        {
            assert_eq!(decode(&mut bytes), Err(Malformed));
        }
    }
}
