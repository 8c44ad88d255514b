//! What back ends do with the connections of a user, wherever they are: every node gets the order, and the call returns
//! when this one has done it, or after a second.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use ports::access::{ChannelGrant, Overrides};
use ports::channels::Epoch;
use ports::protocol::Recovery;
use ports::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use wigwag_core::connections::{Ending, Life, Wish};

use super::backend;
use super::body::Body;
use super::names::{Channel, ConnectionId};
use super::orders::{carried_out, refuse_overload};
use super::payload::{self, payload};
use super::query::{Query, Segment};
use super::refusal::{ProblemDocument, bad_field};
use super::whose::{spared, whose};
use crate::http::Edge;
use crate::http::problem::Problem;

/// The end of a user's connections.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Disconnect {
    /// Only the connection with this id.
    #[schema(format = "uuid")]
    client: Option<String>,
    /// Only the connection with this secret.
    #[schema(format = "uuid")]
    session: Option<String>,
    /// The close code: 4000 to 4999, or a code of the protocol; 3503 if left out.
    #[schema(minimum = 3000, maximum = 4999)]
    code: Option<u32>,
    /// The close reason, in at most 123 bytes; no JSON.
    #[schema(max_length = 123)]
    reason: Option<String>,
    /// Ids of connections that may stay.
    #[schema(value_type = Option<Vec<ConnectionId>>)]
    except: Option<Vec<String>>,
}

/// A subscription of a user's connections.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    /// To which channel.
    #[schema(value_type = Channel)]
    channel: String,
    /// Only the connection with this id.
    #[schema(format = "uuid")]
    client: Option<String>,
    /// Only the connection with this secret.
    #[schema(format = "uuid")]
    session: Option<String>,
    /// What others see of it in the channel.
    #[schema(value_type = Value, required = false)]
    info: payload::Json,
    /// The same in base64, if it is not JSON.
    b64info: Option<String>,
    /// What the client is handed with the subscription.
    #[schema(value_type = Value, required = false)]
    data: payload::Json,
    /// The same in base64, if it is not JSON.
    b64data: Option<String>,
    /// Where to continue.
    recover_since: Option<Since>,
    /// When it ends, in seconds since 1970; never if left out.
    #[schema(minimum = 0)]
    expire_at: Option<u64>,
    /// Options in place of those of the namespace.
    #[serde(rename = "override")]
    overrides: Option<Override>,
}

/// A place in a history.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// The last offset that is known.
    #[schema(minimum = 0)]
    offset: u64,
    /// Its timeline.
    epoch: String,
}

/// Options of one subscription; those left out are the namespace's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    /// Presence is kept.
    presence: Option<bool>,
    /// Joins and leaves are announced.
    join_leave: Option<bool>,
    /// They are delivered without the client asking.
    force_push_join_leave: Option<bool>,
    /// The subscription recovers.
    force_recovery: Option<bool>,
    /// Its position is tracked.
    force_positioning: Option<bool>,
}

/// The end of subscriptions of a user's connections.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unsubscribe {
    /// From which channel; all of them if left out.
    #[schema(value_type = Channel, required = false)]
    channel: Option<String>,
    /// Only the connection with this id.
    #[schema(format = "uuid")]
    client: Option<String>,
    /// Only the connection with this secret.
    #[schema(format = "uuid")]
    session: Option<String>,
}

/// A new life span of a user's connections.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    /// Only the connection with this id.
    #[schema(format = "uuid")]
    client: Option<String>,
    /// Only the connection with this secret.
    #[schema(format = "uuid")]
    session: Option<String>,
    /// They are over, and are closed with 3005.
    expired: Option<bool>,
    /// When they end, in seconds since 1970; never if left out.
    #[schema(minimum = 0)]
    expire_at: Option<u64>,
    /// What others see of them from now on.
    #[schema(value_type = Value, required = false)]
    info: payload::Json,
}

/// Closes the connections of a user.
#[utoipa::path(post, path = "/v1/users/{user}/disconnect", tag = "users",
    params(("user" = String, Path, description = "The user's id, percent-encoded.", example = "ann")),
    request_body(content = Disconnect, example = json!({"code": 4001, "reason": "signed out"})),
    responses(
        (status = 202, description = "This node has not come to it within a second. It will, and all others are told to."),
        (status = 204, description = "Those of this node are closed, and all others are told to.")))]
pub(super) async fn disconnect(
    State(edge): State<Arc<Edge>>,
    Segment(user): Segment,
    Query(()): Query<()>,
    Body(disconnect): Body<Disconnect>,
) -> Result<StatusCode, Problem> {
    disconnect.perform(&edge, user).await
}

