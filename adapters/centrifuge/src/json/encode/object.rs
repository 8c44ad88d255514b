//! A JSON object while it is written. Members that say nothing are left out, unless they are written `always`
//! (P-ENC-3, P-ENC-4).

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use ports::protocol::Unspeakable;

use super::super::payload;

/// Whether everything could be said; only payloads ever fail.
pub(super) type Said = Result<(), Unspeakable>;

/// What becomes of a payload that is not JSON.
#[derive(Clone, Copy)]
pub(super) enum NotJson {
    /// Nothing can be said (P-FRM-6).
    Unspeakable,
    /// It is written in base64, under its name with `b64` in front.
    Base64,
}

/// One object as one line.
pub(super) fn line(
    bytes_hint: usize,
    not_json: NotJson,
    fill: impl FnOnce(&mut Object<'_>) -> Said,
) -> Result<Bytes, Unspeakable> {
    let mut out = String::with_capacity(bytes_hint);
    Object::write(&mut out, not_json, fill)?;
    Ok(Bytes::from(out))
}

/// The object that is open right now.
pub(super) struct Object<'a> {
    out: &'a mut String,
    not_json: NotJson,
    is_empty: bool,
}

impl Object<'_> {
    /// Expects so many more bytes.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// A number; zero is left out.
    pub(super) fn number(&mut self, key: &str, number: impl Into<u64>) {
        let number = number.into();
        if number != 0 {
            self.number_always(key, number);
        }
    }

    /// A number, also zero.
    pub(super) fn number_always(&mut self, key: &str, number: impl Into<u64>) {
        self.key(key);
        show(self.out, format_args!("{}", number.into()));
    }

    /// A text; an empty one is left out.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.text_always(key, text);
        }
    }

    /// A text, also an empty one.
    pub(super) fn text_always(&mut self, key: &str, text: &str) {
        self.key(key);
        quote(self.out, text);
    }

    /// A flag; false is left out.
    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        if flag {
            self.key(key);
            self.out.push_str("true");
        }
    }

    /// A payload; an empty one is left out.
    pub(super) fn json(&mut self, key: &str, payload: &[u8]) -> Said {
        if payload.is_empty() {
            return Ok(());
        }
        match (payload::as_json(payload), self.not_json) {
            (Some(json), _) => {
                self.key(key);
                self.out.push_str(&payload::on_one_line(json));
            }
            (None, NotJson::Base64) => self.text_always(&format!("b64{key}"), &BASE64.encode(payload)),
            (None, NotJson::Unspeakable) => return Err(Unspeakable),
        }
        Ok(())
    }

    /// A payload as a text, with each of its bytes, or the patch that leads to it (P-DL-4).
    pub(super) fn json_as_text(&mut self, key: &str, payload: &[u8], patch: Option<&str>) -> Said {
        let json = match payload {
            [] => "",
            _ => payload::as_json(payload).ok_or(Unspeakable)?,
        };
        self.text(key, patch.unwrap_or(json));
        Ok(())
    }

    /// JSON made by the application, left out if it is none: one odd token must not end everybody's connection.
    pub(super) fn json_if_it_is(&mut self, key: &str, payload: &[u8]) {
        let _ = self.json(key, payload);
    }

    /// An object, also an empty one.
    pub(super) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>) -> Said) -> Said {
        self.key(key);
        Object::write(self.out, self.not_json, fill)
    }

    /// A list of objects, also an empty one.
    pub(super) fn objects<T>(
        &mut self,
        key: &str,
        items: &[T],
        fill: impl Fn(&mut Object<'_>, &T) -> Said,
    ) -> Said {
        self.key(key);
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            Object::write(self.out, self.not_json, |object| fill(object, item))?;
        }
        self.out.push(']');
        Ok(())
    }

    fn write(out: &mut String, not_json: NotJson, fill: impl FnOnce(&mut Object<'_>) -> Said) -> Said {
        out.push('{');
        fill(&mut Object { out, not_json, is_empty: true })?;
        out.push('}');
        Ok(())
    }

    fn key(&mut self, key: &str) {
        if !self.is_empty {
            self.out.push(',');
        }
        self.is_empty = false;
        quote(self.out, key);
        self.out.push(':');
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, special, behind)) = until_special(rest) {
        out.push_str(plain);
        match special {
            '"' | '\\' => out.extend(['\\', special]),
            _ => show(out, format_args!("\\u{:04x}", u32::from(special))),
        }
        rest = behind;
    }
    out.push_str(rest);
    out.push('"');
}

/// The text before the first letter that must not stand between quotes, that letter, and the text behind it.
fn until_special(text: &str) -> Option<(&str, char, &str)> {
    let place = text.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
    let (plain, rest) = text.split_at_checked(place)?;
    let mut letters = rest.chars();
    Some((plain, letters.next()?, letters.as_str()))
}

fn show(out: &mut String, what: std::fmt::Arguments<'_>) {
    // A `String` takes whatever is written to it.
    let _ = out.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_a_json_parser() {
        for text in ["", "plain", "\"\\/", "\0\u{1}\n\r\t\u{1f}\u{7f}", "grün \u{2028}\u{2029} 🦀"] {
            let mut out = String::new();

            quote(&mut out, text);

            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
            assert!(!out.contains(['\n', '\r']));
        }
    }

    #[test]
    fn members_that_say_nothing_are_left_out_unless_they_are_always_written() {
        let line = line(0, NotJson::Unspeakable, |object| {
            object.number("a", 0u32);
            object.text("b", "");
            object.flag("c", false);
            object.json("d", b"")?;
            object.number_always("e", 0u32);
            object.text_always("f", "");
            object.object("g", |_| Ok(()))?;
            object.objects("h", &[(); 0], |_, ()| Ok(()))
        });

        assert_eq!(line.unwrap(), r#"{"e":0,"f":"","g":{},"h":[]}"#);
    }
}
