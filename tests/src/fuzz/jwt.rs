//! Tokens.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use crypto::{Config, Secret, Tokens, Trust};
use futures_util::FutureExt as _;
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenSigner, TokenVerifier};
use ports::ids::{TenantId, UserId};
use ports::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const SECRET: &str = "secret of the house";

/// A public key that is trusted. Nobody here has the private half, so that whatever it is said to have signed is forged.
const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// The verifier and every token that it may believe.
struct Court {
    verifier: Box<dyn TokenVerifier>,
    connection: BTreeSet<String>,
    subscription: BTreeSet<String>,
    /// Rightly signed, but past.
    expired: BTreeSet<String>,
    /// Signed by others.
    forged: Vec<String>,
}

static COURT: LazyLock<Court> = LazyLock::new(Court::new);

/// Only tokens of our own making are believed, each for what it was made for, whether the input is a whole token or the
/// three parts of one on lines of their own.
pub fn jwt(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    COURT.judge(&text);
    for token in assembled(data) {
        COURT.judge(&token);
    }
}

impl Court {
    fn new() -> Self {
        let signer: Box<dyn TokenSigner> = Box::new(tokens(SECRET));
        let connection = connections().iter().map(|grant| signer.connection(grant).unwrap()).collect();
        let subscriptions = [None, Some("client".to_owned())].map(|client| {
            let grant = SubscriptionGrant { client, ..subscription() };
            signer.subscription(&grant).unwrap()
        });
        let past = ConnectionGrant { expire_at: Some(Timestamp::from_secs(1)), ..connection_of("late") };
        // The public key is known to everybody, also as a secret of HS256.
        let forgers = [ED25519, ED25519.trim_end(), "another secret", "secret of the hous"].map(tokens);
        let forged = forgers.iter().flat_map(|forger| {
            let forger: &dyn TokenSigner = forger;
            let connection = forger.connection(&connection_of("admin")).unwrap();
            [connection, forger.subscription(&subscription()).unwrap()]
        });
        Self {
            connection,
            subscription: subscriptions.into_iter().collect(),
            expired: [signer.connection(&past).unwrap()].into_iter().collect(),
            forged: forged.collect(),
            verifier: Box::new(tokens(SECRET)),
        }
    }

    fn judge(&self, token: &str) {
        let tenant = TenantId::default();
        let connection = self.verifier.connection(&tenant, token, NOW).now_or_never().unwrap();
        assert!(connection.is_err() || self.connection.contains(token), "believed: {token}");
        let subscription = self.verifier.subscription(&tenant, token, NOW).now_or_never().unwrap();
        assert!(subscription.is_err() || self.subscription.contains(token), "believed: {token}");
        assert!(connection.is_ok() || !self.connection.contains(token), "not believed: {token}");
        assert!(subscription.is_ok() || !self.subscription.contains(token), "not believed: {token}");
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.connection.iter().chain(&self.subscription).chain(&self.expired).chain(&self.forged)
    }
}

/// Tokens with the header and claims on the first two lines, under the signature on the third, under each signature of
/// ours, and under none.
fn assembled(data: &[u8]) -> Vec<String> {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let (Some(header), Some(claims)) = (lines.next(), lines.next()) else { return Vec::new() };
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let own = URL_SAFE_NO_PAD.encode(lines.next().unwrap_or_default());
    let ours = COURT.connection.iter().filter_map(|token| token.rsplit('.').next());
    [own.as_str(), ""].into_iter().chain(ours).map(|signature| format!("{message}.{signature}")).collect()
}

fn tokens(secret: &str) -> Tokens {
    let trust = Trust {
        hmac_secret: Secret::new(secret),
        ed25519_public_key: Some(ED25519.to_owned()),
        ..Trust::default()
    };
    Tokens::new(&Config::new(trust)).unwrap()
}

fn connection_of(user: &str) -> ConnectionGrant {
    ConnectionGrant { user: UserId::new(user), expire_at: None, info: None, channels: BTreeMap::new() }
}

fn connections() -> [ConnectionGrant; 3] {
    let channel = ChannelGrant { data: Some(Bytes::from_static(b"{}")), ..ChannelGrant::default() };
    [
        connection_of(""),
        ConnectionGrant { expire_at: Some(Timestamp::from_secs(2_000_000_000)), ..connection_of("ann") },
        ConnectionGrant {
            info: Some(Bytes::from_static(br#"{"name":"B"}"#)),
            channels: BTreeMap::from([("news".to_owned(), channel)]),
            ..connection_of("bob")
        },
    ]
}

fn subscription() -> SubscriptionGrant {
    SubscriptionGrant {
        user: UserId::new("ann"),
        channel: "news".to_owned(),
        client: None,
        expire_at: None,
        details: ChannelGrant::default(),
    }
}

pub(super) const WORDS: &[&[u8]] = &[
    b".",
    b"..",
    b"=",
    b"\n",
    b"eyJhbGciOiJub25lIn0",
    b"e30",
    b"\"alg\":\"none\"",
    b"\"alg\":\"HS256\"",
    b"\"alg\":\"HS512\"",
    b"\"alg\":\"EdDSA\"",
    b"\"kid\":\"a\",",
    b"\"crit\":[],",
    b"\"jwk\":{},",
    b"\"exp\":null,",
    b"\"exp\":1e400,",
    b"\"exp\":-1,",
    b"\"nbf\":2e9,",
    b"\"channel\":\"\",",
    b"\"sub\":\"admin\",",
    b"\"aud\":[[]],",
    b"\"subs\":{\"a\":{\"override\":{}}},",
    b"[[[[",
    b"\xff",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let parts = [
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}\n{\"sub\":\"admin\"}\n",
        "{\"alg\":\"none\"}\n{\"sub\":\"admin\",\"exp\":2000000000}\n",
        "{\"alg\":\"EdDSA\"}\n{\"sub\":\"admin\",\"channel\":\"news\"}\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "{\"alg\":\"HS384\",\"kid\":\"k\"}\n{\"sub\":\"a\",\"info\":{\"b\":1},\"aud\":[\"x\"],\"iss\":\"y\"}\nsig",
    ];
    COURT.all().cloned().chain(parts.map(str::to_owned)).map(String::into_bytes).collect()
}
