//! Text that must not be seen.

use std::sync::Arc;

/// A text that proves who somebody is. It is never empty and deliberately has no `Debug` and no `Display`.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// A secret, unless the text is empty: nothing is proved by an empty one.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(Arc::from(text)))
    }

    /// The text itself. Compare it in constant time, write it nowhere.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
