//! `wigwag serve`: start, greet, run until told to stop, drain.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ports::access::{ConnectionGrant, TokenSigner as _};
use ports::ids::UserId;
use ports::time::{Clock as _, Timestamp};
use system::SystemClock;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, warn};

use crate::compose;
use crate::config::{Config, Memory};
use crate::keys::Keys;
use crate::node::Node;
use crate::systemd::Systemd;
use crate::telemetry;
use crate::transport::descriptors;

/// How long the tokens of the greeting are good for.
const TOKEN_TTL: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Serves until SIGTERM or SIGINT, then drains. A second signal ends the draining.
pub fn serve(config: Config, keys: Keys) -> anyhow::Result<()> {
    telemetry::init(&config, &keys);
    descriptors::prepare(config.server.connections_max);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&config, &keys))
}

async fn run(config: &Config, keys: &Keys) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be caught")?;
    let mut hangup = signal(SignalKind::hangup()).context("signals cannot be caught")?;
    let node = compose::start(config, keys).await?;
    if let Memory::Short { what, fix } = Memory::of(config) {
        warn!("{what}; {fix}");
    }
    if config.client.insecure {
        warn!("client.insecure is on: tokens and permissions are not checked");
    }
    if config.api.insecure {
        warn!("api.insecure is on: everybody may publish through the API");
    }
    greet(config, keys, node.address);
    let systemd = Systemd::from_env();
    systemd.ready();
    let failed = loop {
        tokio::select! {
            _ = hangup.recv() => reload(&node).await,
            _ = terminate.recv() => break false,
            _ = interrupt.recv() => break false,
            () = node.failed() => break true,
            () = systemd.watch() => break true,
        }
    };
    systemd.stopping();
    if failed {
        bail!("the actors failed; see the log lines above");
    }
    tokio::select! {
        () = node.stop() => Ok(()),
        _ = terminate.recv() => bail!("told to stop at once while draining"),
        _ = interrupt.recv() => bail!("told to stop at once while draining"),
    }
}

/// A configuration with a mistake is one line in the log, and changes nothing.
async fn reload(node: &Node) {
    let services = Arc::clone(&node.services);
    match tokio::task::spawn_blocking(move || services.reload()).await {
        Ok(Ok(_reloaded)) => {}
        Ok(Err(error)) => error!("the configuration stays as it was: {error}"),
        Err(error) => error!(%error, "the configuration could not be read"),
    }
}

/// Says where the node is and how to begin, with working tokens.
fn greet(config: &Config, keys: &Keys, address: SocketAddr) {
    let (http, websocket) = if config.tls.cert_file.is_some() { ("https", "wss") } else { ("http", "ws") };
    let (page, websocket) = (format!("{http}://{address}"), format!("{websocket}://{address}"));
    let text = if may_show_keys(config, address) {
        demo(keys, &page, &websocket)
    } else {
        format!("wigwag is ready on {page}\n")
    };
    // A terminal that has gone away is no reason to stop.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// What is printed may be kept in a log for years. Keys are only if the node made them for itself and nobody else can
/// reach it.
fn may_show_keys(config: &Config, address: SocketAddr) -> bool {
    let made_both = config.api.key.is_none() && !config.verifies_tokens();
    config.demo && made_both && address.ip().is_loopback()
}

fn demo(keys: &Keys, page: &str, websocket: &str) -> String {
    let now = SystemClock::new().now();
    let guest = token(keys, "guest", now);
    let program = token(keys, "program", now);
    let key = keys.api_key.expose();
    format!(
        "wigwag is ready on {page}

Open this in two browser tabs:

  {page}/#token={guest}

Publish from a terminal:

  curl -s {page}/api/publish -H 'X-API-Key: {key}' -d '{{\"channel\": \"demo:lobby\", \"data\": {{\"text\": \"hello from curl\"}}}}'

Subscribe from JavaScript (npm install centrifuge; in Node also ws):

  import {{ Centrifuge }} from 'centrifuge';
  const client = new Centrifuge('{websocket}/connection/websocket', {{
    token: '{program}',
    websocket: globalThis.WebSocket ?? (await import('ws')).WebSocket,
  }});
  const lobby = client.newSubscription('demo:lobby');
  lobby.on('publication', ({{ data }}) => console.log(data));
  lobby.subscribe();
  client.connect();

"
    )
}

/// Nothing if there is no secret to sign with.
fn token(keys: &Keys, user: &str, now: Timestamp) -> String {
    let grant = ConnectionGrant {
        user: UserId::new(user),
        expire_at: Some(now.plus(TOKEN_TTL)),
        info: None,
        channels: std::collections::BTreeMap::new(),
    };
    keys.tokens().ok().and_then(|tokens| tokens.connection(&grant).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_the_nodes_own_making_are_printed_and_only_on_loopback() {
        let shows = |variables: &[(&str, &str)], address: &str| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let config = Config::parse(None, variables, Vec::new()).ok().unwrap();
            may_show_keys(&config, address.parse().unwrap())
        };
        let secret = ("WIGWAG_TOKEN__HMAC_SECRET", "secret-of-the-operator");
        let key = ("WIGWAG_API__KEY", "key-of-the-operator");

        assert!(shows(&[], "127.0.0.1:8000") && shows(&[], "[::1]:8000"));
        assert!(!shows(&[secret], "127.0.0.1:8000"));
        assert!(!shows(&[key], "127.0.0.1:8000"));
        assert!(!shows(&[secret, key], "127.0.0.1:8000"));
        assert!(!shows(&[], "0.0.0.0:8000"));
        assert!(!shows(&[("WIGWAG_CHANNEL__PRESENCE", "true")], "127.0.0.1:8000"));
    }
}
