//! `[token]`, `[subscription_token]`, `[[jwks]]` and `[api]`: how tokens and back ends prove that they are genuine.

use std::path::PathBuf;
use std::time::Duration;

use crypto::{Pattern, Secret};
use ports::time::Timestamp;

use super::section::section;

section! {
    /// How tokens are verified. Written as `[subscription_token]`, how those of subscriptions are, of which nothing in
    /// `[token]` then holds.
    Token {
        /// Secret shared with the application's back end, for HS256, HS384 and HS512. If nothing else verifies tokens
        /// either, one is made at the first start and kept in the data directory.
        hmac_secret: Option<Secret> = None;
        /// The secret before this one, while tokens signed with it are around.
        hmac_previous_secret: Option<Secret> = None;
        /// When the previous secret stops counting, such as `2027-01-31` or `2027-01-31T12:00:00Z`.
        hmac_previous_until: Option<Timestamp> = None;
        /// RSA public key in PEM, for RS256, RS384, RS512, PS256, PS384 and PS512.
        rsa_public_key: Option<String> = None;
        /// File with that key.
        rsa_public_key_file: Option<PathBuf> = None;
        /// Public key on the curve P-256 or P-384 in PEM, for ES256 or ES384.
        ec_public_key: Option<String> = None;
        /// File with that key.
        ec_public_key_file: Option<PathBuf> = None;
        /// Ed25519 public key in PEM, for EdDSA.
        ed25519_public_key: Option<String> = None;
        /// File with that key.
        ed25519_public_key_file: Option<PathBuf> = None;
        /// Address of a JSON Web Key Set, from which the `kid` of a token picks the key.
        jwks_url: Option<String> = None;
        /// File with a key set.
        jwks_file: Option<PathBuf> = None;
        /// How long a key set from an address is used before it is fetched again.
        jwks_ttl: Duration = crypto::JWKS_TTL;
        /// What the `aud` claim must be or contain; unchecked if empty.
        audience: Option<String> = None;
        /// Regular expression that the whole of it must match.
        audience_regex: Option<Pattern> = None;
        /// What the `iss` claim must be; unchecked if empty.
        issuer: Option<String> = None;
        /// Regular expression that the whole of it must match.
        issuer_regex: Option<Pattern> = None;
        /// The claim that names the user; `sub` if empty.
        user_id_claim: Option<String> = None;
    }
}

section! {
    /// A key set for the tokens of some issuers. Written once or many times, beside the keys in `[token]`.
    Jwks {
        /// The `iss` claims whose tokens are verified with it. One set may have none and serves all others.
        issuers: Vec<String> = Vec::new();
        /// Its address.
        url: Option<String> = None;
        /// The file it is in.
        file: Option<PathBuf> = None;
        /// How long it is used, if it comes from an address, before it is fetched again.
        ttl: Duration = crypto::JWKS_TTL;
    }
}

section! {
    /// The HTTP API for back ends.
    Api {
        /// Key that back ends present. If empty, one is made at the first start and kept in the data directory.
        key: Option<Secret> = None;
        /// Development switch: the API needs no key.
        insecure: bool = false;
    }
}
