//! Who may do what in a channel. Where a feature is off, that is said before a lack of permission (P section 8).

use ports::channels::ChannelName;
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

    /// The anonymous user is nobody that could be listed.
    fn is_among(self, users: &str) -> bool {
        match self {
            Self::Backend | Self::Nobody => false,
            Self::Client { user, .. } => {
                !user.is_anonymous() && users.split(',').any(|listed| listed == user.as_str())
            }
        }
    }
}

/// Whether the party may subscribe without a token. Private channels always need one (P-CH-3); a name that lists users
/// is for these and for nobody else (P-CH-4).
pub fn subscribe(namespace: &Namespace, channel: &ChannelName, party: Party<'_>) -> Result<(), ErrorCode> {
    if channel.is_private() {
        return party.may(Allowed::NOBODY);
    }
    match listed_users(channel).filter(|_| namespace.user_limited) {
        Some(users) if party.is_among(users) => Ok(()),
        Some(_) => party.may(Allowed::NOBODY),
        None => party.may(namespace.subscribe),
    }
}

/// Whether that is the back end's to say. It is not asked about names that only a token or a list of users opens (P-CH-3,
/// P-CH-4).
pub fn subscribe_is_asked(namespace: &Namespace, channel: &ChannelName) -> bool {
    let is_listed = namespace.user_limited && listed_users(channel).is_some();
    namespace.hooks.subscribe && !channel.is_private() && !is_listed
}

/// The comma-separated ids after the last `#` of a name that has one.
fn listed_users(channel: &ChannelName) -> Option<&str> {
    channel.as_str().rsplit_once('#').map(|(_, users)| users)
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
    use crate::channels::{RecoveryMode, Wanted};

    const CLIENT: Allowed = Allowed { client: true, ..Allowed::NOBODY };
    const SUBSCRIBER: Allowed = Allowed { subscriber: true, ..Allowed::NOBODY };
    const ANONYMOUS: Allowed = Allowed { anonymous: true, ..Allowed::NOBODY };

    fn stream(read: Allowed) -> Namespace {
        let keep = Retention { size: 1, ttl: Duration::from_secs(1), meta_ttl: Duration::from_secs(1) };
        let mode = RecoveryMode::Stream;
        let history = History { keep, read, recovery: Wanted::Off, positioning: Wanted::Off, mode };
        Namespace { history: Some(history), ..Namespace::default() }
    }

    fn name(raw: &str) -> ChannelName {
        ChannelName::parse(raw).unwrap()
    }

    #[track_caller]
    fn check(allowed: Allowed, user: &str, subscribed: bool, expected: bool) {
        let user = UserId::new(user);
        let party = Party::Client { user: &user, subscribed, insecure: false };
        let expected = if expected { Ok(()) } else { Err(ErrorCode::PermissionDenied) };
        let namespace =
            Namespace { subscribe: allowed, publish: allowed, presence: Some(allowed), ..stream(allowed) };

        assert_eq!(subscribe(&namespace, &name("news:a"), party), expected);
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
        assert_eq!(
            subscribe(&stream(CLIENT), &name("news:a"), Party::Nobody),
            Err(ErrorCode::PermissionDenied)
        );
    }

    #[test]
    fn a_private_channel_is_closed_to_those_without_a_token() {
        let user = UserId::new("ann");
        let party = |insecure| Party::Client { user: &user, subscribed: false, insecure };
        let open = Namespace { subscribe: CLIENT, ..Namespace::default() };

        assert_eq!(subscribe(&open, &name("$news:a"), party(false)), Err(ErrorCode::PermissionDenied)); // P-CH-3
        assert_eq!(subscribe(&open, &name("$news:a"), party(true)), Ok(()));
    }

    /// A client without the insecure switch, in a namespace that is open to everybody otherwise.
    #[track_caller]
    fn check_limited(user_limited: bool, channel: &str, user: &str, expected: bool) {
        let everybody = Allowed { client: true, subscriber: true, anonymous: true };
        let namespace = Namespace { subscribe: everybody, user_limited, ..Namespace::default() };
        let user = UserId::new(user);
        let party = Party::Client { user: &user, subscribed: false, insecure: false };
        let expected = if expected { Ok(()) } else { Err(ErrorCode::PermissionDenied) };

        assert_eq!(subscribe(&namespace, &name(channel), party), expected);
    }

    #[test]
    fn a_name_that_lists_users_is_for_these_and_for_nobody_else() {
        check_limited(true, "x#11", "11", true); // P-CH-4
        check_limited(true, "x#11,12", "12", true);
        check_limited(true, "x#11,12", "1", false);
        check_limited(true, "x#11,12", "11,12", false);
        check_limited(true, "x#11, 12", "12", false);
        check_limited(true, "x:y#11", "11", true);
        check_limited(true, "x", "11", true);
    }

    #[test]
    fn only_what_stands_after_the_last_mark_lists_users() {
        check_limited(true, "x#1#2", "2", true);
        check_limited(true, "x#1#2", "1", false);
        check_limited(true, "#2", "2", true);
    }

    #[test]
    fn a_list_never_names_the_anonymous_user() {
        check_limited(true, "x#", "", false);
        check_limited(true, "x#11,,12", "", false);
        check_limited(true, "x#", "11", false);
    }

    #[test]
    fn where_names_do_not_limit_users_a_mark_is_an_ordinary_character() {
        check_limited(false, "x#11", "12", true);
        check_limited(false, "x#", "", true);
    }

    #[test]
    fn a_private_name_that_lists_users_needs_a_token_all_the_same() {
        check_limited(true, "$x#11", "11", false);
    }

    #[test]
    fn a_list_of_users_binds_neither_the_insecure_nor_back_ends() {
        let user = UserId::new("12");
        let insecure = Party::Client { user: &user, subscribed: false, insecure: true };
        let limited = Namespace { user_limited: true, ..Namespace::default() };

        assert_eq!(subscribe(&limited, &name("x#11"), insecure), Ok(()));
        assert_eq!(subscribe(&limited, &name("x#11"), Party::Backend), Ok(()));
        assert_eq!(subscribe(&limited, &name("x#11"), Party::Nobody), Err(ErrorCode::PermissionDenied));
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
