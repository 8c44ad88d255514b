//! Many commands in one call, each with a reply of its own, in order (P section 18).

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::answers;
use super::failure::Failure;
use super::method::Method;
use super::requests::read;
use crate::http::Edge;
use crate::http::room::Room;

/// Most commands of one call.
pub(super) const COMMANDS_MAX: usize = 1_000;
/// Commands of one call under way at a time, if they need not wait for each other.
const AT_ONCE: usize = 32;

#[derive(Deserialize)]
struct BatchRequest {
    commands: Option<Vec<BTreeMap<String, Box<RawValue>>>>,
    parallel: Option<bool>,
}

/// Performs all commands, one after the other unless told that their order does not matter.
pub(super) async fn batch(edge: &Edge, body: &[u8], room: &Room) -> Result<String, Failure> {
    let request: BatchRequest = read(body)?;
    let commands = request.commands.unwrap_or_default();
    bounded(commands.len())?;
    let at_once = if request.parallel.unwrap_or_default() { AT_ONCE } else { 1 };
    let replies = commands.into_iter().map(|command| reply(edge, command, room));
    let replies = answers::list(stream::iter(replies).buffered(at_once)).await;
    Ok(format!("{{\"replies\":{replies}}}"))
}

/// Refuses more commands than one call may hold.
pub(super) fn bounded(commands: usize) -> Result<(), Failure> {
    if commands <= COMMANDS_MAX {
        return Ok(());
    }
    let message = format!("{commands} commands are too many; send at most {COMMANDS_MAX} in one call");
    Err(Failure::bad_request(message))
}

/// One command's reply: its result under its method's name, or an error.
async fn reply(edge: &Edge, command: BTreeMap<String, Box<RawValue>>, room: &Room) -> String {
    let (method, body) = named(&command);
    let result = if method == Method::Batch {
        Err(Failure::bad_request("a batch holds no batch; write its commands into the outer one"))
    } else {
        method.perform(edge, body.as_bytes(), room).await
    };
    // Nothing else here need ever wait, and others have something to do as well.
    tokio::task::yield_now().await;
    match result {
        Ok(result) => format!("{{\"{}\":{result}}}", method.name()),
        Err(failure) => json!({ "error": failure.error() }).to_string(),
    }
}

/// The method that a command names, and its request.
fn named(command: &BTreeMap<String, Box<RawValue>>) -> (Method, &str) {
    let given = command.iter().filter(|(_, request)| request.get() != "null");
    let mut methods = given.map(|(name, request)| (Method::parse(name), request.get()));
    methods.find(|(method, _)| *method != Method::Unknown).unwrap_or((Method::Unknown, answers::NOTHING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_one_method_it_names() {
        let named_in = |text: &str| {
            let command: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
            let (method, body) = named(&command);
            (method, body.to_owned())
        };

        assert_eq!(named_in(r#"{"publish":{"data":1}}"#), (Method::Publish, r#"{"data":1}"#.into()));
        assert_eq!(named_in(r#"{"id":7,"info":{},"history":null}"#), (Method::Info, "{}".into()));
        assert_eq!(named_in("{}").0, Method::Unknown);
        assert_eq!(named_in(r#"{"dance":{}}"#).0, Method::Unknown);
    }

    #[test]
    fn too_many_commands_are_told_how_many_there_may_be() {
        assert!(bounded(COMMANDS_MAX).is_ok());
        let Err(Failure::Refused(code, message)) = bounded(COMMANDS_MAX + 1) else { panic!() };
        assert_eq!((code.number(), message.contains("1000")), (107, true));
    }
}
