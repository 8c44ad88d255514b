//! What a broker between processes may do to a node: messages that get lost on their way.

use std::sync::Arc;

use ports::channels::{Address, ChannelName};
use ports::ids::TenantId;
use serde_json::json;

use super::House;

impl House {
    /// Publishes so many numbers into a channel which has subscribers; none of them reaches this node.
    #[expect(clippy::unwrap_used, reason = "this is how a test fails")]
    pub async fn loses(&self, channel: &str, count: u64) {
        let broker = Arc::clone(&self.node().services.app.ports().broker);
        let channel_name = ChannelName::parse(channel).unwrap();
        let address = Arc::new(Address::public(TenantId::default(), channel_name));
        broker.detach(&address).await.unwrap();
        for number in 1..=count {
            self.publish(channel, json!(format!("lost {number}"))).await;
        }
        broker.attach(&address).await.unwrap();
    }

    /// Returns when a loss that nobody could repair was noticed without any further publication: positions that were
    /// compared at the same interval before that have been found good.
    pub async fn compares_positions(&self) {
        for round in ["first", "second"] {
            let channel = format!("few:{round}");
            let mut witness = self.client("witness").await;
            witness.subscribe(&channel).await;
            self.loses(&channel, 5).await;
            let push = witness.next_push().await;
            assert_eq!(push.pointer("/unsubscribe/code"), Some(&json!(2500)), "{push}");
        }
    }
}
