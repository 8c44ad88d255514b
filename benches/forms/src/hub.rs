//! Who hears which channel, and the mailboxes of finished frames between publishers and sessions.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::frame;
use crate::protocol::{self, Publish};

/// A finished frame, shared by all who get it.
pub type Shared = Arc<[u8]>;

/// Frames a mailbox keeps room for when it is empty.
const ROOM_AT_REST: usize = 16;

/// Channels and their members.
#[derive(Default)]
pub struct Hub {
    channels: Mutex<HashMap<Arc<str>, Vec<Arc<Mailbox>>>>,
}

impl Hub {
    /// Enters a mailbox in a channel, and says what the channel's name is to be kept as.
    pub fn join(&self, channel: &str, mailbox: &Arc<Mailbox>) -> Arc<str> {
        let mut channels = self.channels.lock();
        if let Some((name, _)) = channels.get_key_value(channel) {
            let name = Arc::clone(name);
            channels.entry(Arc::clone(&name)).or_default().push(Arc::clone(mailbox));
            return name;
        }
        let name = Arc::<str>::from(channel);
        channels.insert(Arc::clone(&name), vec![Arc::clone(mailbox)]);
        name
    }

    /// Takes a mailbox out of a channel.
    pub fn leave(&self, channel: &str, mailbox: &Arc<Mailbox>) {
        let mut channels = self.channels.lock();
        let Some(members) = channels.get_mut(channel) else { return };
        if let Some(place) = members.iter().position(|member| Arc::ptr_eq(member, mailbox)) {
            members.swap_remove(place);
        }
        if members.is_empty() {
            channels.remove(channel);
        }
    }

    /// Encodes a publication once and hands it to every member.
    pub fn publish(&self, publish: &Publish<'_>, client: &str) {
        let message = protocol::push(&publish.channel, publish.data, client);
        let mut bytes = Vec::with_capacity(message.len() + 4);
        frame::encode(&mut bytes, frame::TEXT, message.as_bytes());
        let shared = Shared::from(bytes);
        if let Some(members) = self.channels.lock().get(&*publish.channel) {
            members.iter().for_each(|member| member.put(&shared));
        }
    }
}

/// Frames on their way to one session, which sleeps until there are any.
#[derive(Default)]
pub struct Mailbox {
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    frames: Vec<Shared>,
    sleeper: Option<Waker>,
}

impl Mailbox {
    fn put(&self, frame: &Shared) {
        let mut contents = self.contents.lock();
        contents.frames.push(Arc::clone(frame));
        if contents.frames.len() == 1
            && let Some(sleeper) = &contents.sleeper
        {
            sleeper.wake_by_ref();
        }
    }

    /// Ready when there are frames.
    pub fn poll_filled(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut contents = self.contents.lock();
        if !contents.frames.is_empty() {
            return Poll::Ready(());
        }
        if !contents.sleeper.as_ref().is_some_and(|sleeper| sleeper.will_wake(context.waker())) {
            contents.sleeper = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Appends all frames to the bytes to be written.
    pub fn drain(&self, into: &mut Vec<u8>) {
        let mut contents = self.contents.lock();
        for frame in contents.frames.drain(..) {
            into.extend_from_slice(&frame);
        }
        contents.frames.shrink_to(ROOM_AT_REST);
    }
}
