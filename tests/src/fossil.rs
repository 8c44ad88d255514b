//! A reader of differences in the fossil format (P section 13), as strict as the format allows.

/// What the patch makes of the base; what is wrong with it otherwise.
pub fn apply(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, String> {
    let mut rest = Cursor { bytes: patch };
    let length = rest.number()?;
    rest.expect(b'\n')?;
    let mut target = Vec::new();
    loop {
        let number = rest.number()?;
        match rest.next()? {
            b'@' => {
                let offset = rest.number()?;
                rest.expect(b',')?;
                let end = offset.checked_add(number).ok_or("a copy beyond all bounds")?;
                target.extend(base.get(offset..end).ok_or("a copy from beyond the base")?);
            }
            b':' => target.extend(rest.take(number)?),
            b';' if target.len() != length => return Err(format!("{} bytes of {length}", target.len())),
            b';' if u32::try_from(number) != Ok(checksum(&target)) => return Err("a wrong sum".to_owned()),
            b';' if rest.bytes.is_empty() => return Ok(target),
            b';' => return Err("something after the end".to_owned()),
            other => return Err(format!("an unknown step {:?}", char::from(other))),
        }
        if target.len() > length {
            return Err(format!("more than {length} bytes"));
        }
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Result<u8, String> {
        let (first, rest) = self.bytes.split_first().ok_or("an early end")?;
        self.bytes = rest;
        Ok(*first)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), String> {
        let found = self.next()?;
        if found == wanted { Ok(()) } else { Err(format!("{found} instead of {wanted}")) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or("an insert beyond the end")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, String> {
        const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
        let mut number: usize = 0;
        let begin = self.bytes;
        while let Some((first, rest)) = self.bytes.split_first()
            && let Some(digit) = DIGITS.iter().position(|one| one == first)
        {
            number = number.checked_mul(64).and_then(|n| n.checked_add(digit)).ok_or("a huge number")?;
            self.bytes = rest;
        }
        if self.bytes.len() == begin.len() { Err("no number".to_owned()) } else { Ok(number) }
    }
}

/// The sum of all words of four bytes, the last one filled up with zeros.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0, |sum: u32, chunk| {
        let shifts = [24, 16, 8, 0];
        let word = chunk.iter().zip(shifts).fold(0, |word, (byte, shift)| word | u32::from(*byte) << shift);
        sum.wrapping_add(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_inserts_make_the_target() {
        // "abcd" is 0x61626364, "xy" is 0x78790000: their sum is 0xd9db6364.
        let patch = b"6\n4@2,2:xy3PrrD_;";
        let sum = checksum(b"abcdxy");

        assert_eq!(sum, 0xd9db_6364);
        assert_eq!(apply(b"--abcd--", patch), Ok(b"abcdxy".to_vec()));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for patch in [
            "",
            "6",
            "6\n",
            "6\n9@2,",
            "6\n4@2,2:xy0;",
            "5\n4@2,2:xy3PrrD_;",
            "6\n4@2,2:xy3PrrD_;x",
            "6\n4?2,",
        ] {
            assert!(apply(b"--abcd--", patch.as_bytes()).is_err(), "{patch:?}");
        }
    }
}
