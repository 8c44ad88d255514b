//! `POST /api` with the method in the body, one command or several after each other (P-API-4).

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::answers::{self, NOTHING};
use super::batch;
use super::failure::Failure;
use super::method::Method;
use crate::http::Edge;
use crate::http::room::Room;

#[derive(Deserialize)]
struct NamedCommand {
    method: String,
    params: Option<Box<RawValue>>,
}

/// Performs the commands in order; each reply has a line of its own. A command that is alone fails as a whole.
pub(super) async fn perform(edge: &Edge, body: &[u8], room: &Room) -> Result<String, Failure> {
    let commands = read(body)?;
    let is_alone = commands.len() == 1;
    let mut replies = String::new();
    for command in commands {
        if !replies.is_empty() {
            replies.push('\n');
        }
        let method = Method::parse(&command.method);
        let params = command.params.as_ref().map_or(NOTHING, |params| params.get());
        let reply = match method.perform(edge, params.as_bytes(), room).await {
            Ok(result) if method == Method::Batch => result,
            Ok(result) => answers::enveloped(&result),
            Err(failure) if is_alone => return Err(failure),
            Err(failure) => json!({ "error": failure.error() }).to_string(),
        };
        replies.push_str(&reply);
        // Nothing else here need ever wait, and others have something to do as well.
        tokio::task::yield_now().await;
    }
    Ok(replies)
}

fn read(body: &[u8]) -> Result<Vec<NamedCommand>, Failure> {
    let mut commands = Vec::new();
    for command in serde_json::Deserializer::from_slice(body).into_iter() {
        commands.push(command.map_err(|error| Failure::Malformed(error.to_string()))?);
        batch::bounded(commands.len())?;
    }
    if commands.is_empty() {
        let message = "no command; write {\"method\":\"…\",\"params\":{…}}, or call /api/<method>";
        return Err(Failure::Malformed(message.into()));
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::super::batch::COMMANDS_MAX;
    use super::*;

    #[test]
    fn commands_stand_alone_or_after_each_other() {
        let methods = |text: &str| {
            read(text.as_bytes()).map(|all| all.into_iter().map(|one| one.method).collect::<Vec<_>>()).ok()
        };

        assert_eq!(methods(r#"{"method":"info"}"#), Some(vec!["info".into()]));
        let two = "{\"method\":\"info\",\"params\":null}\n{\"method\":\"rpc\",\"params\":{}}\n";
        assert_eq!(methods(two), Some(vec!["info".into(), "rpc".into()]));
        for bad in ["", " \n", "{", "[]", "{\"method\":1}", "{\"params\":{}}"] {
            assert_eq!(methods(bad), None, "{bad}");
        }
        assert_eq!(methods(&r#"{"method":"info"}"#.repeat(COMMANDS_MAX + 1)), None);
    }
}
