//! Form B5: a ractor actor per connection whose whole session runs inside one boxed future.

use std::pin::Pin;
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::net::TcpListener;
use wigwag_forms::hub::Hub;
use wigwag_forms::{lean, listen};

type Life = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

struct Connection;

/// The only message: live.
struct Begin;

impl Actor for Connection {
    type Msg = Begin;
    type State = Life;
    type Arguments = Life;

    async fn pre_start(&self, myself: ActorRef<Begin>, life: Life) -> Result<Life, ActorProcessingErr> {
        myself.cast(Begin)?;
        Ok(life)
    }

    async fn handle(
        &self,
        myself: ActorRef<Begin>,
        Begin: Begin,
        life: &mut Life,
    ) -> Result<(), ActorProcessingErr> {
        life.await;
        myself.stop(None);
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let listener = listen::listener(listen::address()?)?;
    listen::runtime()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let hub = Arc::<Hub>::default();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Actor::spawn(None, Connection, Box::pin(lean::session(stream, Arc::clone(&hub)))).await?;
        }
    })
}
