//! A decoder that believes nothing: every length, offset and sum is checked.

/// One command of a patch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Copy { offset: usize, count: usize },
    Insert(Vec<u8>),
}

/// The target that a patch makes of a base.
pub(super) fn decode(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (length, commands, sum) = parse(patch)?;
    let mut target = Vec::new();
    for command in commands {
        match command {
            Command::Copy { offset, count } => {
                let end = offset.checked_add(count).ok_or("copy overflows")?;
                target.extend_from_slice(base.get(offset..end).ok_or("copy beyond the base")?);
            }
            Command::Insert(bytes) => target.extend_from_slice(&bytes),
        }
        if target.len() > length {
            return Err("longer than announced");
        }
    }
    if target.len() != length {
        return Err("shorter than announced");
    }
    if plain_checksum(&target) != sum {
        return Err("checksum differs");
    }
    Ok(target)
}

/// The commands of a good patch.
pub(super) fn commands(patch: &[u8]) -> Vec<Command> {
    parse(patch).unwrap().1
}

fn parse(patch: &[u8]) -> Result<(usize, Vec<Command>, u32), &'static str> {
    let (length, mut rest) = number(patch)?;
    rest = rest.strip_prefix(b"\n").ok_or("no line end after the length")?;
    let mut commands = Vec::new();
    loop {
        let (value, after) = number(rest)?;
        match after.split_first().ok_or("no end")? {
            (b'@', after) => {
                let (offset, after) = number(after)?;
                rest = after.strip_prefix(b",").ok_or("no comma after a copy")?;
                commands.push(Command::Copy { offset, count: value });
            }
            (b':', after) => {
                let (bytes, after) = after.split_at_checked(value).ok_or("insert beyond the patch")?;
                rest = after;
                commands.push(Command::Insert(bytes.to_vec()));
            }
            (b';', []) => return Ok((length, commands, u32::try_from(value).map_err(|_| "sum too large")?)),
            (b';', _) => return Err("something behind the end"),
            _ => return Err("unknown command"),
        }
    }
}

fn number(bytes: &[u8]) -> Result<(usize, &[u8]), &'static str> {
    let digits = bytes.iter().take_while(|byte| digit(**byte).is_some()).count();
    if !(1..=6).contains(&digits) {
        return Err("no number, or one beyond 36 bits");
    }
    let (number, rest) = bytes.split_at(digits);
    if digits > 1 && number[0] == b'0' {
        return Err("leading zero");
    }
    Ok((number.iter().filter_map(|byte| digit(*byte)).fold(0, |value, digit| value * 64 + digit), rest))
}

fn digit(byte: u8) -> Option<usize> {
    let (first, value) = match byte {
        b'0'..=b'9' => (b'0', 0),
        b'A'..=b'Z' => (b'A', 10),
        b'_' => (b'_', 36),
        b'a'..=b'z' => (b'a', 37),
        b'~' => (b'~', 63),
        _ => return None,
    };
    Some(usize::from(byte - first) + value)
}

/// Byte by byte, each at its place in its word.
fn plain_checksum(bytes: &[u8]) -> u32 {
    let shifted = |(at, byte): (usize, &u8)| u32::from(*byte) << (24 - at % 4 * 8);
    bytes.iter().enumerate().map(shifted).fold(0, u32::wrapping_add)
}

#[test]
fn the_decoder_refuses_what_does_not_fit() {
    let base = b"0123456789";
    for (patch, complaint) in [
        (&b"3\n3:abc"[..], "no number, or one beyond 36 bits"),
        (b"3 3:abc2;", "no line end after the length"),
        (b"3\n3@8,0;", "copy beyond the base"),
        (b"2\n3@0,0;", "longer than announced"),
        (b"4\n3@0,0;", "shorter than announced"),
        (b"3\n3@0,0;", "checksum differs"),
        (b"3\n9:abc0;", "insert beyond the patch"),
        (b"3\n3?0,0;", "unknown command"),
        (b"0\n0;0;", "something behind the end"),
    ] {
        assert_eq!(decode(base, patch), Err(complaint));
    }
    assert_eq!(decode(base, b"0\n0;"), Ok(Vec::new()));
}
