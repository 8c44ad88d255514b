//! Good frames.

use super::{Dialect, samples};
use crate::protocol::Command;

/// P-NEG-2.
pub fn the_offer_names_the_protocol(dialect: &Dialect) {
    let offer = dialect.protocol.offer();

    assert!(!offer.name.is_empty());
    assert!(!offer.subprotocol.is_empty());
}

/// P section 2: a frame holds at least one command.
pub fn an_empty_frame_is_malformed(dialect: &Dialect) {
    let mut commands = Vec::new();

    assert!(dialect.protocol.decode(b"", &mut commands).is_err());
    assert!(commands.is_empty());
}

/// P section 4.
pub fn commands_are_read_as_they_are_meant(dialect: &Dialect) {
    let meant = samples::commands();
    assert_eq!(dialect.commands.len(), meant.len());

    for (frame, command) in dialect.commands.iter().zip(meant) {
        assert_eq!(read(dialect, frame), [command], "{}", frame.escape_ascii());
    }
}

/// P-FRM-1, P-FRM-2.
pub fn commands_are_read_in_order_behind_what_is_there(dialect: &Dialect) {
    let mut commands = samples::commands();

    let read = dialect.protocol.decode(&dialect.sample_frame(), &mut commands);

    assert_eq!(read, Ok(()));
    assert_eq!(commands, [samples::commands(), samples::commands()].concat());
}

/// P-FRM-3.
pub fn commands_before_a_broken_one_are_kept(dialect: &Dialect) {
    let good = dialect.sample_frame();
    let mut commands = Vec::new();

    let read = dialect.protocol.decode(&dialect.frame(&[&good, dialect.broken, &good]), &mut commands);

    assert!(read.is_err());
    assert_eq!(commands, samples::commands());
}

fn read(dialect: &Dialect, frame: &[u8]) -> Vec<Command> {
    let mut commands = Vec::new();
    assert_eq!(dialect.protocol.decode(frame, &mut commands), Ok(()), "{}", frame.escape_ascii());
    commands
}
