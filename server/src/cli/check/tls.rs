//! The certificate, or that there is none.

use std::time::Duration;

use ports::time::Timestamp;

use super::Finding;
use crate::config::Config;

/// Certificates of a public authority are renewed a month before their end.
const SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn look(config: &Config, now: Timestamp) -> Finding {
    let certificate = match config.certificate() {
        Ok(Some(certificate)) => certificate,
        Ok(None) => return without(config),
        Err(problem) => return Finding::error("tls", problem, None),
    };
    let renew = || Some("get a new one and reload".to_owned());
    match certificate.valid_until {
        Some(end) if end < now => {
            let days = now.since(end).as_secs() / 86_400;
            Finding::error(
                "tls",
                format!("the certificate expired {days} days ago and clients refuse it"),
                renew(),
            )
        }
        Some(end) if end.since(now) < SOON => {
            let days = end.since(now).as_secs() / 86_400;
            Finding::warning("tls", format!("the certificate expires in {days} days"), renew())
        }
        Some(end) => {
            let days = end.since(now).as_secs() / 86_400;
            Finding::ok("tls", format!("the certificate fits its key and is good for {days} days"))
        }
        None => Finding::ok("tls", "the certificate fits its key"),
    }
}

/// Somebody must encrypt what others carry.
fn without(config: &Config) -> Finding {
    if config.server.listen.ip().is_loopback() || !config.server.trusted_proxies.is_empty() {
        return Finding::ok("tls", "not spoken here; a proxy may do it");
    }
    let what = "the address is public and what is said is not encrypted, tokens included";
    let fix = "write cert_file and key_file under [tls], or name the proxy that encrypts in trusted_proxies under [server]";
    Finding::warning("tls", what, Some(fix.to_owned()))
}
