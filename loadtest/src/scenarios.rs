//! What can be played against a server. A file for each.

mod api;
mod channels;
mod connect_storm;
mod fan_out;
mod flood;
mod health;
mod mixed;
mod presence;
mod protected;
mod recovery_storm;
mod slow_consumers;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) use flood::{POURED_MIN, Pouring, capacity};

/// A scenario.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Probes.
    Health,
    /// A back end that publishes and asks.
    Api,
    /// Calls that must be refused.
    Protected,
    /// Everybody comes at once.
    ConnectStorm,
    /// One channel, many subscribers.
    FanOut,
    /// Many channels, few subscribers each.
    Channels,
    /// Who is here?
    Presence,
    /// Everybody is cut off and comes back.
    RecoveryStorm,
    /// Some read slowly or not at all; the others' times count.
    SlowConsumers,
    /// One publishes as fast as it is allowed to; the others' times count.
    Flood,
    /// A day in a minute: all of the others in turn.
    Mixed,
}

/// A user in the middle of a scenario.
#[async_trait]
pub(crate) trait Play: Send {
    /// Does what is due next: something that takes a second or so, waiting included. Failed operations are booked by
    /// then, once each; an error means that the user has to take leave and begin anew.
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal>;

    /// Ends well: checks that nothing is missing and says goodbye.
    async fn leave(self: Box<Self>, stage: &Stage);
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Health,
        Self::Api,
        Self::Protected,
        Self::ConnectStorm,
        Self::FanOut,
        Self::Channels,
        Self::Presence,
        Self::RecoveryStorm,
        Self::SlowConsumers,
        Self::Flood,
        Self::Mixed,
    ];

    /// As it is written in options and budgets.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Api => "api",
            Self::Protected => "protected",
            Self::ConnectStorm => "connect-storm",
            Self::FanOut => "fan-out",
            Self::Channels => "channels",
            Self::Presence => "presence",
            Self::RecoveryStorm => "recovery-storm",
            Self::SlowConsumers => "slow-consumers",
            Self::Flood => "flood",
            Self::Mixed => "mixed",
        }
    }

    /// Of so many users how many play it, in relation to the others.
    pub(crate) fn weight(self) -> usize {
        match self {
            Self::FanOut | Self::Channels | Self::Mixed => 2,
            Self::Health
            | Self::Api
            | Self::Protected
            | Self::ConnectStorm
            | Self::Presence
            | Self::RecoveryStorm
            | Self::SlowConsumers
            | Self::Flood => 1,
        }
    }

    /// The row that says how well it goes: whose times are compared.
    pub(crate) fn principal(self) -> Row {
        match self {
            Self::Health => Row::Health,
            Self::Api => Row::ApiPublish,
            Self::Protected => Row::ApiProtected,
            Self::ConnectStorm => Row::Connect,
            Self::FanOut | Self::Channels | Self::SlowConsumers | Self::Flood | Self::Mixed => Row::Delivery,
            Self::Presence => Row::Presence,
            Self::RecoveryStorm => Row::Recover,
        }
    }

    /// A user enters. What fails is booked, as in a round.
    pub(crate) async fn enter(self, stage: &Stage) -> Result<Box<dyn Play>, Refusal> {
        Ok(match self {
            Self::Health => Box::new(health::Health::enter(stage)),
            Self::Api => Box::new(api::Api::enter(stage)),
            Self::Protected => Box::new(protected::Protected::enter()),
            Self::ConnectStorm => Box::new(connect_storm::ConnectStorm::enter(stage)),
            Self::FanOut => Box::new(fan_out::FanOut::enter(stage).await?),
            Self::Channels => Box::new(channels::Channels::enter(stage).await?),
            Self::Presence => Box::new(presence::Presence::enter(stage).await?),
            Self::RecoveryStorm => Box::new(recovery_storm::RecoveryStorm::enter(stage).await?),
            Self::SlowConsumers => Box::new(slow_consumers::SlowConsumers::enter(stage).await?),
            Self::Flood => Box::new(flood::Flood::enter(stage).await?),
            Self::Mixed => Box::new(mixed::Mixed::enter(stage).await?),
        })
    }

    /// The scenario of this name, or the names there are with the nearest one first.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| {
            let near = nearest(name, Self::ALL.map(Self::name));
            let all = Self::ALL.map(Self::name).join(", ");
            format!("no scenario {name:?}{near}; there are: {all}")
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

/// `, did you mean …?`, if one of the names is near enough.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let distances = names.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    match distances.min() {
        Some((distance, known)) if distance <= 3 => format!(", did you mean {known:?}?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_written_in_files_as_it_is_shown() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(Kind::named(kind.name()), Ok(kind));
        }
    }

    #[test]
    fn a_misspelt_scenario_is_corrected() {
        let error = Kind::named("fanout").unwrap_err();

        assert!(error.contains("did you mean \"fan-out\"?"), "{error}");
        assert!(error.contains("recovery-storm"), "{error}");
    }
}
