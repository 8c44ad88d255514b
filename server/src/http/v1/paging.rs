//! Lists in pieces. A cursor holds the key of the last item of a piece; the next piece begins after it, whatever has come
//! or gone meanwhile, so that no item that stays is skipped or repeated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use utoipa::IntoParams;

use super::query::{Pairs, Parameters};

/// Most items of one piece.
pub(super) const LIMIT_MAX: u64 = 1_000;
/// Items of a piece if nothing else is asked for.
pub(super) const LIMIT_DEFAULT: u64 = 100;
/// From so many bytes of payload on a piece ends early.
pub const PIECE_BYTES_MAX: usize = 4 << 20;

/// Which list a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Channels,
    Connections,
    History,
    Presence,
}

/// What is asked of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the parameters")]
pub(super) struct PageParams {
    /// Most items of the answer.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the piece before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// A piece of a list.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) limit: usize,
    /// The key of the last item before it.
    pub(super) after: Option<String>,
}

impl List {
    fn letter(self) -> &'static str {
        match self {
            Self::Channels => "c",
            Self::Connections => "n",
            Self::History => "h",
            Self::Presence => "p",
        }
    }

    /// The cursor after an item.
    pub(super) fn cursor(self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{key}", self.letter()))
    }

    /// The key in a cursor.
    pub(super) fn key(self, cursor: &str) -> Option<String> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        text.strip_prefix(self.letter()).map(str::to_owned)
    }

    /// Takes the parameters of a piece.
    pub(super) fn page(self, pairs: &mut Pairs, is_key: impl Fn(&str) -> bool) -> Page {
        let limit = pairs.number("limit", 1..=LIMIT_MAX).unwrap_or(LIMIT_DEFAULT);
        Page { limit: limit as usize, after: self.after(pairs, is_key) }
    }

    /// Takes the cursor alone.
    pub(super) fn after(self, pairs: &mut Pairs, is_key: impl Fn(&str) -> bool) -> Option<String> {
        let cursor = pairs.text("cursor")?;
        let key = self.key(&cursor).filter(|key| is_key(key));
        if key.is_none() {
            pairs.refuse(
                "cursor",
                "is none of this list; give next_cursor of the answer before, or leave it out",
            );
        }
        key
    }
}

/// The first items that fit, and whether there are more: at most so many, and of as many bytes, but at least one.
pub(super) fn cut<T>(
    items: impl IntoIterator<Item = T>,
    limit: usize,
    bytes_max: usize,
    bytes: impl Fn(&T) -> usize,
) -> (Vec<T>, bool) {
    let mut taken = Vec::new();
    let mut room = bytes_max;
    for item in items {
        if taken.len() >= limit || (room == 0 && !taken.is_empty()) {
            return (taken, true);
        }
        room = room.saturating_sub(bytes(&item));
        taken.push(item);
    }
    (taken, false)
}

/// A piece of the list of connections of one user.
#[derive(Debug)]
pub(super) struct ConnectionsPage(pub(super) Page);

impl Parameters for ConnectionsPage {
    fn take(pairs: &mut Pairs) -> Self {
        Self(List::Connections.page(pairs, is_client))
    }
}

/// Whether a text spells a connection's id.
pub(super) fn is_client(text: &str) -> bool {
    ports::ids::ClientId::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_those_of_one_list() {
        let cursor = List::Channels.cursor("a/b ü");

        assert_eq!(List::Channels.key(&cursor).as_deref(), Some("a/b ü"));
        assert_eq!(List::Presence.key(&cursor), None);
        for bad in ["", "!", "AAAA", "_w"] {
            assert_eq!(List::Channels.key(bad), None, "{bad}");
        }
    }

    #[test]
    fn pieces_are_bounded_by_number_and_bytes() {
        let cut_of = |limit, bytes| cut([3, 4, 5], limit, bytes, |item| *item);

        assert_eq!(cut_of(5, 100), (vec![3, 4, 5], false));
        assert_eq!(cut_of(3, 12), (vec![3, 4, 5], false));
        assert_eq!(cut_of(2, 100), (vec![3, 4], true));
        assert_eq!(cut_of(5, 7), (vec![3, 4], true));
        assert_eq!(cut_of(5, 1), (vec![3], true));
    }
}
