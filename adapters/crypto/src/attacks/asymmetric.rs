//! Tokens that play with public keys.

use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::forge::{
    ec, ec_der, ec_in_der, ec_jwk, ec_signature, ed, hs256, noise, public_pem, rsa, rsa_der, with_signature,
};
use super::{ISSUER, OTHER_ISSUER, Recipe, Target};

const RS256: &str = r#"{"alg":"RS256"}"#;
const ES256: &str = r#"{"alg":"ES256"}"#;
const EDDSA: &str = r#"{"alg":"EdDSA"}"#;
const HS256: &str = r#"{"alg":"HS256"}"#;
const RS256_OF_SET: &str = r#"{"alg":"RS256","kid":"rsa-1"}"#;
const ES256_OF_SET: &str = r#"{"alg":"ES256","kid":"ec-1"}"#;

/// The order of P-256, as large as a part of a signature must not be.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// What must be accepted.
pub(super) const CONTROLS: &[Recipe] = &[
    ("RS256", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA256, RS256, p)),
    ("RS384", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA384, r#"{"alg":"RS384"}"#, p)),
    ("RS512", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA512, r#"{"alg":"RS512"}"#, p)),
    ("PS256", |t, p| rsa(&t.signers.rsa, &RSA_PSS_SHA256, r#"{"alg":"PS256"}"#, p)),
    ("PS384", |t, p| rsa(&t.signers.rsa, &RSA_PSS_SHA384, r#"{"alg":"PS384"}"#, p)),
    ("PS512", |t, p| rsa(&t.signers.rsa, &RSA_PSS_SHA512, r#"{"alg":"PS512"}"#, p)),
    ("ES256", |t, p| ec(&t.signers.ec, ES256, p)),
    ("EdDSA", |t, p| ed(&t.signers.ed, EDDSA, p)),
    ("RS256 of the JWKS", |t, p| rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, RS256_OF_SET, p)),
    ("RS384 of the JWKS, bound to it", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA384, r#"{"alg":"RS384","kid":"rs384-1"}"#, p)
    }),
    ("ES256 of the JWKS", |t, p| ec(&t.signers.set_ec, ES256_OF_SET, p)),
    ("ES256 of the JWKS without a key id", |t, p| ec(&t.signers.set_ec, ES256, p)),
    ("ES384 of the JWKS", |t, p| ec(&t.signers.set_ec384, r#"{"alg":"ES384","kid":"ec384-1"}"#, p)),
    ("EdDSA of the JWKS", |t, p| ed(&t.signers.set_ed, r#"{"alg":"EdDSA","kid":"ed-1"}"#, p)),
    ("ES256 of the other issuer", |t, p| ec(&t.signers.other_ec, ES256_OF_SET, &elsewhere(p))),
];

/// What must be refused.
pub(super) const FORGERIES: &[Recipe] = &[
    ("RSA key in PEM as secret", |t, p| hs256(HS256, p, &t.rsa_public_key)),
    ("RSA key in PEM without its last line break as secret", |t, p| {
        hs256(HS256, p, t.rsa_public_key.trim_end())
    }),
    ("RSA key in DER as secret", |t, p| hs256(HS256, p, rsa_der(&t.signers.rsa))),
    ("EC key in PEM as secret", |t, p| hs256(HS256, p, &t.ec_public_key)),
    ("EC point as secret", |t, p| hs256(HS256, p, t.signers.ec.public_key())),
    ("Ed25519 key in PEM as secret", |t, p| hs256(HS256, p, &t.ed25519_public_key)),
    ("Ed25519 key as secret", |t, p| hs256(HS256, p, t.signers.ed.public_key())),
    ("JWKS as secret", |t, p| hs256(HS256, p, &t.jwks)),
    ("RSA key of the JWKS as secret", |t, p| {
        let secret = public_pem(&rsa_der(&t.signers.set_rsa));
        hs256(r#"{"alg":"HS256","kid":"rsa-1"}"#, p, secret)
    }),
    ("modulus of the JWKS as secret", |t, p| {
        let set: Value = serde_json::from_str(&t.jwks).unwrap_or_default();
        let modulus = set.pointer("/keys/0/n").and_then(Value::as_str).unwrap_or_default();
        hs256(r#"{"alg":"HS256","kid":"rsa-1"}"#, p, modulus)
    }),
    ("point of the JWKS as secret", |t, p| {
        hs256(r#"{"alg":"HS256","kid":"ec-1"}"#, p, t.signers.set_ec.public_key())
    }),
    ("RS256 without a signature", |_, p| with_signature(RS256, p, &[])),
    ("RS256 with zeros", |_, p| with_signature(RS256, p, &[0; 256])),
    ("RS256 with a one", |_, p| with_signature(RS256, p, &one(256))),
    ("RS256 with noise", |_, p| with_signature(RS256, p, &noise(256))),
    ("RS256 for a PS256 signature", |t, p| rsa(&t.signers.rsa, &RSA_PSS_SHA256, RS256, p)),
    ("PS256 for an RS256 signature", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA256, r#"{"alg":"PS256"}"#, p)),
    ("RS256 for an RS512 signature", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA512, RS256, p)),
    ("RS1", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA256, r#"{"alg":"RS1"}"#, p)),
    ("rs256 in lower case", |t, p| rsa(&t.signers.rsa, &RSA_PKCS1_SHA256, r#"{"alg":"rs256"}"#, p)),
    ("RS256 with a key for encryption", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, r#"{"alg":"RS256","kid":"enc-1"}"#, p)
    }),
    ("RS256 with a key for wrapping keys", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, r#"{"alg":"RS256","kid":"wrap-1"}"#, p)
    }),
    ("RS256 with a key for RSA-OAEP", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, r#"{"alg":"RS256","kid":"oaep-1"}"#, p)
    }),
    ("RS256 with a key for RS384", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, r#"{"alg":"RS256","kid":"rs384-1"}"#, p)
    }),
    ("RS256 under the name of an EC key", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, r#"{"alg":"RS256","kid":"ec-1"}"#, p)
    }),
    ("ES256 under the name of an RSA key", |t, p| {
        ec(&t.signers.set_ec, r#"{"alg":"ES256","kid":"rsa-1"}"#, p)
    }),
    ("ES256 under the name of a P-384 key", |t, p| {
        ec(&t.signers.set_ec384, r#"{"alg":"ES256","kid":"ec384-1"}"#, p)
    }),
    ("EdDSA under the name of an EC key", |t, p| ed(&t.signers.set_ed, r#"{"alg":"EdDSA","kid":"ec-1"}"#, p)),
    ("unknown key id", |t, p| ec(&t.signers.evil_ec, r#"{"alg":"ES256","kid":"ec-2"}"#, p)),
    ("key id in another case", |t, p| ec(&t.signers.set_ec, r#"{"alg":"ES256","kid":"EC-1"}"#, p)),
    ("key id with a zero", |t, p| ec(&t.signers.set_ec, r#"{"alg":"ES256","kid":"ec-1\u0000"}"#, p)),
    ("key id as a path to the key", |t, p| {
        ec(&t.signers.evil_ec, r#"{"alg":"ES256","kid":"../../../../dev/null"}"#, p)
    }),
    ("key id as a query for the key", |t, p| {
        ec(&t.signers.evil_ec, r#"{"alg":"ES256","kid":"ec-1' or '1'='1"}"#, p)
    }),
    ("key id as an address", |t, p| {
        ec(&t.signers.evil_ec, r#"{"alg":"ES256","kid":"https://evil.example/key"}"#, p)
    }),
    ("known key id with a foreign key", |t, p| ec(&t.signers.evil_ec, ES256_OF_SET, p)),
    ("foreign key in the header", |t, p| evil(t, p, "jwk", ec_jwk(&t.signers.evil_ec, "P-256", "ec-1"))),
    ("foreign key at an address", |t, p| evil(t, p, "jku", json!("https://evil.example/jwks.json"))),
    ("foreign key at a local address", |t, p| evil(t, p, "jku", json!("http://127.0.0.1:1/jwks.json"))),
    ("foreign certificate in the header", |t, p| {
        evil(t, p, "x5c", json!([STANDARD.encode(ec_der(&t.signers.evil_ec))]))
    }),
    ("foreign certificate at an address", |t, p| evil(t, p, "x5u", json!("https://evil.example/c.pem"))),
    ("key of the other issuer by the same name", |t, p| ec(&t.signers.other_ec, ES256_OF_SET, p)),
    ("key of this issuer for the other", |t, p| ec(&t.signers.set_ec, ES256_OF_SET, &elsewhere(p))),
    ("key that only this issuer has, for the other", |t, p| {
        rsa(&t.signers.set_rsa, &RSA_PKCS1_SHA256, RS256_OF_SET, &elsewhere(p))
    }),
    ("rightly signed for an issuer without keys", |t, p| {
        ec(&t.signers.set_ec, ES256_OF_SET, &p.replace(ISSUER, "https://evil.example"))
    }),
    ("ES256 with r = s = 0", |_, p| with_signature(ES256, p, &[0; 64])),
    ("ES256 of the JWKS with r = s = 0", |_, p| with_signature(ES256_OF_SET, p, &[0; 64])),
    ("ES256 with r = s = 1", |_, p| with_signature(ES256, p, &[one(32), one(32)].concat())),
    ("ES256 with r = s = order", |_, p| with_signature(ES256, p, &[P256_ORDER, P256_ORDER].concat())),
    ("ES256 with noise", |_, p| with_signature(ES256, p, &noise(64))),
    ("ES256 in DER", |t, p| ec_in_der(&t.signers.ec, ES256, p)),
    ("ES256 cut short", |t, p| reshaped(t, p, |signature| signature.truncate(63))),
    ("ES256 padded at the end", |t, p| reshaped(t, p, |signature| signature.push(0))),
    ("ES256 padded in front", |t, p| reshaped(t, p, |signature| signature.insert(0, 0))),
    ("ES256 with both parts padded", |t, p| {
        reshaped(t, p, |signature| {
            signature.insert(32, 0);
            signature.insert(0, 0);
        })
    }),
    ("ES256 with parts swapped", |t, p| reshaped(t, p, |signature| signature.rotate_left(32))),
    ("ES512", |t, p| ec(&t.signers.ec, r#"{"alg":"ES512"}"#, p)),
    ("ES256K", |t, p| ec(&t.signers.ec, r#"{"alg":"ES256K"}"#, p)),
    ("ES384 over a P-256 key", |t, p| ec(&t.signers.ec, r#"{"alg":"ES384"}"#, p)),
    ("EdDSA with zeros", |_, p| with_signature(EDDSA, p, &[0; 64])),
    ("EdDSA with noise", |_, p| with_signature(EDDSA, p, &noise(64))),
    ("Ed448", |t, p| ed(&t.signers.ed, r#"{"alg":"Ed448"}"#, p)),
    ("extension demanded of a public key", |t, p| {
        ed(&t.signers.ed, r#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#, p)
    }),
];

/// The claims as another issuer would make them.
fn elsewhere(payload: &str) -> String {
    payload.replace(ISSUER, OTHER_ISSUER)
}

/// A token signed with a foreign key that its header recommends.
fn evil(target: &Target, payload: &str, member: &str, value: Value) -> String {
    let header = json!({ "alg": "ES256", "kid": "ec-1", member: value }).to_string();
    ec(&target.signers.evil_ec, &header, payload)
}

/// A genuine ES256 signature in another shape.
fn reshaped(target: &Target, payload: &str, reshape: fn(&mut Vec<u8>)) -> String {
    let mut signature = ec_signature(&target.signers.ec, ES256, payload);
    reshape(&mut signature);
    with_signature(ES256, payload, &signature)
}

/// The number one in so many bytes.
fn one(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length - 1];
    bytes.push(1);
    bytes
}
