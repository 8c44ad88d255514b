//! How many files the process may have open, of which every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

use super::accept::REQUESTS_MAX;

/// Files beside sockets: the listener, the runtimes' own, what is read and written now and then.
const RESERVE: usize = 256;

/// Raises the process's limit to what the system allows it, and warns if that is not enough for so many connections.
pub fn prepare(connections_max: usize) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // What was not granted is missing below.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    if let Some(advice) = advice(connections_max, getrlimit(Resource::Nofile).current) {
        warn!("{advice}");
    }
}

/// What to type if so many connections do not fit.
pub fn advice(connections_max: usize, files_max: Option<u64>) -> Option<String> {
    let needed = u64::try_from(connections_max + REQUESTS_MAX + RESERVE).unwrap_or(u64::MAX);
    let files_max = files_max.filter(|files_max| *files_max < needed)?;
    Some(format!(
        "server.connections_max = {connections_max} needs {needed} open files, but the system allows {files_max}; \
         start after `ulimit -n {needed}` (in a systemd unit: LimitNOFILE={needed}), or lower server.connections_max"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_are_told_with_the_line_to_type() {
        let told = advice(10_000, Some(1_024)).unwrap();

        assert!(told.contains("allows 1024") && told.contains("`ulimit -n 11280`"), "{told}");
    }

    #[test]
    fn enough_files_are_not_worth_a_word() {
        assert_eq!(advice(10_000, Some(11_280)), None);
        assert_eq!(advice(1_000_000, None), None);
    }

    #[test]
    fn limit_is_raised_as_far_as_the_system_allows() {
        prepare(1);

        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
