//! The rows of every table: what was done, and by which way.

use serde::{Deserialize, Serialize};

/// One kind of operation whose time is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Row {
    /// From the first packet to the reply to `connect`.
    #[serde(rename = "WS connect")]
    Connect,
    /// From the command to its reply.
    #[serde(rename = "WS subscribe")]
    Subscribe,
    /// From the moment a message was due to the moment a subscriber has it.
    #[serde(rename = "WS publish->delivery")]
    Delivery,
    /// From the first packet of a returning connection to the reply that brings what it missed.
    #[serde(rename = "WS recover")]
    Recover,
    /// From the command to its reply.
    #[serde(rename = "WS presence")]
    Presence,
    /// Publications of the one who floods, from the command to its reply.
    #[serde(rename = "WS flood")]
    Flood,
    /// One call.
    #[serde(rename = "API publish")]
    ApiPublish,
    /// One call.
    #[serde(rename = "API history")]
    ApiHistory,
    /// One call.
    #[serde(rename = "API presence")]
    ApiPresence,
    /// One call with no key or a wrong one; a success if it was refused.
    #[serde(rename = "API protected")]
    ApiProtected,
    /// One call.
    #[serde(rename = "GET health")]
    Health,
}

impl Row {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Connect,
        Self::Subscribe,
        Self::Delivery,
        Self::Recover,
        Self::Presence,
        Self::Flood,
        Self::ApiPublish,
        Self::ApiHistory,
        Self::ApiPresence,
        Self::ApiProtected,
        Self::Health,
    ];

    /// The way: `WS`, `API` or `GET`.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Connect
            | Self::Subscribe
            | Self::Delivery
            | Self::Recover
            | Self::Presence
            | Self::Flood => "WS",
            Self::ApiPublish | Self::ApiHistory | Self::ApiPresence | Self::ApiProtected => "API",
            Self::Health => "GET",
        }
    }

    /// What was done.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Subscribe => "subscribe",
            Self::Delivery => "publish->delivery",
            Self::Recover => "recover",
            Self::Presence | Self::ApiPresence => "presence",
            Self::Flood => "flood",
            Self::ApiPublish => "publish",
            Self::ApiHistory => "history",
            Self::ApiProtected => "protected",
            Self::Health => "health",
        }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&format!("{} {}", self.label(), self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_in_files_as_it_is_shown() {
        for row in Row::ALL {
            assert_eq!(serde_json::to_value(row).unwrap(), row.to_string());
        }
    }
}
