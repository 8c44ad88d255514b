//! The server under load: where it is, and who we are to it.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::options::TargetOptions;
use crate::refusal::Refusal;

/// The server, our credentials, and the names of our channels.
pub(crate) struct Target {
    host: String,
    ws_path: String,
    api_path: String,
    token: String,
    token_secret: Option<String>,
    api_key: Option<String>,
    prefix: String,
    run: String,
    http: reqwest::Client,
}

/// What a call presents itself with.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    /// The right key.
    Ours,
    /// No key.
    None,
    /// A key that is not the right one.
    Wrong,
}

/// No answer within this is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

impl Target {
    /// As the options say; the host in its place for a server that was just started.
    pub(crate) fn new(options: &TargetOptions, host: &str) -> Result<Self, String> {
        let host = host.trim_end_matches('/');
        if !host.starts_with("http://") && !host.starts_with("https://") {
            return Err(format!(
                "--host {host}: write http://… or https://…, for example http://127.0.0.1:8000"
            ));
        }
        let http =
            reqwest::Client::builder().tcp_nodelay(true).timeout(PATIENCE).pool_max_idle_per_host(64).build();
        Ok(Self {
            host: host.to_owned(),
            ws_path: path("--ws-path", &options.ws_path)?,
            api_path: path("--api-path", &options.api_path)?,
            token: options.token.clone().unwrap_or_default(),
            token_secret: options.token_secret.clone(),
            api_key: options.api_key.clone(),
            prefix: options.channel_prefix.clone(),
            run: uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect(),
            http: http.map_err(|error| format!("no HTTP client: {error}"))?,
        })
    }

    /// Where it is, for reports.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// A channel that nobody but this run uses.
    pub(crate) fn channel(&self, name: &str) -> String {
        format!("{}load-{}-{name}", self.prefix, self.run)
    }

    /// The address of the WebSocket.
    pub(crate) fn socket_url(&self) -> String {
        format!("{}{}", self.host.replacen("http", "ws", 1), self.ws_path)
    }

    /// The connection token of a user.
    pub(crate) fn token(&self, user: &str) -> String {
        let Some(secret) = &self.token_secret else { return self.token.clone() };
        let key = EncodingKey::from_secret(secret.as_bytes());
        encode(&Header::default(), &json!({ "sub": user }), &key).unwrap_or_default()
    }

    /// Whether an API key was given.
    pub(crate) fn has_key(&self) -> bool {
        self.api_key.is_some()
    }

    /// Calls a method of the HTTP API and gives the result.
    pub(crate) async fn api(&self, key: Key, method: &str, body: &Value) -> Result<Value, Refusal> {
        let url = format!("{}{}/{method}", self.host, self.api_path);
        let mut request = self.http.post(url).json(body);
        match (key, &self.api_key) {
            (Key::Ours, Some(ours)) => request = request.header("X-API-Key", ours),
            (Key::Ours, None) | (Key::None, _) => {}
            (Key::Wrong, _) => request = request.header("X-API-Key", "surely-not-the-key"),
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Refusal::Status(status));
        }
        let answer: Value = response.json().await.map_err(|error| Refusal::Garbled(error.to_string()))?;
        if let Some(error) = answer.get("error") {
            let code = error.get("code").and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            return Err(Refusal::Error { code: code.unwrap_or_default(), message });
        }
        answer.get("result").cloned().ok_or_else(|| Refusal::Garbled("an answer without a result".to_owned()))
    }

    /// Gets a page that must answer with 200.
    pub(crate) async fn get(&self, path: &str) -> Result<(), Refusal> {
        let response = self.http.get(format!("{}{path}", self.host)).send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        // The connection can be used again only once the body is read.
        let _ = response.bytes().await.map_err(unreachable)?;
        if status == 200 { Ok(()) } else { Err(Refusal::Status(status)) }
    }
}

fn path(option: &str, path: &str) -> Result<String, String> {
    if path.starts_with('/') {
        return Ok(path.trim_end_matches('/').to_owned());
    }
    Err(format!("{option} {path}: begin it with a slash, for example {option} /{path}"))
}

fn unreachable(error: reqwest::Error) -> Refusal {
    if error.is_timeout() {
        return Refusal::TimedOut(PATIENCE.as_secs());
    }
    // The cause is the innermost error; those around it repeat the address.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Refusal::Unreachable(cause.to_string())
}
