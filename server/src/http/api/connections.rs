//! The methods about connections. Each gives an order to all nodes and returns when this one has done it, so that a
//! publication right after a subscribe arrives.

use ports::ids::Caller;
use wigwag_core::connections::{Issued, Whose};

use super::answers::NOTHING;
use super::failure::Failure;
use super::payload::payload;
use super::requests::{
    ChannelRequest, DisconnectRequest, RefreshRequest, SubscribeRequest, WhoseRequest, read,
};
use crate::http::Edge;
use crate::http::v1::orders::{self, refuse_overload};

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

async fn done(issued: Issued) -> Result<String, Failure> {
    // Late or not, this face has one answer.
    let _ = orders::is_done_soon(issued).await;
    Ok(NOTHING.into())
}
