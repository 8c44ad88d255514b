//! What an operator says about tokens: which keys are believed and which claims are expected.

use std::path::PathBuf;
use std::time::Duration;

use ports::time::Timestamp;
use thiserror::Error;

use crate::{Expected, Secret};

/// How long a JWKS fetched from an address is used if nothing else is said.
pub const JWKS_TTL: Duration = Duration::from_secs(3_600);

/// Which tokens are believed.
#[derive(Clone)]
pub struct Config {
    /// Rules for connection tokens, and for subscription tokens if these have none of their own.
    pub connection: Trust,
    /// Rules for subscription tokens alone; nothing of `connection` applies to them then.
    pub subscription: Option<Trust>,
}

/// Keys and expectations for one kind of token. At least one key must be there; an algorithm without a key is refused.
#[derive(Clone, Default)]
pub struct Trust {
    /// Secret shared with the application's back end: verifies HS256, HS384 and HS512, signs HS256.
    pub hmac_secret: Option<Secret>,
    /// The secret before this one, while tokens signed with it are around.
    pub hmac_previous: Option<PreviousSecret>,
    /// RSA public key in PEM: verifies RS256, RS384, RS512, PS256, PS384 and PS512.
    pub rsa_public_key: Option<String>,
    /// Public key on P-256 or P-384 in PEM: verifies ES256 or ES384.
    pub ec_public_key: Option<String>,
    /// Ed25519 public key in PEM: verifies EdDSA.
    pub ed25519_public_key: Option<String>,
    /// Public keys chosen by the `kid` of a token, tried if no key in PEM fits. If there are several, the `iss` claim
    /// selects one.
    pub jwks: Vec<Jwks>,
    /// What the `aud` claim must be or contain; unchecked if `None`.
    pub audience: Option<Expected>,
    /// What the `iss` claim must be; unchecked if `None`.
    pub issuer: Option<Expected>,
    /// The claim that names the user; `sub` if `None`.
    pub user_id_claim: Option<String>,
}

/// A secret on its way out.
#[derive(Clone)]
pub struct PreviousSecret {
    /// The secret. It verifies and never signs.
    pub secret: Secret,
    /// From then on it proves nothing.
    pub until: Timestamp,
}

/// A JSON Web Key Set. Keys of kind `oct`, keys for encryption and keys of unknown kinds in it are skipped.
#[derive(Clone)]
pub struct Jwks {
    /// Where the set is.
    pub source: JwksSource,
    /// The `iss` claims whose tokens are verified with this set, compared exactly. At most one set may have none: it
    /// serves the tokens that no other set serves.
    pub issuers: Vec<String>,
}

/// Where a key set is.
#[derive(Clone)]
pub enum JwksSource {
    /// The set itself.
    Text(String),
    /// A file, read once at start.
    File(PathBuf),
    /// An address, asked when a token first needs it.
    Url {
        /// `https`, or `http` to a loopback address. Redirects are not followed.
        url: String,
        /// How long an answer is used; see [`JWKS_TTL`]. It is refreshed when three quarters are over.
        ttl: Duration,
    },
}

impl Config {
    /// The same rules for both kinds of tokens.
    pub fn new(trust: Trust) -> Self {
        Self { connection: trust, subscription: None }
    }
}

impl Trust {
    /// Trust in one shared secret, with an exact audience and issuer if these are given.
    pub fn hmac(secret: Secret, audience: Option<String>, issuer: Option<String>) -> Self {
        Self {
            hmac_secret: Some(secret),
            audience: audience.map(Expected::Exactly),
            issuer: issuer.map(Expected::Exactly),
            ..Self::default()
        }
    }
}

/// Why a configuration cannot be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Nothing to verify with.
    #[error("no key verifies {0} tokens; set an HMAC secret, a public key in PEM or a JWKS")]
    NoKey(&'static str),
    /// A PEM text that is something else.
    #[error("{setting} is not {wanted}; paste the PEM text from -----BEGIN PUBLIC KEY----- to its end")]
    PublicKey {
        /// Which setting holds it.
        setting: &'static str,
        /// What belongs there.
        wanted: &'static str,
    },
    /// A key set that cannot be read.
    #[error(
        "the JWKS in {place} cannot be used: {problem}; jwks_file in [token], or file in [[jwks]], names a JSON file \
         with public keys under \"keys\""
    )]
    Jwks {
        /// File or setting.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An address that anybody on the way could answer for; what may be secret in it is left out.
    #[error(
        "the JWKS address {0} is not safe; use https://…, or http:// to a loopback address such as 127.0.0.1"
    )]
    JwksUrl(String),
    /// A text that is no address. It is not repeated, for nobody knows which part of it is secret.
    #[error("the JWKS address is no address; write for example https://login.example.com/keys.json")]
    NoJwksUrl,
    /// Two key sets for the same tokens.
    #[error("two JWKS serve {0}; name each issuer in one JWKS only")]
    Ambiguous(String),
    /// A user claim that means something else.
    #[error(
        "user_id_claim cannot be {0:?}, which has a meaning of its own; choose sub or a name of your own"
    )]
    UserClaim(String),
    /// The HTTP client cannot start.
    #[error("no JWKS can be fetched: {0}; install the system's CA certificates")]
    Client(String),
}
