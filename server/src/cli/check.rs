//! `wigwag check`: a doctor for the configuration and for the machine that it is meant for.

mod clock;
mod data_dir;
mod exposure;
mod files;
mod hooks;
mod keys;
mod memory;
mod port;
mod tls;

use std::fmt;

use ports::time::Timestamp;
use serde_json::{Value, json};

use crate::config::{Config, ConfigError};

/// Everything that was looked at.
pub struct Report(Vec<Finding>);

/// What was found about one matter.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    grade: Grade,
    /// The matter, in one word.
    about: &'static str,
    /// What is so, and why it matters if it is not well.
    what: String,
    /// What to write or to do.
    fix: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Well.
    Ok,
    /// Works, but not for everybody, not for long or not safely.
    Warning,
    /// Does not work, or anybody can take over.
    Error,
}

impl Report {
    /// Looks at what is configured and around.
    pub fn of(config: Result<Config, ConfigError>, now: Timestamp) -> Self {
        let config = match config {
            Ok(config) => config,
            Err(error) => return Self(vec![Finding::error("configuration", error.to_string(), None)]),
        };
        let mut findings = vec![Finding::ok("configuration", "every setting is known and makes sense")];
        findings.push(port::look(config.server.listen));
        findings.push(files::look(config.server.connections_max));
        findings.extend(clock::look(now));
        findings.extend(keys::look(&config));
        findings.extend(exposure::look(&config));
        findings.extend(hooks::look(&config));
        findings.push(tls::look(&config, now));
        findings.push(data_dir::look(&config.server.data_dir));
        findings.push(memory::look(&config));
        Self(findings)
    }

    /// Whether nothing is an error, or not even a warning.
    pub fn is_good(&self, strict: bool) -> bool {
        let worst = if strict { Grade::Ok } else { Grade::Warning };
        self.worst() <= worst
    }

    /// A line for each finding, and one about all.
    pub fn text(&self) -> String {
        let lines = self.0.iter().map(|finding| format!("{finding}\n"));
        let summary = match self.worst() {
            Grade::Ok => "configuration is good",
            Grade::Warning => "configuration is good, but see the warnings",
            Grade::Error => "this will not do; see the errors",
        };
        lines.collect::<String>() + summary
    }

    /// The same for machines.
    pub fn json(&self) -> String {
        let finding = |Finding { grade, about, what, fix }: &Finding| json!({ "grade": grade.name(), "about": about, "what": what, "fix": fix });
        let findings: Vec<Value> = self.0.iter().map(finding).collect();
        json!({ "grade": self.worst().name(), "findings": findings }).to_string()
    }

    fn worst(&self) -> Grade {
        self.0.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Ok)
    }
}

impl Finding {
    fn ok(about: &'static str, what: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, about, what: what.into(), fix: None }
    }

    fn warning(about: &'static str, what: impl Into<String>, fix: impl Into<Option<String>>) -> Self {
        Self { grade: Grade::Warning, about, what: what.into(), fix: fix.into() }
    }

    fn error(about: &'static str, what: impl Into<String>, fix: impl Into<Option<String>>) -> Self {
        Self { grade: Grade::Error, about, what: what.into(), fix: fix.into() }
    }
}

impl Grade {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {}: {}", self.grade.name(), self.about, self.what)?;
        match &self.fix {
            Some(fix) => write!(f, "; {fix}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
