//! The codec as a whole: what goes in, what comes out.

mod hostile;
mod notation;
mod reading;
mod writing;

use ports::protocol::{ClientProtocol, Command, Malformed, Request};

use super::Protobuf;

fn decode(frame: &[u8]) -> Result<Vec<Command>, Malformed> {
    let mut commands = Vec::new();
    Protobuf.decode(frame, &mut commands).map(|()| commands)
}

/// The request of the only command in a frame.
fn request(frame: &[u8]) -> Request {
    let mut commands = decode(frame).unwrap();
    assert_eq!(commands.len(), 1, "{frame:?}");
    commands.remove(0).request
}
