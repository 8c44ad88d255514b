//! What went wrong, and what to do about it.

use std::error::Error;

use reqwest::StatusCode;
use tokio_tungstenite::tungstenite;

use super::said::Fault;

/// A step that took too long.
pub(super) fn late(step: &str) -> &'static str {
    match step {
        "livez" | "readyz" => "the address answers too slowly or packets are dropped on the way",
        "receive" => {
            "the message was accepted but did not arrive: subscriber and publisher may be on different servers"
        }
        _ => "the server is busy, or something between holds frames back",
    }
}

/// A request that got no answer.
pub(super) fn unreachable(error: reqwest::Error) -> String {
    let is_connect = error.is_connect();
    let causes = causes(&error.without_url());
    let fix = if causes.contains("InvalidContentType") {
        "the port speaks plain HTTP: write http:// or ws://"
    } else if causes.contains("certificate") {
        "the certificate is not one that this machine trusts; add its authority to the system's"
    } else if is_connect {
        "is the server running, and is this the address it listens on?"
    } else {
        "is this HTTP, and the right port?"
    };
    format!("no answer ({causes}); {fix}")
}

/// A connection that broke.
pub(super) fn broken(error: tungstenite::Error) -> String {
    format!("the connection broke ({error}); look at the log of the server and of what is in front of it")
}

/// A probe that says no.
pub(super) fn probe(status: StatusCode, detail: &str) -> String {
    let fix = match status.as_u16() {
        404 => "no Wigwag is there; if it is below a path, add the path",
        502 | 504 => "what is in front of the server does not reach it",
        503 => "the server is stopping, or what is in front of it has none that is ready",
        300..=399 => "it leads elsewhere; use the address that it leads to",
        _ => "look at its log",
    };
    said(status, detail, fix)
}

/// A WebSocket that was refused.
pub(super) fn upgrade(status: StatusCode, has_origin: bool, detail: &str) -> String {
    let fix = match status.as_u16() {
        403 if has_origin => {
            "add the origin to server.allowed_origins; a proxy must pass on Host for the same to be allowed"
        }
        403 => "something in front of the server refuses it",
        404 => "no Wigwag is there; if it is below a path, add the path",
        429 => "wait, or raise server.address_connections_max or server.address_rate_max",
        502 | 504 => "what is in front of the server does not reach it",
        503 => "the server is stopping or full (server.connections_max)",
        200 | 400 | 405 | 426 => "a proxy must pass on Upgrade and Connection, over HTTP/1.1",
        _ => "look at its log",
    };
    said(status, detail, fix)
}

/// A call of the server API that was refused.
pub(super) fn api(status: StatusCode, detail: &str) -> String {
    let fix = match status.as_u16() {
        401 => "--api-key is not the server's api.key, which it keeps in its data directory if none was set",
        403 => "something in front of the server keeps /api for others; publish from a machine that may",
        404 => "what is in front of the server does not pass /api on; leave --api-key away",
        _ => "look at the server's log",
    };
    said(status, detail, fix)
}

fn said(status: StatusCode, detail: &str, fix: &str) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
    format!("HTTP {}{detail}; {fix}", status.as_u16())
}

/// An error in the reply to a command.
pub(super) fn error(command: &str, fault: &Fault) -> String {
    let Fault { code, message } = fault;
    let fix = match (command, code) {
        (_, 100 | 111) => "the server has too much to do, or its keys cannot be fetched; try again",
        ("connect", 109 | 110) => "the token has expired; make another one",
        (_, 102) => "no such namespace: write [[namespace]] for it, or name another channel with --channel",
        ("subscribe", 103) => "set allow_subscribe_for_client in the namespace of --channel",
        ("publish", 103) => {
            "set allow_publish_for_subscriber in the namespace of --channel, or publish with --api-key"
        }
        ("subscribe", 105) => "the token subscribes to that channel already; name another with --channel",
        ("publish", 108) => "the channel takes no publications; name another with --channel",
        _ => "docs/reference/errors.md says more",
    };
    format!("error {code} {message}; {fix}")
}

/// A connection that the server closed.
pub(super) fn close(code: u16, reason: &str) -> String {
    let fix = match code {
        3000..=3499 => "that passes; try again, and look at the server's log if it does not",
        3500 => {
            "the token is not one of this server: compare token.hmac_secret, audience and issuer with its maker's"
        }
        3501 => "without a token nobody may connect: give --token or --secret",
        3504 => "the user has too many connections (client.user_connections_max)",
        3507 => "the token names no user, and client.anonymous_tokens is off",
        _ => "docs/reference/errors.md says more",
    };
    format!("closed with {code} {reason}; {fix}")
}

/// An error and those behind it, once each.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told = vec![error.to_string()];
    let mut error = error;
    while let Some(cause) = error.source() {
        told.push(cause.to_string());
        error = cause;
    }
    told.dedup();
    told.join(": ")
}
