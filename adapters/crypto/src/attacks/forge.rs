//! Signing whatever one likes, with keys that are worth nothing.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// The private keys behind a target's public ones, and one that nobody trusts.
pub(crate) struct Signers {
    pub(crate) rsa: RsaKeyPair,
    pub(crate) ec: EcdsaKeyPair,
    pub(crate) ed: Ed25519KeyPair,
    pub(crate) set_rsa: RsaKeyPair,
    pub(crate) set_ec: EcdsaKeyPair,
    pub(crate) set_ec384: EcdsaKeyPair,
    pub(crate) set_ed: Ed25519KeyPair,
    pub(crate) other_ec: EcdsaKeyPair,
    pub(crate) evil_ec: EcdsaKeyPair,
}

impl Signers {
    pub(crate) fn generate() -> Self {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let ec = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed = || Ed25519KeyPair::generate().unwrap();
        Self {
            rsa: rsa(),
            ec: ec(),
            ed: ed(),
            set_rsa: rsa(),
            set_ec: ec(),
            set_ec384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            set_ed: ed(),
            other_ec: ec(),
            evil_ec: ec(),
        }
    }

    /// The RSA key of the key set with these members.
    pub(crate) fn set_rsa_jwk(&self, mut members: Value) -> Value {
        let parts: PublicKeyComponents<Vec<u8>> = self.set_rsa.public_key().into();
        let key = members.as_object_mut().unwrap();
        key.insert("kty".into(), json!("RSA"));
        key.insert("n".into(), json!(URL_SAFE_NO_PAD.encode(parts.n)));
        key.insert("e".into(), json!(URL_SAFE_NO_PAD.encode(parts.e)));
        members
    }
}

pub(crate) fn ec_jwk(key: &EcdsaKeyPair, curve: &str, kid: &str) -> Value {
    let (_, point) = key.public_key().as_ref().split_first().unwrap();
    let (x, y) = point.split_at(point.len() / 2);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    json!({ "kty": "EC", "crv": curve, "kid": kid, "x": x, "y": y })
}

pub(crate) fn ed_jwk(key: &Ed25519KeyPair, kid: &str) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "use": "sig", "alg": "EdDSA" })
}

pub(crate) fn rsa_der(key: &RsaKeyPair) -> Vec<u8> {
    AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap().as_ref().to_vec()
}

pub(crate) fn ec_der(key: &EcdsaKeyPair) -> Vec<u8> {
    AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap().as_ref().to_vec()
}

pub(crate) fn ed_der(key: &Ed25519KeyPair) -> Vec<u8> {
    AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap().as_ref().to_vec()
}

pub(crate) fn public_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// The signed part of a token.
pub(crate) fn message(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

/// A token with exactly this signature.
pub(crate) fn with_signature(header: &str, payload: &str, signature: &[u8]) -> String {
    format!("{}.{}", message(header, payload), URL_SAFE_NO_PAD.encode(signature))
}

/// A token with an HMAC-SHA-256 signature, whatever the header says.
pub(crate) fn hs256(header: &str, payload: &str, secret: impl AsRef<[u8]>) -> String {
    hs(hmac::HMAC_SHA256, header, payload, secret)
}

pub(crate) fn hs(hash: hmac::Algorithm, header: &str, payload: &str, secret: impl AsRef<[u8]>) -> String {
    let key = hmac::Key::new(hash, secret.as_ref());
    let signature = hmac::sign(&key, message(header, payload).as_bytes());
    with_signature(header, payload, signature.as_ref())
}

/// A token with an RSA signature, whatever the header says.
pub(crate) fn rsa(
    key: &RsaKeyPair,
    encoding: &'static dyn RsaEncoding,
    header: &str,
    payload: &str,
) -> String {
    let mut signature = vec![0; key.public_modulus_len()];
    let message = message(header, payload);
    key.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    with_signature(header, payload, &signature)
}

/// A token with an ECDSA signature of fixed length.
pub(crate) fn ec(key: &EcdsaKeyPair, header: &str, payload: &str) -> String {
    with_signature(header, payload, &ec_signature(key, header, payload))
}

pub(crate) fn ec_signature(key: &EcdsaKeyPair, header: &str, payload: &str) -> Vec<u8> {
    let message = message(header, payload);
    key.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
}

/// A token with an ECDSA signature in DER, as certificates have it.
pub(crate) fn ec_in_der(key: &EcdsaKeyPair, header: &str, payload: &str) -> String {
    let pkcs8 = key.to_pkcs8v1().unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
    ec(&key, header, payload)
}

pub(crate) fn ed(key: &Ed25519KeyPair, header: &str, payload: &str) -> String {
    let signature = key.sign(message(header, payload).as_bytes());
    with_signature(header, payload, signature.as_ref())
}

/// Bytes that mean nothing.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).unwrap();
    bytes
}
