//! Form C2, the floor for "one task each": the lean session as a bare tokio task per connection.

use std::sync::Arc;

use tokio::net::TcpListener;
use wigwag_forms::hub::Hub;
use wigwag_forms::{lean, listen};

fn main() -> anyhow::Result<()> {
    let listener = listen::listener(listen::address()?)?;
    listen::runtime()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let hub = Arc::<Hub>::default();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(lean::session(stream, Arc::clone(&hub)));
        }
    })
}
