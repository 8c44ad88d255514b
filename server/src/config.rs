//! What an operator may decide: a TOML file, environment variables over it, command line options over both.

mod certificate;
mod channel;
mod checks;
mod client;
mod difference;
mod document;
mod effective;
mod error;
mod hooks;
mod memory;
pub(crate) mod nearest;
mod network;
mod overlay;
mod reference;
mod section;
mod server;
mod settings;
mod source;
mod sources;
mod telemetry;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod trust;
mod units;
mod value;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

pub use certificate::Certificate;
pub use channel::{Channel, DeltaType, Namespace, RecoveryKind};
pub use client::Client;
pub use difference::Difference;
pub use effective::Effective;
pub use error::ConfigError;
pub use hooks::{Hooks, TIMEOUT_LEAST, TIMEOUT_MAX};
pub use memory::Memory;
pub use network::Network;
pub use reference::{example, page};
pub use server::{LogFormat, Server};
pub use sources::{Given, Sources};
pub use telemetry::{Ratio, Telemetry};
pub use tls::Tls;
pub use token::{Api, Jwks, Token};
pub use units::{Size, duration};

use document::Document;
use overlay::Overlay;
use source::{Places, Reader};

/// Everything that is configured. Only values that have passed all checks come out of [`Config::load`].
#[derive(Clone)]
pub struct Config {
    /// `[server]`: the node.
    pub server: Server,
    /// `[tls]`: whether the node speaks HTTPS.
    pub tls: Tls,
    /// `[api]`: the HTTP API.
    pub api: Api,
    /// `[token]`: how tokens are verified.
    pub token: Token,
    /// `[subscription_token]`: how subscription tokens are verified, if not like the others.
    pub subscription_token: Option<Token>,
    /// `[[jwks]]`: key sets by issuer.
    pub jwks: Vec<Jwks>,
    /// `[telemetry]`: what the node says about itself, and to whom.
    pub telemetry: Telemetry,
    /// `[client]`: connections.
    pub client: Client,
    /// `[hooks]`: questions to the application's back end.
    pub hooks: Hooks,
    /// `[channel]`: options of channels without a namespace; `None` makes such channels unknown.
    pub channel: Option<Channel>,
    /// `[[namespace]]`: options of channels by the text before the first colon.
    pub namespaces: Vec<Namespace>,
    /// Nothing was configured about channels and there is no file: the node shows what it can do.
    pub demo: bool,
    places: Places,
    sources: Arc<Sources>,
}

impl Config {
    /// Reads the named file, else `wigwag.toml` if there is one, and the `WIGWAG_SECTION__KEY` variables over it.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::load_with(path, env, Vec::new())
    }

    /// The same with command line options on top.
    pub fn load_with(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        given: Vec<Given>,
    ) -> Result<Self, ConfigError> {
        Sources::new(path, env, given).read()
    }

    /// Refuses a configuration that a node must not take over which listens here: before it is started again, it can be
    /// reached where it could be reached before.
    pub fn exposure_at(&self, listen: SocketAddr) -> Result<(), ConfigError> {
        checks::exposure_at(self, listen)
    }

    /// Where it was read from, to be read again.
    pub fn sources(&self) -> Arc<Sources> {
        Arc::clone(&self.sources)
    }

    /// The configuration in a text that has a name.
    pub(crate) fn parse(
        file: Option<(&str, &str)>,
        env: impl Iterator<Item = (String, String)>,
        given: Vec<Given>,
    ) -> Result<Self, ConfigError> {
        let document = file.map(|(name, text)| Document::parse(name, text)).transpose()?;
        let overlay = Overlay::new(env, given)?;
        let mut places = Places::default();
        let mut reader = Reader::new(document.as_ref(), &overlay, &mut places);

        let mut config = Self {
            server: reader.section("server")?,
            tls: reader.section("tls")?,
            api: reader.section("api")?,
            token: reader.section("token")?,
            subscription_token: reader.section_if_written("subscription_token")?,
            jwks: reader.key_sets()?,
            telemetry: reader.section("telemetry")?,
            client: reader.section("client")?,
            hooks: reader.section("hooks")?,
            channel: Some(reader.section("channel")?),
            namespaces: reader.namespaces()?,
            demo: document.is_none() && !overlay.mentions("channel"),
            places: Places::default(),
            sources: Arc::default(),
        };
        if config.demo {
            config.channel = None;
            config.namespaces = vec![Namespace::demo()];
        }
        checks::all(&config, &places)?;
        config.places = places;
        Ok(config)
    }
}
