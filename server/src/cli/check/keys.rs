//! Whether the keys can be used, and whether they can be guessed.

use std::collections::BTreeMap;

use crypto::{Secret, Tokens};

use super::Finding;
use crate::config::Config;

/// A shared secret is as long as what its algorithm makes of it: the 256 bits of HS256 (RFC 7518, 3.2).
const BYTES_MIN: usize = 32;
/// What is easier to guess than this is tried out in an hour; what is drawn at random has twice as much at that length.
const BITS_MIN: f64 = 64.0;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let stand_in = Secret::new("what the first start will make");
    let usable = config
        .trust(stand_in)
        .and_then(|trust| Tokens::new(&trust).map(drop).map_err(|error| format!("token: {error}")));
    findings.extend(usable.err().map(|problem| Finding::error("keys", problem, None)));

    let own = config.subscription_token.as_ref();
    let secrets = [
        ("api.key", config.api.key.as_ref()),
        ("token.hmac_secret", config.token.hmac_secret.as_ref()),
        ("token.hmac_previous_secret", config.token.hmac_previous_secret.as_ref()),
        ("subscription_token.hmac_secret", own.and_then(|token| token.hmac_secret.as_ref())),
        (
            "subscription_token.hmac_previous_secret",
            own.and_then(|token| token.hmac_previous_secret.as_ref()),
        ),
    ];
    let written = || secrets.iter().filter_map(|(name, secret)| Some((*name, secret.as_ref()?.expose())));
    findings.extend(written().filter_map(|(name, secret)| weakness(name, secret)));
    let mut seen = BTreeMap::new();
    for (name, secret) in written() {
        if let Some(first) = seen.insert(secret, name) {
            let what = format!("{name} is the same as {first}: whoever learns one has both");
            findings.push(Finding::error("keys", what, fresh(name)));
        }
    }
    if findings.is_empty() {
        findings.push(match written().count() {
            0 => Finding::ok("keys", "none are written; the node makes its own"),
            _ => Finding::ok("keys", "long enough and each for itself"),
        });
    }
    findings
}

fn weakness(name: &str, secret: &str) -> Option<Finding> {
    let bits = guesses(secret);
    if bits < BITS_MIN {
        let what = format!("{name} can be guessed: it is worth about {bits:.0} bits");
        return Some(Finding::error("keys", what, fresh(name)));
    }
    (secret.len() < BYTES_MIN).then(|| {
        let what =
            format!("{name} is {} bytes long, fewer than the {BYTES_MIN} of a strong key", secret.len());
        Finding::warning("keys", what, fresh(name))
    })
}

fn fresh(name: &str) -> Option<String> {
    Some(format!("set {name} to the output of openssl rand -base64 32"))
}

/// Bits of a text whose letters were drawn one by one as often as they occur in it. Words are worth less than it says,
/// runs and repetitions hardly anything.
fn guesses(secret: &str) -> f64 {
    let mut counts: BTreeMap<char, f64> = BTreeMap::new();
    secret.chars().for_each(|letter| *counts.entry(letter).or_default() += 1.0);
    let length: f64 = counts.values().sum();
    let per_letter: f64 = counts.values().map(|count| -(count / length) * (count / length).log2()).sum();
    per_letter * length
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn short_and_dull_secrets_can_be_guessed() {
        let grade = |secret: &str| weakness("token.hmac_secret", secret).map(|finding| finding.grade);

        for dull in ["secret", "changeme", &"a".repeat(64), &"ab".repeat(20), "password1234"] {
            assert_eq!(grade(dull), Some(Grade::Error), "{dull}");
        }
        assert_eq!(grade("Jk3-pq8_Zs2.mN7+xW4y"), Some(Grade::Warning));
        assert_eq!(grade("q7X0mJ1nYcV5bT2rKsE8dWfLhGzPaU4iOoNvCxQwM3A"), None);
    }
}
