//! What all sections have in common: named settings, each with a type, a default and what there is to say about it.

use std::ops::{Bound, RangeBounds};

use super::error::ConfigError;
use super::source::Reader;
use super::value::Value;

/// A group of settings, written as `[name]` in the file.
pub(super) trait Section: Sized + Default {
    /// What it is for, for the reference.
    const ABOUT: &'static str;
    /// The settings that may be written; all others are refused.
    const FACTS: &'static [Fact];

    /// Takes each setting from what was written, else its default.
    fn read(from: &mut Reader<'_>) -> Result<Self, ConfigError>;

    /// The value of each setting as TOML, in the order of the facts; nothing where nothing is set.
    fn values(&self) -> Vec<Option<String>>;

    /// The range of each setting that has one, in the same order.
    fn ranges() -> Vec<Option<Range>>;
}

/// What is known of a setting before anybody writes it.
pub(super) struct Fact {
    /// Its name within the section.
    pub(super) key: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// Its type, as the reference calls it.
    pub(super) kind: &'static str,
    /// Whether its value is told to nobody, and may be in a file of its own, which `key` with `_file` names.
    pub(super) is_secret: bool,
    /// Whether a running node takes a change over.
    pub(super) reloads: bool,
    /// A value to begin with, in TOML.
    pub(super) example: &'static str,
}

/// The end of the key that names the file of a secret.
pub(super) const FILE: &str = "_file";

/// What a value may be, in TOML.
pub(super) struct Range {
    least: Option<String>,
    most: Option<String>,
}

impl Range {
    pub(super) fn of<T: Value>(bounds: impl RangeBounds<T>) -> Self {
        let end = |bound: Bound<&T>| match bound {
            Bound::Included(value) | Bound::Excluded(value) => value.written(),
            Bound::Unbounded => None,
        };
        Self { least: end(bounds.start_bound()), most: end(bounds.end_bound()) }
    }

    /// As a message says it.
    pub(super) fn told(&self) -> String {
        match (&self.least, &self.most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("of {least} or more"),
            (None, Some(most)) => format!("of {most} or less"),
            (None, None) => String::new(),
        }
    }
}

impl Fact {
    /// Whether this is the key of the setting, or of the file that it is in.
    pub(super) fn is_named(&self, key: &str) -> bool {
        self.key == key || (self.is_secret && key.strip_suffix(FILE) == Some(self.key))
    }

    /// Every key that may be written for it.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> + use<> {
        let file = self.is_secret.then(|| format!("{}{FILE}", self.key));
        [self.key.to_owned()].into_iter().chain(file)
    }
}

/// The one that there may be.
pub(super) const fn first(given: &[&'static str], otherwise: &'static str) -> &'static str {
    match given {
        [first, ..] => first,
        [] => otherwise,
    }
}

/// Declares a section: the struct, its defaults, how it is read and what the reference says, from one list. A setting
/// may have bounds (`within 1..=9`), an example in TOML (`like "5"`), and counts from the next start on if it says
/// `at start`.
macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident { $(
        $(#[doc = $doc:literal])* $key:ident: $kind:ty = $default:expr
        $(, within $bounds:expr)? $(, like $example:literal)? $(, at $start:ident)?;
    )* }) => {
        $(#[doc = $about])*
        #[derive(Clone)]
        pub struct $name {
            $($(#[doc = $doc])* pub $key: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $crate::config::section::Section for $name {
            const ABOUT: &'static str = concat!($($about),*);
            const FACTS: &'static [$crate::config::section::Fact] = &[$($crate::config::section::Fact {
                key: stringify!($key),
                about: concat!($($doc),*),
                kind: <$kind as $crate::config::value::Value>::KIND,
                is_secret: <$kind as $crate::config::value::Value>::IS_SECRET,
                reloads: <[&str]>::is_empty(&[$(stringify!($start))?]),
                example: $crate::config::section::first(
                    &[$($example)?],
                    <$kind as $crate::config::value::Value>::EXAMPLE,
                ),
            }),*];

            fn read(
                from: &mut $crate::config::source::Reader<'_>,
            ) -> Result<Self, $crate::config::ConfigError> {
                $(
                    let $key: Option<$kind> = from.take(stringify!($key))?;
                    $(from.check_range(stringify!($key), $key.as_ref(), $bounds)?;)?
                )*
                Ok(Self { $($key: $key.unwrap_or_else(|| $default),)* })
            }

            fn values(&self) -> Vec<Option<String>> {
                vec![$($crate::config::value::Value::written(&self.$key)),*]
            }

            fn ranges() -> Vec<Option<$crate::config::section::Range>> {
                vec![$(
                    [$($crate::config::section::Range::of::<$kind>($bounds))?].into_iter().next()
                ),*]
            }
        }
    };
}

pub(super) use section;
