//! As much of HTTP as a back end needs, and as little as it likes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::{Asked, Reaction, State};

pub(super) async fn listen(listener: TcpListener, state: Arc<State>) {
    let mut lines = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        lines.spawn(async move {
            // Whoever hangs up in the middle is no concern of the back end.
            let _ = serve(BufReader::new(stream), &state).await;
        });
    }
}

/// Answers one question after another.
async fn serve(mut stream: BufReader<TcpStream>, state: &State) -> std::io::Result<()> {
    while let Some(asked) = read(&mut stream).await? {
        state.begin();
        let done = react(&mut stream, state.react(asked)).await;
        state.end();
        if !done? {
            return Ok(());
        }
    }
    Ok(())
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(Some(Asked { path, headers, body }))
}

/// Whether the next question may come over the same line.
async fn react(stream: &mut BufReader<TcpStream>, reaction: Reaction) -> std::io::Result<bool> {
    let (status, more, body) = match when_it_is_time(reaction).await {
        Reaction::Says(value) => (200, "content-type: application/json".to_owned(), value.to_string()),
        Reaction::Answers(status, kind, body) => (status, format!("content-type: {kind}"), body),
        Reaction::Babbles(bytes) => {
            (200, "content-type: application/json".to_owned(), format!("{{\"a\":\"{}\"}}", "b".repeat(bytes)))
        }
        Reaction::Sends(to) => (307, format!("location: {to}"), String::new()),
        Reaction::HangsUp | Reaction::After(..) | Reaction::WhenTold(..) => return Ok(false),
        Reaction::IsSilent => {
            // Until the other side loses patience.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await?;
            return Ok(false);
        }
    };
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head = format!("HTTP/1.1 {status} So\r\n{more}\r\n{length}\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await?;
    Ok(true)
}

async fn when_it_is_time(mut reaction: Reaction) -> Reaction {
    loop {
        reaction = if let Reaction::After(time, then) = reaction {
            sleep(time).await;
            *then
        } else if let Reaction::WhenTold(mut told, then) = reaction {
            // Whoever could tell and is gone has told.
            let _ = told.wait_for(|told| *told).await;
            *then
        } else {
            return reaction;
        }
    }
}
