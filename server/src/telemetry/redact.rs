//! What must not be in a log line, whoever wrote it: secrets of the configuration, tokens, e-mail addresses.
//!
//! No line of ours names any of these; this is the second wall, for the lines of libraries and for mistakes.

use std::borrow::Cow;

/// Shorter secrets are not looked for: they would be found in ordinary words.
const SECRET_BYTES_MIN: usize = 6;
/// Each part of a token has at least so many letters.
const TOKEN_PART_BYTES_MIN: usize = 8;

/// Most secrets that are looked for; those that are out of use for longest are forgotten first.
const SECRETS_MAX: usize = 64;

/// What is looked for beside tokens and addresses.
#[derive(Default)]
pub struct Redactor {
    /// The newest first.
    given: Vec<String>,
    secrets: Vec<String>,
}

impl Redactor {
    /// Looks for these secrets as well, also as they stand within JSON.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut given: Vec<String> =
            secrets.into_iter().filter(|secret| secret.len() >= SECRET_BYTES_MIN).collect();
        given.truncate(SECRETS_MAX);
        let mut all = Vec::new();
        for secret in given.iter().cloned() {
            let quoted = format!("{secret:?}");
            let escaped = quoted.trim_matches('"').to_owned();
            if escaped != secret {
                all.push(escaped);
            }
            all.push(secret);
        }
        // What contains another one goes first.
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { given, secrets: all }
    }

    /// Looks for these secrets before those of this one: a secret that opens nothing any more still opens what was kept,
    /// and tokens that were signed with it are around.
    pub fn with(&self, secrets: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = secrets.into_iter().collect();
        let former: Vec<String> = self.given.iter().filter(|one| !all.contains(one)).cloned().collect();
        all.extend(former);
        Self::new(all)
    }

    /// The text without them.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), "[secret]"));
            }
        }
        match replaced(&text) {
            Some(clean) => Cow::Owned(clean),
            None => text,
        }
    }
}

/// The text without tokens and addresses, if it has any.
fn replaced(text: &str) -> Option<String> {
    if !text.contains('@') && !text.contains('.') {
        return None;
    }
    let mut clean = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find(is_wordy) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|letter| !is_wordy(letter)).unwrap_or(from.len()));
        clean.push_str(before);
        let stand_in = if has_address(word) {
            Some("[email]")
        } else if has_token(word) {
            Some("[token]")
        } else {
            None
        };
        found |= stand_in.is_some();
        clean.push_str(stand_in.unwrap_or(word));
        rest = after;
    }
    clean.push_str(rest);
    found.then_some(clean)
}

/// Whether a letter may be part of an address or a token.
fn is_wordy(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '+' | '%' | '@')
}

/// `somebody@example.com`, also with the sign in the way of URLs.
fn has_address(word: &str) -> bool {
    [('@', 1), ('%', 3)].into_iter().any(|(sign, length)| {
        word.match_indices(sign).any(|(at, _)| {
            let (name, rest) = word.split_at(at);
            let (sign, host) = rest.split_at_checked(length).unwrap_or((rest, ""));
            let is_sign = sign == "@" || sign.eq_ignore_ascii_case("%40");
            is_sign && !name.is_empty() && host.trim_end_matches('.').contains('.')
        })
    })
}

/// Three parts of base 64 with points between them, of which the first is the beginning of a JSON object.
fn has_token(word: &str) -> bool {
    let Some((_, token)) = word.split_once("eyJ") else { return false };
    let mut parts = token.split('.');
    let is_long = |part: Option<&str>| part.is_some_and(|part| part.len() >= TOKEN_PART_BYTES_MIN);
    is_long(parts.next()) && is_long(parts.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.Zm9vYmFyYmF6cXV4cXV1eA";

    #[test]
    fn tokens_addresses_and_secrets_are_replaced() {
        let redactor = Redactor::new(["s3cret-of-ours".to_owned(), "with\"quote\\s".to_owned()]);
        let clean = |text: &str| redactor.clean(text).into_owned();

        assert_eq!(clean(&format!("token={TOKEN}, next")), "token=[token], next");
        assert_eq!(clean("user=\"jo.doe+x@mail.example.com\" came"), "user=\"[email]\" came");
        assert_eq!(clean("GET /?u=jo%40example.com HTTP"), "GET /?u=[email] HTTP");
        assert_eq!(clean("GET /?u=jo%40EXAMPLE.com&a=b"), "GET /?u=[email]&a=b");
        assert_eq!(clean("key s3cret-of-ours!"), "key [secret]!");
        assert_eq!(clean(r#"{"a":"with\"quote\\s"}"#), r#"{"a":"[secret]"}"#);
        assert_eq!(clean("jö@exämple.org"), "[email]");
    }

    #[test]
    fn secrets_that_were_replaced_are_still_replaced_in_lines() {
        let old = Redactor::new(["the-first-one".to_owned()]);
        let new = old.with(["the-second-one".to_owned()]);
        assert_eq!(new.clean("the-first-one the-second-one"), "[secret] [secret]");

        let many = (0..SECRETS_MAX).fold(new, |redactor, number| redactor.with([format!("secret-{number}")]));
        assert_eq!(many.clean("the-first-one secret-0 secret-63"), "the-first-one [secret] [secret]");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let redactor = Redactor::new(["abc".to_owned()]);
        for text in [
            "",
            "listening on 127.0.0.1:8000, abc",
            "wigwag::transport::accept: a.b.c @ home",
            "2026-11-20T20:41:23.123456Z  INFO wigwag::node: draining over=100ms",
            "eyJhbGci.x.y",
            "ends with eyJ",
            "@",
            "a@b",
            "äöü % 40 %4",
            "100%.",
        ] {
            assert!(matches!(redactor.clean(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
