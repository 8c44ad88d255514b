//! What the path and the query of a request say. Parameters that nobody knows are refused with the nearest name.

use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Path, Query as Parsed};
use axum::http::request::Parts;

use super::refusal::{FIELD_ERRORS_MAX, bad_field, bad_fields};
use crate::config::nearest::nearest;
use crate::http::problem::{FieldError, Problem};

/// A query that was understood.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// The one variable part of a path.
#[derive(Debug)]
pub(super) struct Segment(pub(super) String);

/// Parameters that can be taken out of a query.
pub(super) trait Parameters: Sized {
    /// Takes them out; what is wrong is noted there.
    fn take(pairs: &mut Pairs) -> Self;
}

/// No parameters at all.
impl Parameters for () {
    fn take(_pairs: &mut Pairs) -> Self {}
}

/// What is left of a query, and what was wrong with the rest.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pairs: Vec<(String, String)>,
    names: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Pairs {
    /// A text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.names.push(name);
        let mut found = self.pairs.extract_if(.., |(given, _)| given == name).map(|(_, value)| value);
        let first = found.next();
        if found.count() > 0 {
            self.refuse(name, "is there twice");
        }
        first
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, name: &'static str) -> String {
        let found = self.text(name);
        if found.is_none() {
            self.refuse(name, "is missing");
        }
        found.unwrap_or_default()
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(name)?;
        // No sign: a plus is a space in a query.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && range.contains(number));
        if number.is_none() {
            let (least, most) = range.into_inner();
            let bound = if most == u64::MAX { "upwards".to_owned() } else { format!("to {most}") };
            self.refuse(name, format!("is no whole number from {least} {bound}"));
        }
        number
    }

    /// Notes what is wrong with a parameter.
    pub(super) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(FieldError { field: name.to_owned(), message: message.into() });
    }

    fn finish(mut self) -> Result<(), Problem> {
        for (given, _) in std::mem::take(&mut self.pairs).into_iter().take(FIELD_ERRORS_MAX) {
            let message = match nearest(&given, self.names.iter().copied()) {
                Some(meant) => format!("is not known; did you mean {meant:?}?"),
                None if self.names.is_empty() => "is not known; there are no parameters here".to_owned(),
                None => format!("is not known; there are {}", self.names.join(", ")),
            };
            self.refuse(&given.chars().take(100).collect::<String>(), message);
        }
        if self.errors.is_empty() { Ok(()) } else { Err(bad_fields(self.errors)) }
    }
}

impl<T: Parameters, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Parsed(pairs) = Parsed::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| bad_field("", error.body_text()))?;
        let mut pairs = Pairs { pairs, ..Pairs::default() };
        let taken = T::take(&mut pairs);
        pairs.finish()?;
        Ok(Self(taken))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|error| {
            bad_field("path", format!("{}; write UTF-8 in percent signs", error.body_text()))
        })?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Pairs {
        let uri = format!("/?{query}").parse().unwrap();
        let Parsed(pairs) = Parsed::try_from_uri(&uri).unwrap();
        Pairs { pairs, ..Pairs::default() }
    }

    #[test]
    fn parameters_are_taken_by_name() {
        let mut pairs = pairs("channel=a%2Fb%3F%23+c&limit=7");

        assert_eq!(pairs.needed("channel"), "a/b?# c");
        assert_eq!(pairs.number("limit", 1..=10), Some(7));
        assert_eq!(pairs.text("order"), None);
        assert!(pairs.finish().is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_by_parameter() {
        let mut pairs = pairs("limit=11&limt=1&order=a&order=b&x=1&offset=-1");
        pairs.number("limit", 1..=10);
        pairs.number("offset", 0..=u64::MAX);
        pairs.text("order");
        pairs.needed("channel");

        let problem = pairs.finish().err().unwrap();

        let fields: Vec<&str> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["limit", "offset", "order", "channel", "limt", "x"]);
        assert!(problem.errors[4].message.contains("\"limit\""), "{problem:?}");
        assert!(problem.errors[0].message.contains("1 to 10"), "{problem:?}");
    }

    #[test]
    fn of_many_mistakes_the_first_twenty_are_told() {
        let problem = pairs(&"x=1&".repeat(1_000)).finish().err().unwrap();

        assert_eq!(problem.errors.len(), FIELD_ERRORS_MAX);
    }
}
