//! What the system says of this process.

use std::fs;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::metrics::{self as names, Exposition};

/// Adds everything that is known of the process. What the system does not tell is left out.
pub fn put(text: &mut Exposition) {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    // Nanoseconds are below a billion, and seconds below what a float holds exactly.
    text.put(names::PROCESS_CPU, cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9);
    for (key, name) in [("VmRSS:", names::PROCESS_RSS), ("VmSize:", names::PROCESS_VIRTUAL)] {
        if let Some(kibibytes) = status(key) {
            text.put(name, (kibibytes * 1_024) as f64);
        }
    }
    if let Some(threads) = status("Threads:") {
        text.put(names::PROCESS_THREADS, threads as f64);
    }
    if let Some(files) = open_files() {
        text.put(names::PROCESS_FDS, files as f64);
    }
    if let Some(most) = most_files() {
        text.put(names::PROCESS_FDS_MAX, most as f64);
    }
}

/// Files and sockets that are open.
pub fn open_files() -> Option<usize> {
    // The folder itself is open while it is read.
    fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1))
}

/// Most files and sockets that may be open, if that is bounded.
pub fn most_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// A number of the system's summary.
fn status(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_of_a_living_process_make_sense() {
        let mut text = Exposition::default();
        put(&mut text);
        let text = text.text();

        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.unwrap_or_else(|| panic!("{name} is missing")).parse().unwrap()
        };
        assert!(value(names::PROCESS_CPU) > 0.0);
        assert!(value(names::PROCESS_RSS) > 1e6 && value(names::PROCESS_VIRTUAL) > value(names::PROCESS_RSS));
        assert!(
            value(names::PROCESS_FDS) >= 3.0 && value(names::PROCESS_FDS_MAX) > value(names::PROCESS_FDS)
        );
        assert!(value(names::PROCESS_THREADS) >= 1.0);
    }
}
