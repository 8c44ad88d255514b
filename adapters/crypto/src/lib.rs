//! Signed tokens. Guarantees: no claim is believed before the signature holds; the key decides which algorithms it
//! serves; keys and addresses of keys in a token are ignored; a key id counts only among the keys of its issuer; an
//! expired token is told apart from an invalid one. Limits: one configuration for all tenants, at most
//! [`TOKEN_BYTES_MAX`] bytes a token, no ES512.

#[cfg(any(test, feature = "attacks"))]
pub mod attacks;
mod claims;
mod config;
mod endpoint;
mod expected;
mod fetch;
mod key_set;
mod keys;
mod parts;
mod public_key;
mod rules;
mod secret;
#[cfg(test)]
mod tests;
mod tokens;
mod user_claim;

pub use config::{Config, ConfigError, JWKS_TTL, Jwks, JwksSource, PreviousSecret, Trust};
pub use expected::{Expected, Pattern};
pub use parts::TOKEN_BYTES_MAX;
pub use secret::Secret;
pub use tokens::Tokens;
