//! Log lines: text for people or JSON for machines, times in UTC, on the error stream, without secrets.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::{LazyLock, OnceLock};

use arc_swap::ArcSwap;
use tracing::{Level, Metadata, error};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::metrics as names;
use super::redact::Redactor;
use crate::config::{LogFormat, Server};

/// Decides which lines are written.
static LEVEL: OnceLock<Handle<EnvFilter, Registry>> = OnceLock::new();

/// Cleans every line. Global as the subscriber is, because a panic of any thread may be told in a line.
static REDACTOR: LazyLock<ArcSwap<Redactor>> = LazyLock::new(ArcSwap::default);

/// A text that names no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a level; write for example \"info\" or \"info,wigwag=debug\"")]
pub struct NoLevel(String);

/// Begins writing log lines as configured, none of which has one of these secrets in it. A second call changes nothing.
pub fn init(server: &Server, secrets: impl IntoIterator<Item = String>) {
    let filter = filter(&server.log).unwrap_or_else(|_| EnvFilter::new("info,ractor=warn"));
    let (filter, handle) = reload::Layer::new(filter);
    keep_out(secrets);
    let lines = fmt::layer().with_ansi(false).with_writer(Lines);
    let lines = match server.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        // Only the first subscriber has a level to be changed.
        let _ = LEVEL.set(handle);
        panic::set_hook(Box::new(panicked));
    }
}

/// A panic is a line like all others, also in that it is cleaned.
fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = panic.payload_as_str().unwrap_or("no words");
    let backtrace = Backtrace::capture();
    let is_told = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_told.then(|| backtrace.to_string());
    error!(place, reason, backtrace, "code panicked");
}

/// From now on only lines of these levels are written, as in `server.log`.
pub fn set_level(levels: &str) -> Result<(), NoLevel> {
    let filter = filter(levels)?;
    if let Some(handle) = LEVEL.get() {
        handle.reload(filter).map_err(|_| NoLevel(levels.to_owned()))?;
    }
    Ok(())
}

/// From now on no line has one of these secrets in it, nor one of those before.
pub fn keep_out(secrets: impl IntoIterator<Item = String>) {
    REDACTOR.store(REDACTOR.load().with(secrets).into());
}

/// A text as it may be told to whoever reads the log.
pub fn clean(text: &str) -> String {
    REDACTOR.load().clean(text).into_owned()
}

/// An actor's start and stop is of no interest to operators.
fn filter(levels: &str) -> Result<EnvFilter, NoLevel> {
    EnvFilter::try_new(format!("{levels},ractor=warn")).map_err(|_| NoLevel(levels.to_owned()))
}

/// The error stream behind the redactor. The layer hands over whole lines.
struct Lines;

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Self;

    fn make_writer(&'l self) -> Self {
        Self
    }

    fn make_writer_for(&'l self, about: &Metadata<'_>) -> Self {
        metrics::counter!(names::LOG_LINES, "level" => level(*about.level())).increment(1);
        Self
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        io::stderr().lock().write_all(REDACTOR.load().clean(&line).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_nonsense_is_refused() {
        assert!(filter("info").is_ok() && filter("info,wigwag=debug").is_ok());
        let refused = filter("info,wigwag=loud").err();
        assert_eq!(refused, Some(NoLevel("info,wigwag=loud".to_owned())));
        assert!(refused.is_some_and(|it| it.to_string().contains("write for example")));
    }
}
