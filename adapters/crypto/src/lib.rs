//! Signed tokens. Guarantees: no claim is believed before the signature holds, algorithms other than HS256, HS384 and
//! HS512 are refused, and an expired token is told apart from an invalid one. Limits: one secret for all tenants, at
//! most [`TOKEN_BYTES_MAX`] bytes a token.

mod claims;
mod hmac;
mod secret;
#[cfg(test)]
mod tests;

pub use hmac::{Config, HmacTokens, TOKEN_BYTES_MAX};
pub use secret::Secret;
