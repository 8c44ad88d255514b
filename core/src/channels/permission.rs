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
