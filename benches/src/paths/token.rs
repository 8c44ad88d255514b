//! Connection tokens are verified.
#![expect(clippy::panic, reason = "a token that is refused is not worth measuring")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crypto::{Config, Secret, Tokens, Trust};
use ports::access::TokenVerifier;
use ports::ids::TenantId;

use crate::channel::NOW;
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 2] = [
    Path { name: "token-hs256", turns: 200, prepare: hs256 },
    Path { name: "token-es256", turns: 10, prepare: es256 },
];

/// Guards nothing, like the keys below.
const SECRET: &str = "a secret that measures and guards nothing";
/// Its private half was thrown away.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAfggDHKX7L94IiCjd7IlsRNGmcuw
vu5lzH4+duxlmOW8jLYL1zPgAVBJlycssNu8Qbk3/BR0+X0Ur7gyGRSOVg==
-----END PUBLIC KEY-----
";
/// Of the user `ann`, with an info, until the year 2100; so is the next one.
const HS256: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJzdWIiOiJhbm4iLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAwMDAwMCwiaW5mbyI6eyJuYW1lIjoiQW5uIn19.",
    "k4y7181q4O0OYu4GIpS_aXodDpHZomJnQZLzI6hpQHY",
);
const ES256: &str = concat!(
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJzdWIiOiJhbm4iLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAwMDAwMCwiaW5mbyI6eyJuYW1lIjoiQW5uIn19.",
    "D9ZCsKGvmJVBB2bmXEJmk3QY0sMRcsThV_89jkXmWrqj1ij6SHGbHIeIGFXVxKMM0uxXoVuGbbrrEGEJB64HZw",
);

fn hs256() -> Turn {
    verify(Trust { hmac_secret: Secret::new(SECRET), ..Trust::default() }, HS256)
}

fn es256() -> Turn {
    verify(Trust { ec_public_key: Some(PUBLIC_KEY.to_owned()), ..Trust::default() }, ES256)
}

/// Keys at hand answer at once, so that no runtime is needed.
fn verify(trust: Trust, token: &'static str) -> Turn {
    let Ok(tokens) = Tokens::new(&Config::new(trust)) else { panic!("no key") };
    let tenant = TenantId::default();
    Box::new(move || {
        let grant = TokenVerifier::connection(&tokens, &tenant, black_box(token), NOW);
        let Poll::Ready(Ok(_)) = black_box(pin!(grant).poll(&mut Context::from_waker(Waker::noop()))) else {
            panic!("refused")
        };
    })
}
