//! A storm: many clients that are dropped again and again while messages flow, each keeping book of what it hears.
#![expect(clippy::panic, reason = "this is how a test fails")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep};

use crate::client::Client;
use crate::house::House;

/// How bad the weather is.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Clients, spread evenly over the channels.
    pub clients: usize,
    /// How often each loses its connection.
    pub drops: usize,
    /// Recovering channels.
    pub channels: usize,
    /// Messages a second in all channels together.
    pub rate: u64,
    /// How long a client keeps a connection, on average.
    pub calm: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Aftermath {
    /// Messages in each channel.
    pub published: Vec<u64>,
    /// Subscriptions that recovered something.
    pub recovered: usize,
    /// Messages that came with a recovery.
    pub caught_up: usize,
}

/// The book of one client: where it is in its channel.
struct Listener {
    channel: String,
    epoch: String,
    offset: u64,
}

#[derive(Default)]
struct Tally {
    recovered: AtomicUsize,
    caught_up: AtomicUsize,
}

impl Storm {
    /// Lets it blow; panics if any client misses, doubles or misorders anything, or is told a lie about a recovery.
    pub async fn blow(self, house: &House) -> Aftermath {
        let tally = Tally::default();
        let (over, calm) = watch::channel(None);
        let clients = (0..self.clients).map(|number| self.endure(house, number, calm.clone(), &tally));
        let clients = async {
            join_all(clients).await;
        };
        let news = async {
            let published = self.publish(house, &over).await;
            // Those who hear the end hear how much there was.
            let _ = over.send(Some(published.clone()));
            published
        };
        let ((), published) = tokio::join!(clients, news);
        Aftermath {
            published,
            recovered: tally.recovered.load(Ordering::Relaxed),
            caught_up: tally.caught_up.load(Ordering::Relaxed),
        }
    }

    /// Publishes at the rate, each message its own number, until all drops must have happened; returns how many each
    /// channel got.
    async fn publish(&self, house: &House, over: &watch::Sender<Option<Vec<u64>>>) -> Vec<u64> {
        let mut published = vec![0; self.channels];
        let duration = self.calm.mul_f64(self.drops.max(1) as f64 * 1.25);
        let begin = Instant::now();
        let mut beat = interval(Duration::from_micros(1_000_000 / self.rate));
        let mut turn = (0..self.channels).cycle();
        while begin.elapsed() < duration && !over.is_closed() {
            beat.tick().await;
            let Some(channel) = turn.next() else { break };
            let Some(count) = published.get_mut(channel) else { break };
            let (offset, _) = house.publish(&self.channel(channel), json!(*count + 1)).await;
            *count += 1;
            assert_eq!(offset, *count, "the stream and its publisher count alike");
        }
        published
    }

    fn channel(&self, number: usize) -> String {
        format!("storm-{}", number % self.channels)
    }

    async fn endure(
        &self,
        house: &House,
        number: usize,
        mut calm: watch::Receiver<Option<Vec<u64>>>,
        tally: &Tally,
    ) {
        let user = format!("user-{number}");
        let token = house.token(&user);
        let mut luck = number as u64;
        let mut listener = Listener { channel: self.channel(number), epoch: String::new(), offset: 0 };
        let mut client = house.client_with(&token).await;
        let reply = client.subscribe(&listener.channel).await;
        listener.begins(&reply);

        for _ in 0..self.drops {
            let stay = self.calm.mul_f64(0.5 + chance(&mut luck));
            // Listening has no end of its own; the time has.
            let _ = tokio::time::timeout(stay, listener.listen(&mut client, None)).await;
            listener.hears_what_has_come(&mut client);
            drop(client);
            sleep(Duration::from_millis(50).mul_f64(chance(&mut luck))).await;
            client = house.client_with(&token).await;
            let reply = client.recover(&listener.channel, &listener.epoch, listener.offset).await;
            listener.recovers(&reply, tally);
        }

        let all = async {
            let published = calm.wait_for(Option::is_some).await.ok().and_then(|published| published.clone());
            published.and_then(|published| published.get(number % self.channels).copied())
        };
        let last = tokio::select! {
            last = all => last,
            () = listener.listen(&mut client, None) => None,
        };
        listener.listen(&mut client, last).await;
        assert_eq!(Some(listener.offset), last, "{user}");
        assert_eq!(client.closed(), None, "{user}");
    }
}

impl Listener {
    fn begins(&mut self, reply: &Value) {
        self.epoch = reply.get("epoch").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.offset = reply.get("offset").and_then(Value::as_u64).unwrap_or_default();
    }

    /// Every history here is large enough, so every recovery must succeed, and must hand out all that was missed.
    fn recovers(&mut self, reply: &Value, tally: &Tally) {
        assert_eq!(reply.get("recovered"), Some(&Value::Bool(true)), "{} at {}", self.channel, self.offset);
        let missed = reply.get("publications").and_then(Value::as_array).into_iter().flatten();
        let before = self.offset;
        for publication in missed {
            self.hears(publication);
        }
        tally.recovered.fetch_add(1, Ordering::Relaxed);
        tally.caught_up.fetch_add(usize::try_from(self.offset - before).unwrap_or(0), Ordering::Relaxed);
    }

    /// The next message, whose number is its offset.
    fn hears(&mut self, publication: &Value) {
        let offset = publication.get("offset").and_then(Value::as_u64);
        assert_eq!(offset, Some(self.offset + 1), "{}: lost, doubled or out of order", self.channel);
        assert_eq!(publication.get("data").and_then(Value::as_u64), offset, "{}", self.channel);
        self.offset += 1;
    }

    /// Listens until this message, or for ever. May be dropped at any time without losing count.
    async fn listen(&mut self, client: &mut Client, until: Option<u64>) {
        while until.is_none_or(|until| self.offset < until) {
            let push = client.next_push().await;
            self.hears_push(&push);
        }
    }

    fn hears_what_has_come(&mut self, client: &mut Client) {
        for push in client.pushes_at_hand() {
            self.hears_push(&push);
        }
    }

    fn hears_push(&mut self, push: &Value) {
        match push.get("pub") {
            Some(publication) => self.hears(publication),
            None => panic!("{}: not a publication: {push}", self.channel),
        }
    }
}

/// A number in [0, 1), the same in every run.
fn chance(luck: &mut u64) -> f64 {
    *luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*luck >> 40) as f64 / f64::from(1 << 24)
}
