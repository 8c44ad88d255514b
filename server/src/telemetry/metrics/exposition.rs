//! What is read only when somebody asks, in the text format.

use std::fmt::Write as _;

use super::table::Row;

/// A text of readings. The crate's recorder writes the rest.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Adds the only series of a metric.
    pub fn put(&mut self, name: &str, value: f64) {
        self.put_with(name, &[], value);
    }

    /// The same with labels.
    pub fn put_with(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let Some(row) = Row::of(name) else { return };
        self.head(row);
        self.line(name, labels, value);
        self.0.push('\n');
    }

    /// What stands above the series of a metric.
    pub(super) fn head(&mut self, row: &Row) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP {0} {1}\n# TYPE {0} {2}", row.name, row.help, row.kind.name());
    }

    /// One series.
    pub(super) fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// The text.
    pub fn text(self) -> String {
        self.0
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
