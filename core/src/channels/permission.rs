//! Who may do what in a channel. Where a feature is off, that is said before a lack of permission (P section 8).

use ports::ids::UserId;
use ports::protocol::ErrorCode;

use super::{Allowed, History, Namespace};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Party<'a> {
    /// The application's back end, which may do everything that is switched on.
    Backend,
    /// A connection that has not introduced itself.
    Nobody,
    /// A connection.
    Client {
        /// Its user.
        user: &'a UserId,
        /// Whether it is subscribed to the channel.
        subscribed: bool,
        /// Whether permissions are switched off.
        insecure: bool,
    },
}

impl Party<'_> {
    fn may(self, allowed: Allowed) -> Result<(), ErrorCode> {
        let may = match self {
            Self::Backend => true,
            Self::Nobody => false,
            Self::Client { user, subscribed, insecure } => insecure || allowed.covers(user, subscribed),
        };
        if may { Ok(()) } else { Err(ErrorCode::PermissionDenied) }
    }
}

/// Whether the party may subscribe without a token. Private channels always need one (P-CH-3).
pub fn subscribe(namespace: &Namespace, is_private: bool, party: Party<'_>) -> Result<(), ErrorCode> {
    let allowed = if is_private { Allowed::NOBODY } else { namespace.subscribe };
    party.may(allowed)
}

/// Whether the party may publish.
pub fn publish(namespace: &Namespace, party: Party<'_>) -> Result<(), ErrorCode> {
    party.may(namespace.publish)
}

/// The stream, if there is one and the party may read it.
pub fn history<'n>(namespace: &'n Namespace, party: Party<'_>) -> Result<&'n History, ErrorCode> {
    let history = namespace.history.as_ref().ok_or(ErrorCode::NotAvailable)?;
    party.may(history.read)?;
    Ok(history)
}

/// Whether presence is kept and the party may read it.
pub fn presence(namespace: &Namespace, party: Party<'_>) -> Result<(), ErrorCode> {
    party.may(namespace.presence.ok_or(ErrorCode::NotAvailable)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ports::channels::Retention;

    use super::*;
    use crate::channels::Wanted;

    const CLIENT: Allowed = Allowed { client: true, ..Allowed::NOBODY };
    const SUBSCRIBER: Allowed = Allowed { subscriber: true, ..Allowed::NOBODY };
    const ANONYMOUS: Allowed = Allowed { anonymous: true, ..Allowed::NOBODY };

    fn stream(read: Allowed) -> Namespace {
        let keep = Retention { size: 1, ttl: Duration::from_secs(1), meta_ttl: Duration::from_secs(1) };
        let history = History { keep, read, recovery: Wanted::Off, positioning: Wanted::Off };
        Namespace { history: Some(history), ..Namespace::default() }
    }

    #[track_caller]
    fn check(allowed: Allowed, user: &str, subscribed: bool, expected: bool) {
        let user = UserId::new(user);
        let party = Party::Client { user: &user, subscribed, insecure: false };
        let expected = if expected { Ok(()) } else { Err(ErrorCode::PermissionDenied) };
        let namespace =
            Namespace { subscribe: allowed, publish: allowed, presence: Some(allowed), ..stream(allowed) };

        assert_eq!(subscribe(&namespace, false, party), expected);
        assert_eq!(publish(&namespace, party), expected);
        assert_eq!(history(&namespace, party).map(drop), expected);
        assert_eq!(presence(&namespace, party), expected);
    }

    #[test]
    fn a_permission_for_clients_holds_for_known_users_only() {
        check(CLIENT, "ann", false, true);
        check(CLIENT, "", false, false);
        check(CLIENT, "", true, false);
    }

    #[test]
    fn a_permission_for_subscribers_holds_for_whoever_is_subscribed() {
        check(SUBSCRIBER, "ann", true, true);
        check(SUBSCRIBER, "", true, true);
        check(SUBSCRIBER, "ann", false, false);
    }

    #[test]
    fn a_permission_for_the_anonymous_user_does_not_hold_for_known_ones() {
        check(ANONYMOUS, "", false, true);
        check(ANONYMOUS, "ann", false, false);
    }

    #[test]
    fn nobody_means_nobody() {
        for user in ["ann", ""] {
            check(Allowed::NOBODY, user, true, false);
        }
    }

    #[test]
    fn back_ends_may_do_what_is_switched_on_and_strangers_nothing() {
        let closed = stream(Allowed::NOBODY);

        assert_eq!(publish(&closed, Party::Backend), Ok(()));
        assert!(history(&closed, Party::Backend).is_ok());
        assert_eq!(presence(&closed, Party::Backend), Err(ErrorCode::NotAvailable));
        assert_eq!(publish(&stream(CLIENT), Party::Nobody), Err(ErrorCode::PermissionDenied));
        assert_eq!(subscribe(&stream(CLIENT), false, Party::Nobody), Err(ErrorCode::PermissionDenied));
    }

    #[test]
    fn a_private_channel_is_closed_to_those_without_a_token() {
        let user = UserId::new("ann");
        let party = |insecure| Party::Client { user: &user, subscribed: false, insecure };
        let open = Namespace { subscribe: CLIENT, ..Namespace::default() };

        assert_eq!(subscribe(&open, true, party(false)), Err(ErrorCode::PermissionDenied)); // P-CH-3
        assert_eq!(subscribe(&open, true, party(true)), Ok(()));
    }

    #[test]
    fn a_feature_that_is_off_is_not_available_even_to_the_insecure() {
        let user = UserId::new("ann");
        let party = |insecure| Party::Client { user: &user, subscribed: true, insecure };
        let plain = Namespace::default();

        for insecure in [false, true] {
            assert_eq!(history(&plain, party(insecure)).map(drop), Err(ErrorCode::NotAvailable));
            assert_eq!(presence(&plain, party(insecure)), Err(ErrorCode::NotAvailable));
        }
        assert_eq!(publish(&plain, party(true)), Ok(()));
    }
}
