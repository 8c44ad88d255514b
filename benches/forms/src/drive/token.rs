//! Connection tokens: JWTs signed with HS256.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Seconds until a token expires; longer than any run.
const LIFETIME: u64 = 24 * 3600;

/// A token for the user of that number.
pub(super) fn sign(secret: &str, user: u32) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let claims = format!(r#"{{"sub":"user-{user}","exp":{}}}"#, now + LIFETIME);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(br#"{"alg":"HS256","typ":"JWT"}"#), encode(claims.as_bytes()));
    // A key of any length will do for this algorithm.
    let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut mac| {
        mac.update(signed.as_bytes());
        encode(&mac.finalize().into_bytes())
    });
    format!("{signed}.{}", signature.unwrap_or_default())
}
