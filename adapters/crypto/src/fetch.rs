//! One question to a JWKS address.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use crate::ConfigError;
use crate::key_set::KeySet;

/// A fetch, from connecting to the last byte, is given up after this time.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// A longer answer is refused unread.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// An address that may be asked.
pub(crate) struct Fetcher {
    client: Client,
    url: Url,
}

impl Fetcher {
    /// Refuses addresses that anybody on the way could answer for.
    pub(crate) fn new(url: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(url).ok().filter(|url| !url.cannot_be_a_base()).ok_or(ConfigError::NoJwksUrl)?;
        let builder = Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(Policy::none())
            .referer(false)
            .pool_max_idle_per_host(0);
        let builder = match url.scheme() {
            "https" => builder.https_only(true),
            "http" if is_loopback(&url) => builder.no_proxy().tls_certs_only([]),
            _ => return Err(ConfigError::JwksUrl(shown(&url))),
        };
        let client = builder.build().map_err(|error| ConfigError::Client(error.to_string()))?;
        Ok(Self { client, url })
    }

    /// The keys published there just now, or why there are none.
    pub(crate) async fn fetch(&self) -> Result<KeySet, String> {
        let failed = |error: reqwest::Error| reasons(&error.without_url());
        let mut response = self.client.get(self.url.clone()).send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(format!("answered {}", response.status()));
        }

        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(format!("answered more than {BODY_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        KeySet::parse(&body)
    }

    /// The address without what may be secret in it.
    pub(crate) fn place(&self) -> String {
        shown(&self.url)
    }

    /// Who is asked.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// Scheme, host and path; neither a password nor a query.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Result<IpAddr, _> = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An error and what caused it, in one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
