//! Proof that a question comes from this node, as Standard Webhooks has it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A secret shared with the back end. Deliberately without `Debug`.
#[derive(Clone)]
pub struct Secret(hmac::Key);

/// What the secrets of Standard Webhooks begin with.
const PREFIX: &str = "whsec_";

impl Secret {
    /// The secret that a text spells: bytes in base64 behind `whsec_`, else the text itself. `None` for an empty one, and
    /// for what is not base64.
    pub fn new(text: &str) -> Option<Self> {
        let bytes = match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => text.as_bytes().to_vec(),
        };
        (!bytes.is_empty()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

/// One signature for each secret, so that a receiver may know either.
pub(crate) fn signatures(secrets: &[Secret], id: &str, timestamp: u64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let sign = |secret: &Secret| format!("v1,{}", STANDARD.encode(hmac::sign(&secret.0, &signed)));
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_that_of_the_standard() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;

        let signature = signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_signs() {
        let [old, new] = ["old", "new"].map(|text| Secret::new(text).unwrap());
        let by = |secrets: &[Secret]| signatures(secrets, "m", 1, b"{}");

        let both = by(&[new.clone(), old.clone()]);

        assert_eq!(both, format!("{} {}", by(&[new]), by(&[old])));
    }

    #[test]
    fn empty_and_broken_texts_are_no_secrets() {
        for text in ["", "whsec_", "whsec_not base64"] {
            assert!(Secret::new(text).is_none(), "{text:?}");
        }
    }
}
