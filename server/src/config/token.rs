//! `[token]`, `[subscription_token]`, `[[jwks]]` and `[api]`: how tokens and back ends prove that they are genuine.

use std::path::PathBuf;
use std::time::Duration;

use crypto::{Pattern, Secret};
use ports::time::Timestamp;

use super::section::section;

section! {
    /// How tokens are verified, see [P 10](protocol.md). `[subscription_token]` has the same keys; where it is written,
    /// subscription tokens are verified by it alone, and `[token]` is for connection tokens.
    Token {
        /// Secret shared with the application's back end, for HS256, HS384 and HS512. If nothing else verifies tokens
        /// either, one is made at the first start and kept in the data directory.
        hmac_secret: Option<Secret> = None;
        /// The secret before this one, while tokens signed with it are around.
        hmac_previous_secret: Option<Secret> = None;
        /// When the previous secret stops counting. Both are needed.
        hmac_previous_until: Option<Timestamp> = None;
        /// RSA public key in PEM, for RS256, RS384, RS512, PS256, PS384 and PS512.
        rsa_public_key: Option<String> = None, like "\"-----BEGIN PUBLIC KEY-----…\"";
        /// File with that key, in its place.
        rsa_public_key_file: Option<PathBuf> = None, like "\"/etc/wigwag/rsa.pem\"";
        /// Public key on the curve P-256 or P-384 in PEM, for ES256 or ES384.
        ec_public_key: Option<String> = None, like "\"-----BEGIN PUBLIC KEY-----…\"";
        /// File with that key, in its place.
        ec_public_key_file: Option<PathBuf> = None, like "\"/etc/wigwag/ec.pem\"";
        /// Ed25519 public key in PEM, for EdDSA.
        ed25519_public_key: Option<String> = None, like "\"-----BEGIN PUBLIC KEY-----…\"";
        /// File with that key, in its place.
        ed25519_public_key_file: Option<PathBuf> = None, like "\"/etc/wigwag/ed25519.pem\"";
        /// Address of a JSON Web Key Set, from which the `kid` of a token picks the key: `https`, or `http` on the same
        /// machine.
        jwks_url: Option<String> = None, like "\"https://login.example.com/keys.json\"";
        /// File with a key set, in its place.
        jwks_file: Option<PathBuf> = None, like "\"/etc/wigwag/keys.json\"";
        /// How long a key set from an address is used before it is fetched again.
        jwks_ttl: Duration = crypto::JWKS_TTL;
        /// What the `aud` claim must be or contain; unchecked if empty.
        audience: Option<String> = None, like "\"app\"";
        /// Regular expression that the whole of it must match, in its place.
        audience_regex: Option<Pattern> = None;
        /// What the `iss` claim must be; unchecked if empty.
        issuer: Option<String> = None, like "\"https://login.example.com\"";
        /// Regular expression that the whole of it must match, in its place.
        issuer_regex: Option<Pattern> = None;
        /// The claim that names the user; `sub` if empty.
        user_id_claim: Option<String> = None, like "\"uid\"";
    }
}

section! {
    /// A key set for the tokens of some issuers. Written once or many times, beside the keys in `[token]`, with `url` or
    /// `file`.
    Jwks {
        /// The `iss` claims whose tokens are verified with it. One set may have none and serves all others.
        issuers: Vec<String> = Vec::new(), like "[\"https://login.example.com\"]";
        /// Its address.
        url: Option<String> = None, like "\"https://login.example.com/keys.json\"";
        /// The file it is in.
        file: Option<PathBuf> = None, like "\"/etc/wigwag/keys.json\"";
        /// How long it is used, if it comes from an address, before it is fetched again.
        ttl: Duration = crypto::JWKS_TTL;
    }
}

section! {
    /// The HTTP API for back ends.
    Api {
        /// Key that back ends present, in visible ASCII. If empty, one is made at the first start and kept in the data
        /// directory.
        key: Option<Secret> = None;
        /// Development switch: the API needs no key. Pages of other hosts are refused then.
        insecure: bool = false, at start;
        /// Most requests to `/v1` in a second, as an average; 0 is any number.
        rate_max: usize = 0, within 0..=1_000_000, at start;
        /// Most requests to `/v1` at once, while that average holds; 0 is as many as `rate_max`.
        burst: usize = 0, within 0..=1_000_000, at start;
    }
}
