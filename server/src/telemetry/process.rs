//! What the system says of this process.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::metrics::{self as names, Exposition};

/// How long a reading is good. Anybody may ask, and a process with many files takes a while to count them.
const READING_TTL: Duration = Duration::from_secs(1);

/// This process, looked at once a second at most.
#[derive(Default)]
pub struct Process(Mutex<Option<(Instant, Reading)>>);

/// What was seen. What the system does not tell is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    cpu_seconds: f64,
    resident_bytes: Option<u64>,
    virtual_bytes: Option<u64>,
    threads: Option<u64>,
    /// Files and sockets that are open.
    pub open_files: Option<u64>,
    /// Most files and sockets that may be open, if that is bounded.
    pub open_files_max: Option<u64>,
}

impl Process {
    /// The latest reading, or a new one. Those who ask meanwhile wait for it.
    pub async fn reading(&self) -> Reading {
        let mut latest = self.0.lock().await;
        if let Some((at, reading)) = &*latest
            && at.elapsed() < READING_TTL
        {
            return *reading;
        }
        let reading = tokio::task::spawn_blocking(Reading::take).await.unwrap_or_default();
        *latest = Some((Instant::now(), reading));
        reading
    }
}

impl Reading {
    fn take() -> Self {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let bytes = |key: &str| status(key).map(|kibibytes| kibibytes * 1_024);
        // The folder itself is open while it is read.
        let files = fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1));
        Self {
            // Nanoseconds are below a billion, and seconds below what a float holds exactly.
            cpu_seconds: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
            resident_bytes: bytes("VmRSS:"),
            virtual_bytes: bytes("VmSize:"),
            threads: status("Threads:"),
            open_files: files.map(|files| files as u64),
            open_files_max: getrlimit(Resource::Nofile).current,
        }
    }

    /// Adds everything that is known.
    pub fn put(&self, text: &mut Exposition) {
        text.put(names::PROCESS_CPU, self.cpu_seconds);
        for (name, value) in [
            (names::PROCESS_RSS, self.resident_bytes),
            (names::PROCESS_VIRTUAL, self.virtual_bytes),
            (names::PROCESS_THREADS, self.threads),
            (names::PROCESS_FDS, self.open_files),
            (names::PROCESS_FDS_MAX, self.open_files_max),
        ] {
            if let Some(value) = value {
                text.put(name, value as f64);
            }
        }
    }
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
        Reading::take().put(&mut text);
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

    #[tokio::test(start_paused = true)]
    async fn the_process_is_looked_at_once_a_second_at_most() {
        let process = Process::default();
        let first = process.reading().await;
        let _open = fs::File::open("/proc/self/status").unwrap();
        let burn =
            std::hint::black_box((0..1_000_000_u64).fold(0, |sum: u64, one| sum.wrapping_mul(31) ^ one));

        assert_eq!(process.reading().await, first, "{burn}");
        tokio::time::advance(READING_TTL).await;

        assert_ne!(process.reading().await, first);
    }
}
