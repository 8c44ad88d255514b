//! Somebody who must not notice what others do.

use std::time::Duration;

use serde_json::json;

use crate::client::Client;
use crate::house::House;

/// Somebody who just wants to listen.
pub struct Neighbour {
    /// How it listens.
    pub client: Client,
    channel: String,
    count: u64,
}

impl Neighbour {
    /// One who is subscribed to a channel.
    pub async fn of(house: &House, channel: &str) -> Self {
        let mut client = house.client("ann").await;
        client.subscribe(channel).await;
        if channel.starts_with("hall:") {
            assert!(client.next_push().await.get("join").is_some());
        }
        Self { client, channel: channel.to_owned(), count: 0 }
    }

    /// Publishes and hears it.
    pub async fn chat(&mut self, house: &House) {
        self.count += 1;
        house.publish(&self.channel, json!(self.count)).await;
        self.client.expects(self.count).await;
    }

    /// Publishes and hears it, over and over, while something else goes on; not one may be missing at the end.
    pub async fn chats_during(&mut self, house: &House, other: impl Future<Output = ()>) {
        let published = std::cell::Cell::new(0);
        let mut heard = 0;
        let chat = async {
            loop {
                published.set(published.get() + 1);
                house.publish(&self.channel, json!(published.get())).await;
                self.client.expects(published.get()).await;
                heard += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = other => {}
            () = chat => {}
        }
        assert!(heard > 0 && published.get() - heard <= 1);
        if heard < published.get() {
            // The last one was cut short between two lines; nobody knows whether it was published.
            self.client.pushes_so_far().await;
        }
    }
}
