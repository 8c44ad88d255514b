//! What was found, in the forms that people and programs read.

pub(crate) mod console;
pub(crate) mod escape;
pub(crate) mod html;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod table;

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::options::ReportOptions;

/// Where a step of a GitHub workflow has its summary.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// A report in all of its forms.
pub(crate) struct Papers<'a, J> {
    /// For `--report-json`.
    pub(crate) json: &'a J,
    /// For `--report-markdown` and for the summary of a step.
    pub(crate) markdown: String,
    /// For `--report-junit`.
    pub(crate) junit: String,
}

impl<J: Serialize> Papers<'_, J> {
    /// Writes those that are asked for.
    pub(crate) fn write(&self, options: &ReportOptions) -> Result<(), String> {
        if let Some(file) = &options.report_json {
            let json = serde_json::to_string_pretty(self.json).map_err(|error| error.to_string())?;
            write(file, &json)?;
        }
        if let Some(file) = &options.report_markdown {
            write(file, &self.markdown)?;
        }
        if let Some(file) = &options.report_junit {
            write(file, &self.junit)?;
        }
        // An empty variable is how some runners say that there is none.
        match std::env::var_os(STEP_SUMMARY) {
            Some(file) if !file.is_empty() => append(Path::new(&file), &self.markdown),
            _ => Ok(()),
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn append(file: &Path, text: &str) -> Result<(), String> {
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
    opened
        .and_then(|mut opened| writeln!(opened, "{text}"))
        .map_err(|error| format!("{}: {error}", file.display()))
}
