//! What an operator may decide: a TOML file, environment variables over it, command line options over both.

mod certificate;
mod channel;
mod checks;
mod client;
mod document;
mod error;
mod nearest;
mod overlay;
mod section;
mod server;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod trust;
mod units;
mod value;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

pub use certificate::Certificate;
pub use channel::{Channel, DeltaType, Namespace, RecoveryKind};
pub use client::Client;
pub use error::ConfigError;
pub use server::{LogFormat, Server};
pub use tls::Tls;
pub use token::{Api, Jwks, Token};
pub use units::{Size, duration};

use document::Document;
use overlay::Overlay;
use source::{Places, Reader};

/// The file that is read if none is named.
const DEFAULT_FILE: &str = "wigwag.toml";

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
    /// `[client]`: connections.
    pub client: Client,
    /// `[channel]`: options of channels without a namespace; `None` makes such channels unknown.
    pub channel: Option<Channel>,
    /// `[[namespace]]`: options of channels by the text before the first colon.
    pub namespaces: Vec<Namespace>,
    /// Nothing was configured about channels and there is no file: the node shows what it can do.
    pub demo: bool,
}

/// A command line option that stands for a setting.
pub struct Given {
    /// The option as it is typed, for messages.
    pub option: &'static str,
    /// The setting, `section.key`.
    pub setting: &'static str,
    /// The text after the option.
    pub value: String,
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
        let name = path.unwrap_or(Path::new(DEFAULT_FILE)).display().to_string();
        match fs::read_to_string(path.unwrap_or(Path::new(DEFAULT_FILE))) {
            Ok(text) => Self::parse(Some((&name, &text)), env, given),
            Err(error) if path.is_none() && error.kind() == ErrorKind::NotFound => {
                Self::parse(None, env, given)
            }
            Err(error) => Err(ConfigError::unreadable(&name, &error)),
        }
    }

    /// The configuration in a text that has a name.
    fn parse(
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
            client: reader.section("client")?,
            channel: Some(reader.section("channel")?),
            namespaces: reader.namespaces()?,
            demo: document.is_none() && !overlay.mentions("channel"),
        };
        if config.demo {
            config.channel = None;
            config.namespaces = vec![Namespace::demo()];
        }
        checks::all(&config, &places)?;
        Ok(config)
    }
}
