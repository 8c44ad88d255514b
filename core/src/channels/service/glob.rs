//! Patterns for channel names as shells write them: `*` any text, `?` one character, `[a-z]` and `[!a-z]` one of a
//! class, `{a,b}` either, `\` takes the next character as it is.

use regex::{Regex, RegexBuilder};

/// A pattern that makes sense.
pub(super) struct Glob(Regex);

/// Longest pattern.
const PATTERN_BYTES_MAX: usize = 1_024;
/// Most bytes a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 1 << 20;

impl Glob {
    /// The pattern a text spells, or why it spells none.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err("longer than 1024 bytes; write a shorter one");
        }
        let built = RegexBuilder::new(&expression(text)?).size_limit(COMPILED_BYTES_MAX).build();
        built.map(Self).map_err(|_| "not a pattern; write for example chat:* or {news,chat}:[a-z]*")
    }

    /// Whether a whole name matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

/// The same pattern as a regular expression, whose matching takes time linear in the name.
fn expression(text: &str) -> Result<String, &'static str> {
    let mut out = String::from("^");
    let mut depth = 0_usize;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => class(&mut letters, &mut out)?,
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            ',' if depth > 0 => out.push('|'),
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            '\\' => literal(letters.next().ok_or("ends after \\; write \\\\ for a backslash")?, &mut out),
            other => literal(other, &mut out),
        }
    }
    if depth > 0 {
        return Err("{ is never closed; write } after the last choice, or \\{ for a brace");
    }
    out.push('$');
    Ok(out)
}

/// What stands between `[` and `]`.
fn class(letters: &mut std::str::Chars<'_>, out: &mut String) -> Result<(), &'static str> {
    out.push('[');
    let mut is_first = true;
    for letter in letters.by_ref() {
        match letter {
            ']' if !is_first => {
                out.push(']');
                return Ok(());
            }
            '!' if is_first => out.push('^'),
            '-' => out.push('-'),
            other => literal(other, out),
        }
        is_first = false;
    }
    Err("[ is never closed; write ] after the last character, or \\[ for a bracket")
}

fn literal(letter: char, out: &mut String) {
    out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, fits: &[&str], fits_not: &[&str]) {
        let glob = Glob::parse(pattern).map_err(|why| format!("{pattern}: {why}")).unwrap();
        for name in fits {
            assert!(glob.matches(name), "{pattern} should match {name}");
        }
        for name in fits_not {
            assert!(!glob.matches(name), "{pattern} should not match {name}");
        }
    }

    #[test]
    fn patterns_match_whole_names() {
        check("chat", &["chat"], &["chats", "a chat", ""]);
        check("*", &["", "chat:a"], &[]);
        check("chat:*", &["chat:", "chat:a:b"], &["chat", "a:chat:b"]);
        check("c?at", &["chat", "c:at"], &["cat", "chhat"]);
        check("[a-c]x", &["ax", "bx"], &["dx", "-x"]);
        check("[!a-c]x", &["dx"], &["ax", "x"]);
        check("{news,chat}:*", &["news:a", "chat:"], &["sport:a"]);
        check("{a,b{c,d}}", &["a", "bc", "bd"], &["b", "abc"]);
    }

    #[test]
    fn everything_else_stands_for_itself() {
        check("a.b+(c)|^$", &["a.b+(c)|^$"], &["axb+(c)|^$"]);
        check("a,b}", &["a,b}"], &["a"]);
        check(r"\*\{\[\\", &[r"*{[\"], &[r"x{[\"]);
        check("[.^&]", &[".", "^", "&"], &["x"]);
    }

    #[test]
    fn what_is_no_pattern_says_what_to_write() {
        for bad in ["[", "[]", "[a", "{", "{a,{b}", "\\", "[z-a]", &"x".repeat(1_025)] {
            let why = Glob::parse(bad).err().unwrap_or_default();
            assert!(why.contains("write"), "{bad}: {why}");
        }
    }

    #[test]
    fn many_stars_cost_no_time() {
        let glob = Glob::parse(&"a*".repeat(100)).ok().unwrap();

        assert!(!glob.matches(&format!("{}b", "a".repeat(99))));
    }
}
