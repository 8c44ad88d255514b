//! How many files may be open, of which every connection is one.

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::transport::descriptors;

/// At start the limit is raised to what the system allows.
pub(super) fn look(connections_max: usize) -> Finding {
    let files_max = getrlimit(Resource::Nofile).maximum;
    match descriptors::advice(connections_max, files_max) {
        Some(advice) => {
            let (what, fix) = advice.split_once("; ").unwrap_or((&advice, ""));
            Finding::warning("files", what, Some(fix.to_owned()))
        }
        None => Finding::ok("files", format!("as many may be open as {connections_max} connections need")),
    }
}
