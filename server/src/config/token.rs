//! `[token]` and `[api]`: how tokens and back ends prove that they are genuine.

use crypto::Secret;

use super::section::section;

section! {
    /// How tokens are verified.
    Token {
        /// Secret shared with the application's back end, for HS256, HS384 and HS512. If empty, one is made at the
        /// first start and kept in the data directory.
        hmac_secret: Option<Secret> = None;
        /// What the `aud` claim must be or contain; unchecked if empty.
        audience: Option<String> = None;
        /// What the `iss` claim must be; unchecked if empty.
        issuer: Option<String> = None;
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
