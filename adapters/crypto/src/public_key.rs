//! A public key together with the algorithms it may be used with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use crate::ConfigError;

/// Bytes of the smallest and the largest RSA modulus: 2048 and 8192 bits.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of a point on P-256, uncompressed.
const P256_POINT_BYTES: usize = 65;
/// Bytes of a point on P-384, uncompressed.
const P384_POINT_BYTES: usize = 97;
const ED25519_BYTES: usize = 32;

/// A key that verifies. The key decides which algorithms it serves, never the token.
pub(crate) struct PublicKey {
    pub(crate) decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

impl PublicKey {
    /// The key, if it is a sound public key of a kind that we know.
    pub(crate) fn new(decoding: DecodingKey) -> Option<Self> {
        let algorithms = match decoding.family() {
            AlgorithmFamily::Hmac => return None,
            AlgorithmFamily::Rsa => rsa_algorithms(&decoding)?,
            AlgorithmFamily::Ec => {
                let point = decoding.try_get_as_bytes().ok()?;
                match (point.len(), point.first()) {
                    (P256_POINT_BYTES, Some(4)) => vec![Algorithm::ES256],
                    (P384_POINT_BYTES, Some(4)) => vec![Algorithm::ES384],
                    _ => return None,
                }
            }
            AlgorithmFamily::Ed => {
                let sound = decoding.try_get_as_bytes().is_ok_and(|key| key.len() == ED25519_BYTES);
                sound.then_some(vec![Algorithm::EdDSA])?
            }
        };
        Some(Self { decoding, algorithms })
    }

    /// The key in a PEM text.
    pub(crate) fn from_pem(pem: &str, family: AlgorithmFamily) -> Result<Self, ConfigError> {
        let bytes = pem.as_bytes();
        let (setting, wanted, decoding) = match family {
            AlgorithmFamily::Rsa => {
                let key = DecodingKey::from_rsa_pem(bytes);
                ("rsa_public_key", "an RSA public key of 2048 to 8192 bits", key)
            }
            AlgorithmFamily::Ec => {
                ("ec_public_key", "a public key on P-256 or P-384", DecodingKey::from_ec_pem(bytes))
            }
            AlgorithmFamily::Ed | AlgorithmFamily::Hmac => {
                ("ed25519_public_key", "an Ed25519 public key", DecodingKey::from_ed_pem(bytes))
            }
        };
        // The library would read private keys and certificates as well.
        let public = pem.contains("PUBLIC KEY-----") && !pem.contains("PRIVATE KEY-----");
        let key = decoding.ok().filter(|_| public).and_then(Self::new);
        key.ok_or(ConfigError::PublicKey { setting, wanted })
    }

    /// The key for this algorithm only, if it serves it.
    pub(crate) fn only_for(mut self, algorithm: Algorithm) -> Option<Self> {
        self.algorithms.retain(|served| *served == algorithm);
        (!self.algorithms.is_empty()).then_some(self)
    }

    pub(crate) fn serves(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

fn rsa_algorithms(key: &DecodingKey) -> Option<Vec<Algorithm>> {
    let AlgorithmParameters::RSA(rsa) = Jwk::from_decoding_key(key, None).ok()?.algorithm else {
        return None;
    };
    let modulus = URL_SAFE_NO_PAD.decode(rsa.n).ok()?;
    let leading_zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let sound = RSA_MODULUS_BYTES.contains(&(modulus.len() - leading_zeros));
    sound.then(|| AlgorithmFamily::Rsa.algorithms().to_vec())
}
