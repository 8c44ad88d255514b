//! A sink that remembers, and can be waited for.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use crate::channels::{Address, Broker, Event, Published, Sink};
use crate::orders::Order;

/// Keeps every event in the order of delivery.
#[derive(Default)]
pub(super) struct Recorder(Mutex<State>);

#[derive(Default)]
struct State {
    delivered: Vec<Arc<Published>>,
    orders: Vec<Arc<Order>>,
    waiting: Option<Waker>,
}

impl Recorder {
    /// A recorder that listens to the broker.
    pub(super) fn of(broker: &dyn Broker) -> Arc<Self> {
        let recorder = Arc::new(Self::default());
        broker.listen(Arc::clone(&recorder) as Arc<dyn Sink>);
        recorder
    }

    /// The events of an address as soon as there are so many.
    pub(super) async fn events(&self, address: &Address, count: usize) -> Vec<Event> {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            let of_address = state.delivered.iter().filter(|published| *published.address == *address);
            let events: Vec<_> = of_address.map(|published| published.event.clone()).collect();
            if events.len() >= count {
                return Poll::Ready(events);
            }
            state.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The orders so far, as soon as there is one.
    pub(super) async fn orders(&self) -> Vec<Arc<Order>> {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if !state.orders.is_empty() {
                return Poll::Ready(state.orders.clone());
            }
            state.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The payloads of an address's publications as soon as there are so many events.
    pub(super) async fn payloads(&self, address: &Address, count: usize) -> Vec<String> {
        let events = self.events(address, count).await;
        events.iter().map(payload).collect()
    }
}

impl Sink for Recorder {
    fn deliver(&self, published: Arc<Published>) {
        let mut state = self.0.lock().unwrap();
        state.delivered.push(published);
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
    }

    fn obey(&self, order: Arc<Order>) {
        let mut state = self.0.lock().unwrap();
        state.orders.push(order);
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
    }
}

/// What an event says, in a word.
fn payload(event: &Event) -> String {
    match event {
        Event::Publication(publication, _) => String::from_utf8_lossy(&publication.data).into_owned(),
        Event::Join(info) => format!("{} joined", info.user),
        Event::Leave(info) => format!("{} left", info.user),
    }
}
