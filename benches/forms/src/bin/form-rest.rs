//! The least that a publish over HTTP can cost with axum: a route that parses the request and answers with nothing.

use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use wigwag_forms::listen;

#[derive(Deserialize)]
struct Publish {
    channel: String,
    data: Box<RawValue>,
}

async fn publish(Json(publish): Json<Publish>) -> &'static str {
    // Used, so that none of the parsing can be left out.
    std::hint::black_box((publish.channel, publish.data));
    "{}"
}

fn main() -> anyhow::Result<()> {
    let listener = listen::listener(listen::address()?)?;
    listen::runtime()?.block_on(async {
        let listener = TcpListener::from_std(listener)?.tap_io(|stream| {
            // Without it the system holds small messages back. A socket that refuses is about to end.
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, Router::new().route("/api/publish", post(publish))).await?)
    })
}
