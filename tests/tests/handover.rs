//! Between "somebody queues for a shard" and "the shard flushes": every interleaving of two threads and a shard.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use loom::sync::Mutex;
use loom::thread;
use ports::channels::{Address, ChannelName, Event, Publication, Published};
use ports::ids::TenantId;
use wigwag::actors::inbox::{Inbox, Lock, Queue, Wake};

#[test]
fn nothing_queued_is_left_behind_while_the_shard_sleeps() {
    let Outcome { interleavings, losses } = explore([publish_twice, publish_and_drain], flush);

    assert!(interleavings > 1_000, "only {interleavings} interleavings");
    assert_eq!(losses, 0, "of {interleavings} interleavings");
}

#[test]
fn what_a_reader_leaves_to_a_woken_shard_is_written() {
    let Outcome { interleavings, losses } = explore([publish_twice, read], flush);

    assert!(interleavings > 1_000, "only {interleavings} interleavings");
    assert_eq!(losses, 0, "of {interleavings} interleavings");
}

#[test]
fn a_shard_that_says_it_has_looked_after_looking_is_caught() {
    assert!(explore([publish_twice, publish_and_drain], flush_the_wrong_way_round).losses > 0);
    assert!(explore([publish_twice, read], flush_the_wrong_way_round).losses > 0);
}

#[test]
fn a_shard_that_sleeps_after_the_last_slice_of_what_it_took_out_before_is_caught() {
    assert!(explore([publish_twice, publish_and_drain], flush_and_sleep_too_early).losses > 0);
}

/// A shard, and what others and it share.
#[derive(Default)]
struct Scene {
    inbox: Inbox<Watched<Queue>>,
    /// Wakes that the shard has not followed yet: its actor's mailbox.
    wakes: Watched<usize>,
    /// Slices of work that was taken out.
    slices: Watched<usize>,
    /// Handed to links, and not written.
    unwritten: Watched<usize>,
}

/// A lock at which any other thread may go first.
#[derive(Default)]
struct Watched<T>(Mutex<T>);

impl<T> Lock<T> for Watched<T> {
    fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut self.0.lock().unwrap())
    }
}

/// What a thread does with the scene.
type Act = fn(&Scene);

fn publish_twice(scene: &Scene) {
    scene.wake(scene.inbox.publish(published()));
    scene.wake(scene.inbox.publish(published()));
}

fn publish_and_drain(scene: &Scene) {
    scene.wake(scene.inbox.publish(published()));
    scene.wake(scene.inbox.drain(Duration::ZERO));
}

/// A reader answers a client. It leaves the writing to a shard that will look anyway.
fn read(scene: &Scene) {
    scene.unwritten.with(|unwritten| *unwritten += 1);
    if !scene.inbox.is_awaited() {
        scene.write();
    }
}

/// As the shard does it: whoever queues something from the first line on wakes it again, and it takes more out only when
/// it has worked off what it took out before.
fn flush(scene: &Scene) {
    scene.inbox.take_controls();
    let takes_out = scene.take_out();
    let is_done = scene.work_off_a_slice();
    scene.write();
    if !(takes_out && is_done) {
        scene.wake(scene.inbox.look_again());
    }
}

fn flush_and_sleep_too_early(scene: &Scene) {
    scene.inbox.take_controls();
    scene.take_out();
    let is_done = scene.work_off_a_slice();
    scene.write();
    if !is_done {
        scene.wake(scene.inbox.look_again());
    }
}

fn flush_the_wrong_way_round(scene: &Scene) {
    scene.take_out();
    while !scene.work_off_a_slice() {}
    scene.write();
    scene.inbox.take_controls();
}

struct Outcome {
    interleavings: usize,
    /// Those that ended with something to do and a sleeping shard.
    losses: usize,
}

fn explore(acts: [Act; 2], flush: Act) -> Outcome {
    let interleavings = Arc::new(AtomicUsize::new(0));
    let losses = Arc::new(AtomicUsize::new(0));
    let (tried, lost) = (Arc::clone(&interleavings), Arc::clone(&losses));
    loom::model(move || {
        let scene = Arc::new(Scene::default());
        let others = acts.map(|act| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || act(&scene))
        });
        for _ in 0..2 {
            scene.follow_a_wake(flush);
        }
        for other in others {
            other.join().unwrap();
        }
        while scene.follow_a_wake(flush) {}

        let left = scene.queued()
            + scene.slices.with(|slices| *slices)
            + scene.unwritten.with(|unwritten| *unwritten);
        tried.fetch_add(1, Ordering::Relaxed);
        lost.fetch_add(usize::from(left > 0), Ordering::Relaxed);
    });
    Outcome { interleavings: interleavings.load(Ordering::Relaxed), losses: losses.load(Ordering::Relaxed) }
}

impl Scene {
    fn wake(&self, wake: Wake) {
        if wake == Wake::Needed {
            self.wakes.with(|wakes| *wakes += 1);
        }
    }

    /// Looks once if it has been woken, and says whether it has.
    fn follow_a_wake(&self, flush: Act) -> bool {
        let is_woken = self.wakes.with(|wakes| {
            let is_woken = *wakes > 0;
            *wakes = wakes.saturating_sub(1);
            is_woken
        });
        if is_woken {
            flush(self);
        }
        is_woken
    }

    /// Takes out what waits, if nothing is left of what was taken out before; says whether it did. Everything takes two
    /// slices.
    fn take_out(&self) -> bool {
        let is_idle = self.slices.with(|slices| *slices == 0);
        if is_idle {
            let items = self.inbox.take_items().0.len();
            self.slices.with(|slices| *slices = items * 2);
        }
        is_idle
    }

    /// Whether nothing is left then.
    fn work_off_a_slice(&self) -> bool {
        self.slices.with(|slices| {
            *slices = slices.saturating_sub(1);
            *slices == 0
        })
    }

    fn write(&self) {
        self.unwritten.with(|unwritten| *unwritten = 0);
    }

    /// What is still in the inbox, when nobody is left who could take it.
    fn queued(&self) -> usize {
        self.inbox.take_controls().len() + self.inbox.take_items().0.len()
    }
}

fn published() -> Arc<Published> {
    let channel = ChannelName::parse("news").unwrap();
    let address = Arc::new(Address::public(TenantId::default(), channel));
    let publication =
        Publication { offset: 0, data: Bytes::from_static(b"{}"), info: None, tags: None, delta: false };
    Arc::new(Published::new(address, Event::Publication(Arc::new(publication), None)))
}
