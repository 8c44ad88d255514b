//! A storm: many clients that are dropped again and again while messages flow, each keeping book of what it hears.

mod listener;
mod news;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, timeout};

use self::listener::{Listener, Reading};
use self::news::News;
use crate::client::Way;
use crate::house::House;

/// Configuration that a house needs for a mixed storm: a namespace in which everything may be patched.
pub const MIXED_RULES: &str = r#"
[[namespace]]
name = "mixed"
allow_subscribe_for_client = true
history_size = 1000
history_ttl = "5m"
force_recovery = true
allowed_delta_types = ["fossil"]
delta_publish = true
"#;

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
    pub caught_up: u64,
    /// Messages that all clients together have checked.
    pub heard: u64,
    /// Those of them that came as a patch.
    pub patched: u64,
}

#[derive(Default)]
struct Tally {
    recovered: AtomicUsize,
    caught_up: AtomicU64,
    heard: AtomicU64,
    patched: AtomicU64,
}

/// A storm over a house.
struct Front<'h> {
    storm: Storm,
    house: &'h House,
    news: News,
    tally: Tally,
}

impl Storm {
    /// Lets it blow over clients that are all alike; panics if any client misses, doubles or misorders anything, or is
    /// told a lie about a recovery.
    pub async fn blow(self, house: &House) -> Aftermath {
        self.over(house, News::Numbers).await
    }

    /// The same over a house with [`MIXED_RULES`]: half of the clients speak Protobuf, half of each ask for differences,
    /// and every one of them must be decodable into what was published.
    pub async fn blow_mixed(self, house: &House) -> Aftermath {
        self.over(house, News::Texts).await
    }

    async fn over(self, house: &House, news: News) -> Aftermath {
        let front = Front { storm: self, house, news, tally: Tally::default() };
        let (over, calm) = watch::channel(None);
        let clients = (0..self.clients).map(|number| front.endure(number, calm.clone()));
        let clients = async {
            join_all(clients).await;
        };
        let news = async {
            let published = front.publish(&over).await;
            // Those who hear the end hear how much there was.
            let _ = over.send(Some(published.clone()));
            published
        };
        let ((), published) = tokio::join!(clients, news);
        let Tally { recovered, caught_up, heard, patched } = front.tally;
        Aftermath {
            published,
            recovered: recovered.into_inner(),
            caught_up: caught_up.into_inner(),
            heard: heard.into_inner(),
            patched: patched.into_inner(),
        }
    }
}

impl Front<'_> {
    /// Publishes at the rate until all drops must have happened; returns how many messages each channel got.
    async fn publish(&self, over: &watch::Sender<Option<Vec<u64>>>) -> Vec<u64> {
        let Storm { drops, channels, rate, calm, .. } = self.storm;
        let mut published = vec![0; channels];
        let duration = calm.mul_f64(drops.max(1) as f64 * 1.25);
        let begin = Instant::now();
        let mut beat = interval(Duration::from_micros(1_000_000 / rate));
        let mut turn = (0..channels).cycle();
        while begin.elapsed() < duration && !over.is_closed() {
            beat.tick().await;
            let Some(room) = turn.next() else { break };
            let Some(count) = published.get_mut(room) else { break };
            let message = self.news.message(*count + 1);
            let (offset, _) = self.house.publish(&self.channel(room), message).await;
            *count += 1;
            assert_eq!(offset, *count, "the stream and its publisher count alike");
        }
        published
    }

    fn channel(&self, room: usize) -> String {
        match self.news {
            News::Numbers => format!("storm-{room}"),
            News::Texts => format!("mixed:{room}"),
        }
    }

    /// Who this client is, and the number of its channel.
    fn listener(&self, number: usize) -> (Listener, usize) {
        // Every channel has clients of all kinds.
        let room = number / 4 % self.storm.channels;
        let (way, reading) = match (self.news, number % 4) {
            (News::Numbers, _) | (News::Texts, 0) => (Way::Json, Reading::Whole),
            (News::Texts, 1) => (Way::Protobuf, Reading::Whole),
            (News::Texts, 2) => (Way::Json, Reading::Patched),
            (News::Texts, _) => (Way::Protobuf, Reading::Patched),
        };
        (Listener::new(self.channel(room), way, reading, self.news), room)
    }

    async fn endure(&self, number: usize, mut calm: watch::Receiver<Option<Vec<u64>>>) {
        let (mut listener, room) = self.listener(number);
        let user = format!("user-{number}");
        let token = self.house.token(&user);
        let mut luck = number as u64;
        let mut client = self.house.client_by_with(listener.way, &token).await;
        listener.begins(&mut client).await;
        let first = listener.offset;

        for _ in 0..self.storm.drops {
            let stay = self.storm.calm.mul_f64(0.5 + chance(&mut luck));
            // Listening has no end of its own; the time has.
            let _ = timeout(stay, listener.listens(&mut client, None)).await;
            listener.hears_what_has_come(&mut client);
            drop(client);
            sleep(Duration::from_millis(50).mul_f64(chance(&mut luck))).await;
            client = self.house.client_by_with(listener.way, &token).await;
            listener.recovers(&mut client).await;
            self.tally.recovered.fetch_add(1, Ordering::Relaxed);
        }

        let all = async {
            let published = calm.wait_for(Option::is_some).await.ok().and_then(|published| published.clone());
            published.and_then(|published| published.get(room).copied())
        };
        let last = tokio::select! {
            last = all => last,
            () = listener.listens(&mut client, None) => None,
        };
        listener.listens(&mut client, last).await;
        assert_eq!(Some(listener.offset), last, "{user}");
        assert_eq!(client.closed(), None, "{user}");
        self.tally.caught_up.fetch_add(listener.caught_up, Ordering::Relaxed);
        self.tally.heard.fetch_add(listener.offset - first, Ordering::Relaxed);
        self.tally.patched.fetch_add(listener.patches, Ordering::Relaxed);
    }
}

/// A number in [0, 1), the same in every run.
fn chance(luck: &mut u64) -> f64 {
    *luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*luck >> 40) as f64 / f64::from(1 << 24)
}