/// Subscribes the connections of a user to a channel.
///
/// Connections that are subscribed already stay as they are. A publication right after this reaches those of this node.
#[utoipa::path(post, path = "/v1/users/{user}/subscribe", tag = "users",
    params(("user" = String, Path, description = "The user's id, percent-encoded.", example = "ann")),
    request_body(content = Subscribe, example = json!({"channel": "news:sport", "info": {"role": "editor"}, "override": {"presence": true}})),
    responses(
        (status = 202, description = "This node has not come to it within a second. It will, and all others are told to."),
        (status = 204, description = "Those of this node are subscribed, and all others are told to be."),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn subscribe(
    State(edge): State<Arc<Edge>>,
    Segment(user): Segment,
    Query(()): Query<()>,
    Body(subscribe): Body<Subscribe>,
) -> Result<StatusCode, Problem> {
    subscribe.perform(&edge, user).await
}

/// Ends subscriptions of a user's connections.
#[utoipa::path(post, path = "/v1/users/{user}/unsubscribe", tag = "users",
    params(("user" = String, Path, description = "The user's id, percent-encoded.", example = "ann")),
    request_body(content = Unsubscribe, example = json!({"channel": "news:sport"})),
    responses(
        (status = 202, description = "This node has not come to it within a second. It will, and all others are told to."),
        (status = 204, description = "Those of this node have ended, and all others are told to."),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn unsubscribe(
    State(edge): State<Arc<Edge>>,
    Segment(user): Segment,
    Query(()): Query<()>,
    Body(unsubscribe): Body<Unsubscribe>,
) -> Result<StatusCode, Problem> {
    unsubscribe.perform(&edge, user).await
}

/// Changes when the connections of a user end.
#[utoipa::path(post, path = "/v1/users/{user}/refresh", tag = "users",
    params(("user" = String, Path, description = "The user's id, percent-encoded.", example = "ann")),
    request_body(content = Refresh, example = json!({"expire_at": 4102444800_u64})),
    responses(
        (status = 202, description = "This node has not come to it within a second. It will, and all others are told to."),
        (status = 204, description = "Those of this node know it, and all others are told.")))]
pub(super) async fn refresh(
    State(edge): State<Arc<Edge>>,
    Segment(user): Segment,
    Query(()): Query<()>,
    Body(refresh): Body<Refresh>,
) -> Result<StatusCode, Problem> {
    refresh.perform(&edge, user).await
}

impl Disconnect {
    /// Closes the connections.
    pub(super) async fn perform(self, edge: &Edge, user: String) -> Result<StatusCode, Problem> {
        refuse_overload(edge)?;
        let whose = whose(user, self.client, self.session)?;
        let ending = Ending { code: self.code, reason: self.reason, spare: spared(self.except)? };
        Ok(carried_out(edge.services.app.connections.disconnect(&backend(), &whose, ending).await?).await)
    }
}

impl Subscribe {
    /// Makes the subscriptions.
    pub(super) async fn perform(self, edge: &Edge, user: String) -> Result<StatusCode, Problem> {
        refuse_overload(edge)?;
        let whose = whose(user, self.client, self.session)?;
        let details = ChannelGrant {
            info: payload(self.info, self.b64info, "b64info")?,
            data: payload(self.data, self.b64data, "b64data")?,
            overrides: self.overrides.map(Overrides::from).unwrap_or_default(),
        };
        let recover = self
            .recover_since
            .map(|since| Recovery { offset: since.offset, epoch: Epoch::new(&since.epoch) });
        let expire_at = self.expire_at.map(Timestamp::from_secs);
        let wish = Wish { channel: self.channel, details, recover, expire_at };
        Ok(carried_out(edge.services.app.connections.subscribe(&backend(), &whose, wish).await?).await)
    }
}

impl Unsubscribe {
    /// Ends the subscriptions.
    pub(super) async fn perform(self, edge: &Edge, user: String) -> Result<StatusCode, Problem> {
        refuse_overload(edge)?;
        let whose = whose(user, self.client, self.session)?;
        let channel = match self.channel.as_deref() {
            Some("") => return Err(bad_field("channel", "is empty; leave it out for all channels")),
            channel => channel.unwrap_or_default(),
        };
        Ok(carried_out(edge.services.app.connections.unsubscribe(&backend(), &whose, channel).await?).await)
    }
}

impl Refresh {
    /// Changes the life span.
    pub(super) async fn perform(self, edge: &Edge, user: String) -> Result<StatusCode, Problem> {
        refuse_overload(edge)?;
        let whose = whose(user, self.client, self.session)?;
        let is_over = self.expired.unwrap_or_default();
        let life = if is_over { Life::Over } else { Life::Until(self.expire_at.map(Timestamp::from_secs)) };
        let info = payload(self.info, None, "info")?;
        Ok(carried_out(edge.services.app.connections.refresh(&backend(), &whose, life, info).await?).await)
    }
}

impl From<Override> for Overrides {
    fn from(wanted: Override) -> Self {
        Self {
            presence: wanted.presence,
            join_leave: wanted.join_leave,
            force_push_join_leave: wanted.force_push_join_leave,
            force_recovery: wanted.force_recovery,
            force_positioning: wanted.force_positioning,
        }
    }
}
