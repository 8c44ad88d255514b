//! How others see a connection.

use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;
use ports::channels::ClientInfo;
use ports::ids::{ClientId, UserId};

/// A connection's user, and what others see of it where no subscription says more. Most connections nobody ever sees:
/// theirs takes no room before it is looked at, unless the token says more than the user.
#[derive(Debug)]
pub(super) struct Face {
    user: UserId,
    info: OnceCell<Arc<ClientInfo>>,
}

impl Face {
    pub(super) fn new(user: UserId, client: ClientId, conn_info: Option<Bytes>) -> Self {
        let face = Self { user, info: OnceCell::new() };
        if conn_info.is_some() {
            face.info.get_or_init(|| face.draw(client, conn_info, None));
        }
        face
    }

    pub(super) fn user(&self) -> &UserId {
        &self.user
    }

    /// What the connection token says of it.
    pub(super) fn conn_info(&self) -> Option<&Bytes> {
        self.info.get()?.conn_info.as_ref()
    }

    /// What others see in a channel, with what a subscription token adds.
    pub(super) fn in_channel(&self, client: ClientId, chan_info: Option<Bytes>) -> Arc<ClientInfo> {
        match chan_info {
            None => Arc::clone(self.info.get_or_init(|| self.draw(client, None, None))),
            Some(_) => self.draw(client, self.conn_info().cloned(), chan_info),
        }
    }

    fn draw(&self, client: ClientId, conn_info: Option<Bytes>, chan_info: Option<Bytes>) -> Arc<ClientInfo> {
        Arc::new(ClientInfo { user: self.user.clone(), client, conn_info, chan_info })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_that_nobody_looks_at_is_not_drawn() {
        let face = Face::new(UserId::new("ann"), client(), None);

        assert!(face.info.get().is_none());
        assert_eq!(face.user(), &UserId::new("ann"));
        assert_eq!(face.conn_info(), None);
    }

    #[test]
    fn a_face_is_drawn_once() {
        let face = Face::new(UserId::new("ann"), client(), None);

        let (first, second) = (face.in_channel(client(), None), face.in_channel(client(), None));

        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn a_channel_sees_what_both_tokens_say() {
        let face = Face::new(UserId::new("ann"), client(), Some("1".into()));

        let info = face.in_channel(client(), Some("2".into()));

        let [conn_info, chan_info] = ["1", "2"].map(|json| Some(Bytes::from(json)));
        assert_eq!(*info, ClientInfo { user: UserId::new("ann"), client: client(), conn_info, chan_info });
        assert_eq!(face.in_channel(client(), None).chan_info, None);
    }

    fn client() -> ClientId {
        ClientId::from_random([7; 16])
    }
}
