//! What a back end does: probes, publishes, reads a stream.

use std::time::Duration;

use goose::prelude::*;
use serde_json::json;

use crate::channel;

/// Between two calls of one back end.
const PAUSE: Duration = Duration::from_millis(50);

/// `GET /livez`.
pub(crate) async fn health(user: &mut GooseUser) -> TransactionResult {
    let _ = user.get("/livez").await?;
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

/// `POST /api/publish`.
pub(crate) async fn publish(user: &mut GooseUser) -> TransactionResult {
    let body = json!({ "channel": channel("load"), "data": { "text": "from the back end" } });
    call(user, "/api/publish", &body).await
}

/// `POST /api/history`.
pub(crate) async fn history(user: &mut GooseUser) -> TransactionResult {
    call(user, "/api/history", &json!({ "channel": channel("load"), "limit": 10 })).await
}

async fn call(user: &mut GooseUser, path: &str, body: &serde_json::Value) -> TransactionResult {
    let key = std::env::var("WIGWAG_API_KEY").unwrap_or_default();
    let builder = user.get_request_builder(&GooseMethod::Post, path)?;
    let builder = builder.header("X-API-Key", key).header("content-type", "application/json");
    let request = GooseRequest::builder()
        .method(GooseMethod::Post)
        .path(path)
        .set_request_builder(builder.body(body.to_string()))
        .build();
    let mut answer = user.request(request).await?;
    let text = match answer.response {
        Ok(response) => response.text().await.unwrap_or_default(),
        Err(_) => return Ok(()),
    };
    tokio::time::sleep(PAUSE).await;
    if text.starts_with("{\"result\"") {
        return Ok(());
    }
    user.set_failure("an answer without a result", &mut answer.request, None, Some(&text))
}
