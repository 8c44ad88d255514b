//! What all sections have in common: named settings, each with a type and a default.

use super::error::ConfigError;
use super::source::Reader;

/// A group of settings, written as `[name]` in the file.
pub(super) trait Section: Sized {
    /// The keys that may be written; all others are refused.
    const KEYS: &'static [&'static str];

    /// Takes each setting from what was written, else its default.
    fn read(from: &mut Reader<'_>) -> Result<Self, ConfigError>;
}

/// Declares a section: the struct, its defaults and how it is read, from one list.
macro_rules! section {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $key:ident: $kind:ty = $default:expr;)* }) => {
        $(#[$about])*
        #[derive(Clone)]
        pub struct $name {
            $($(#[$doc])* pub $key: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $crate::config::section::Section for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            fn read(
                from: &mut $crate::config::source::Reader<'_>,
            ) -> Result<Self, $crate::config::ConfigError> {
                Ok(Self { $($key: from.take(stringify!($key))?.unwrap_or_else(|| $default),)* })
            }
        }
    };
}

pub(super) use section;
