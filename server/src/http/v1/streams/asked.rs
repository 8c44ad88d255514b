//! What is asked of a history, in a query or in a batch.

use ports::channels::{Epoch, Order};
use ports::protocol::Recovery;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::Problem;
use crate::http::v1::names::Channel;
use crate::http::v1::paging::{LIMIT_DEFAULT, LIMIT_MAX, List};
use crate::http::v1::query::{Pairs, Parameters};
use crate::http::v1::refusal::bad_field;

/// In which order publications come.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http::v1) enum Direction {
    /// Ascending offsets.
    Oldest,
    /// Descending offsets.
    Newest,
}

/// What is asked of a history.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the parameters")]
pub(in crate::http::v1) struct HistoryParams {
    /// Most publications of the answer; 0 asks for the position only. Fewer may come where they are long.
    #[param(minimum = 0, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Which come first.
    #[param(inline)]
    order: Option<Direction>,
    /// Only what comes after this offset; if the newest come first, before it.
    #[param(minimum = 0)]
    since_offset: Option<u64>,
    /// The timeline of that offset.
    #[param(max_length = 64)]
    since_epoch: Option<String>,
    /// `next_cursor` of the piece before; it knows order, offset and epoch.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// What is asked of a history in a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::v1) struct HistoryOf {
    /// Of which channel.
    #[schema(value_type = Channel)]
    pub(in crate::http::v1) channel: String,
    /// Most publications of the answer; 0 asks for the position only.
    #[schema(minimum = 0, maximum = 1000)]
    limit: Option<u32>,
    /// Which come first.
    order: Option<Direction>,
    /// Only what comes after this offset; if the newest come first, before it.
    #[schema(minimum = 0)]
    since_offset: Option<u64>,
    /// The timeline of that offset.
    since_epoch: Option<String>,
    /// `next_cursor` of the piece before.
    cursor: Option<String>,
}

/// What is asked, understood.
#[derive(Debug)]
pub(in crate::http::v1) struct Asked {
    pub(in crate::http::v1) limit: usize,
    pub(in crate::http::v1) since: Option<Recovery>,
    pub(in crate::http::v1) order: Order,
}

/// The same with the channel.
#[derive(Debug)]
pub(in crate::http::v1) struct AskedOf(
    pub(in crate::http::v1) String,
    pub(in crate::http::v1) Result<Asked, Problem>,
);

impl Parameters for Result<Asked, Problem> {
    fn take(pairs: &mut Pairs) -> Self {
        let asked = HistoryOf {
            channel: String::new(),
            limit: pairs.number("limit", 0..=LIMIT_MAX).and_then(|limit| u32::try_from(limit).ok()),
            order: direction(pairs),
            since_offset: pairs.number("since_offset", 0..=u64::MAX),
            since_epoch: pairs.text("since_epoch"),
            cursor: pairs.text("cursor"),
        };
        asked.understood()
    }
}

impl Parameters for AskedOf {
    fn take(pairs: &mut Pairs) -> Self {
        Self(pairs.needed("channel"), Parameters::take(pairs))
    }
}

fn direction(pairs: &mut Pairs) -> Option<Direction> {
    match pairs.text("order")?.as_str() {
        "oldest" => Some(Direction::Oldest),
        "newest" => Some(Direction::Newest),
        _ => {
            pairs.refuse("order", "is neither oldest nor newest");
            None
        }
    }
}

impl HistoryOf {
    /// What it means, if it makes sense.
    pub(in crate::http::v1) fn understood(self) -> Result<Asked, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT as u32) as usize;
        if limit as u64 > LIMIT_MAX {
            return Err(bad_field("limit", format!("is no whole number from 0 to {LIMIT_MAX}")));
        }
        if let Some(cursor) = self.cursor {
            if self.order.is_some() || self.since_offset.is_some() || self.since_epoch.is_some() {
                return Err(bad_field(
                    "cursor",
                    "knows order, since_offset and since_epoch; leave those out",
                ));
            }
            let (order, since) = position_in(&cursor).ok_or_else(|| {
                bad_field("cursor", "is none of a history; give next_cursor of the answer before")
            })?;
            return Ok(Asked { limit, since: Some(since), order });
        }
        let order = match self.order {
            Some(Direction::Newest) => Order::NewestFirst,
            Some(Direction::Oldest) | None => Order::OldestFirst,
        };
        if self.since_epoch.is_some() && self.since_offset.is_none() {
            return Err(bad_field("since_epoch", "means nothing without since_offset"));
        }
        let epoch = Epoch::new(&self.since_epoch.unwrap_or_default());
        let since = self.since_offset.map(|offset| Recovery { offset, epoch });
        Ok(Asked { limit, since, order })
    }
}

/// Where the piece before ended.
fn position_in(cursor: &str) -> Option<(Order, Recovery)> {
    let key = List::History.key(cursor)?;
    let mut parts = key.splitn(3, ':');
    let order = match parts.next()? {
        "o" => Order::OldestFirst,
        "n" => Order::NewestFirst,
        _ => return None,
    };
    let offset = parts.next()?.parse().ok()?;
    Some((order, Recovery { offset, epoch: Epoch::new(parts.next()?) }))
}
