//! The methods about connections. Each gives an order to all nodes and returns when this one has done it, so that a
//! publication right after a subscribe arrives.

use std::time::Duration;

use ports::ids::Caller;
use wigwag_core::connections::{Issued, Whose};

use super::answers::NOTHING;
use super::failure::Failure;
use super::payload::payload;
use super::requests::{
    ChannelRequest, DisconnectRequest, RefreshRequest, SubscribeRequest, WhoseRequest, read,
};
use crate::http::Edge;

/// How long a call waits for this node to do what was ordered.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(5);

pub(super) async fn subscribe(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let (whose, wish) = (whose(body)?, read::<SubscribeRequest>(body)?.wish()?);
    refuse_overload(edge)?;
    done(edge.services.app.connections.subscribe(caller, &whose, wish).await?).await
}

pub(super) async fn unsubscribe(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let (whose, request) = (whose(body)?, read::<ChannelRequest>(body)?);
    refuse_overload(edge)?;
    let channel = request.channel.unwrap_or_default();
    done(edge.services.app.connections.unsubscribe(caller, &whose, &channel).await?).await
}

pub(super) async fn disconnect(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let (whose, request) = (whose(body)?, read::<DisconnectRequest>(body)?);
    refuse_overload(edge)?;
    done(edge.services.app.connections.disconnect(caller, &whose, request.into()).await?).await
}

pub(super) async fn refresh(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let (whose, request) = (whose(body)?, read::<RefreshRequest>(body)?);
    refuse_overload(edge)?;
    let life = request.life();
    let info = payload(request.info, None, "info")?;
    done(edge.services.app.connections.refresh(caller, &whose, life, info).await?).await
}

fn whose(body: &[u8]) -> Result<Whose, Failure> {
    read::<WhoseRequest>(body).map(Whose::from)
}

/// A shard that is behind would drop the order.
fn refuse_overload(edge: &Edge) -> Result<(), Failure> {
    if edge.services.hub().is_overloaded() { Err(Failure::Overloaded) } else { Ok(()) }
}

/// Waits until the order is done here. One that takes longer is done later.
async fn done(issued: Issued) -> Result<String, Failure> {
    let waiting = async {
        let mut pause = Duration::ZERO;
        while !issued.is_done() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2 + Duration::from_millis(1)).min(PAUSE_MAX);
        }
    };
    let _ = tokio::time::timeout(PATIENCE, waiting).await;
    Ok(NOTHING.into())
}
