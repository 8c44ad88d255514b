//! What a session weighs. A node keeps one for each idle connection, so a byte here is a megabyte per million of them.

use std::mem::size_of;

use crate::session::live::{Live, Subscription};
use crate::session::task::Task;
use crate::session::{Input, Session};

#[test]
fn an_idle_session_is_one_small_block() {
    // What only some sessions have, or have for a moment, belongs behind a pointer.
    assert!(size_of::<Session>() <= 240, "{}", size_of::<Session>());
    assert!(size_of::<Live>() <= 160, "{}", size_of::<Live>());
    assert!(size_of::<Option<Task>>() <= 16, "{}", size_of::<Option<Task>>());
}

#[test]
fn a_subscription_is_small() {
    // It lies in the session itself if it is the only one, and beside its like if there are several.
    assert!(size_of::<Subscription>() <= 40, "{}", size_of::<Subscription>());
}

#[test]
fn an_input_is_moved_cheaply() {
    // Every command and every answer passes through queues as one.
    assert!(size_of::<Input>() <= 72, "{}", size_of::<Input>());
}
