//! What back ends and probes see of a house.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use reqwest::Response;
use serde_json::{Value, json};

use super::{API_KEY, House};
use crate::patience::within;
use crate::wire::{Frame, emulation};

impl House {
    /// Publishes as a back end does; returns offset and epoch, which are zero and empty without history.
    pub async fn publish(&self, channel: &str, data: Value) -> (u64, String) {
        let result = self.api("publish", json!({ "channel": channel, "data": data })).await;
        let result = result.unwrap_or_else(|code| panic!("{channel}: refused with {code}"));
        let epoch = result["epoch"].as_str().unwrap_or_default();
        (result["offset"].as_u64().unwrap_or_default(), epoch.to_owned())
    }

    /// Calls a method of the server API with the right key; returns its result or error code.
    pub async fn api(&self, method: &str, params: Value) -> Result<Value, u64> {
        let (status, mut body) = self.post(method, Some(API_KEY), params.to_string()).await;
        assert_eq!(status, 200, "{body}");
        match body.get("error") {
            Some(error) => Err(error["code"].as_u64().unwrap()),
            None => Ok(body["result"].take()),
        }
    }

    /// Posts anything to the server API; returns status and body.
    pub async fn post(&self, method: &str, key: Option<&str>, body: impl Into<String>) -> (u16, Value) {
        let mut request = self.http.post(self.url(&format!("/api/{method}"))).body(body.into());
        if let Some(key) = key {
            request = request.header("X-API-Key", key);
        }
        let response = within("the API", request.send()).await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Posts a frame to an emulated session of this node or another; returns the status.
    pub async fn emulate(&self, session: &str, node: &str, frame: Frame) -> u16 {
        let (kind, body) = emulation(session, node, frame);
        self.post_to("/emulation", &[("content-type", kind)], body).await.status().as_u16()
    }

    /// Posts with headers.
    pub async fn post_to(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
        let request = self.http.post(self.url(path)).body(body.into());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        within(path, request.send()).await.unwrap()
    }

    /// What a browser asks before it posts from a page of this origin.
    pub async fn preflight(&self, path: &str, origin: &str) -> Response {
        let request = self.http.request(reqwest::Method::OPTIONS, self.url(path)).header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", "POST");
        within(path, request.send()).await.unwrap()
    }

    /// Gets a page; returns status and text.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = self.get_with(path, &[]).await;
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Gets with headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.http.get(self.url(path));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        within(path, request.send()).await.unwrap()
    }

    /// Asks for a WebSocket with more headers; the answer is not followed up.
    pub async fn knock(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let handshake = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ];
        self.get_with(path, &[&handshake, headers].concat()).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
