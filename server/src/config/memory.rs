//! What the limits allow to take memory, and whether there is enough.

use std::fs;

use memory::Limits;

use super::{Config, Size};
use crate::http::room::ANSWERS_BYTES_MAX;
use crate::http::v1::PIECE_BYTES_MAX;
use crate::http::{API_CALLS_MAX, BODY_BYTES_MAX};
use crate::transport::emulation;

/// What a quiet connection takes in the process and in the system, rounded up; TLS keeps its state beside.
const CONNECTION_BYTES: usize = 12 << 10;
const TLS_BYTES: usize = 12 << 10;
/// The process without anybody.
const PROCESS_BYTES: usize = 32 << 20;
/// The part of the memory that the node may plan with, in percent: the rest is for the system and for what the
/// allocator cannot give back.
const SHARE: usize = 80;

/// What is allowed to take memory, and how much at most.
struct Plan([(&'static str, usize); 7]);

/// How the memory that there is compares with what the limits allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// There is as much as they allow; both in words.
    Enough(String),
    /// There is less.
    Short {
        /// How much there is, and what takes most.
        what: String,
        /// What to write.
        fix: String,
    },
    /// The system does not tell.
    Unknown,
}

impl Memory {
    /// As it is on this machine, for this process.
    pub fn of(config: &Config) -> Self {
        let Some(there) = available() else { return Self::Unknown };
        match shortage(config, there) {
            Some((what, fix)) => Self::Short { what, fix },
            None => {
                let all = Size(Plan::of(config).sum());
                Self::Enough(format!("the limits allow {} of {}", about(all), about(Size(there))))
            }
        }
    }
}

fn shortage(config: &Config, there: usize) -> Option<(String, String)> {
    let plan = Plan::of(config);
    let (most, usable) = (plan.sum(), there / 100 * SHARE);
    if most <= usable {
        return None;
    }
    let (what, bytes) = plan.0.into_iter().max_by_key(|(_, bytes)| *bytes)?;
    let what = format!(
        "the limits allow {}, of which {what} are {}, but the memory is {}",
        about(Size(most)),
        about(Size(bytes)),
        about(Size(there))
    );
    Some((what, plan_for(config, usable)))
}

impl Plan {
    fn of(config: &Config) -> Self {
        let connections = config.server.connections_max;
        let frame = config.client.frame_bytes_max.bytes();
        let tls = if config.tls.cert_file.is_some() { TLS_BYTES } else { 0 };
        let queues = connections.saturating_mul(config.client.queue_bytes_max.bytes());
        let history = if keeps_history(config) { Limits::default().bytes_max } else { 0 };
        Self([
            ("connections", connections.saturating_mul(CONNECTION_BYTES + tls).saturating_add(PROCESS_BYTES)),
            ("half frames of clients", connections.saturating_mul(frame)),
            ("queues", queues.min(config.server.pending_bytes_max.bytes())),
            ("commands over HTTP", emulation::REQUESTS_MAX.saturating_mul(frame)),
            ("bodies of calls of the API", API_CALLS_MAX.saturating_mul(BODY_BYTES_MAX)),
            (
                "answers of the API",
                API_CALLS_MAX.saturating_mul(PIECE_BYTES_MAX).saturating_add(ANSWERS_BYTES_MAX),
            ),
            ("histories", history),
        ])
    }

    fn sum(&self) -> usize {
        self.0.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }
}

fn keeps_history(config: &Config) -> bool {
    let mut all = config.channel.iter().chain(config.namespaces.iter().map(|namespace| &namespace.options));
    all.any(|options| options.history_size > 0)
}

/// The number of connections that fits with the other limits as they are.
fn plan_for(config: &Config, usable: usize) -> String {
    let with = |connections: usize| {
        let mut config = config.clone();
        config.server.connections_max = connections;
        Plan::of(&config).sum()
    };
    let (mut fits, mut too_many) = (0, config.server.connections_max);
    while too_many - fits > 1 {
        let middle = fits + (too_many - fits) / 2;
        if with(middle) <= usable { fits = middle } else { too_many = middle }
    }
    match fits {
        0 => "lower pending_bytes_max under [server] and frame_bytes_max under [client]".to_owned(),
        fits => {
            format!("write connections_max = {fits} under [server], or lower frame_bytes_max under [client]")
        }
    }
}

/// Roughly, for people.
fn about(size: Size) -> String {
    let unit = if size.bytes() >= 10 << 30 { 1 << 30 } else { 1 << 20 };
    Size(size.bytes() / unit * unit).to_string()
}

/// What the machine has, or what the control groups of the process leave it.
fn available() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    groups_of(&groups).chain(machine(&text)).min()
}

fn machine(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kib.checked_mul(1 << 10)
}

/// The limits of the group and of all above it, of both versions.
fn groups_of(groups: &str) -> impl Iterator<Item = usize> + use<> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(kind), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, name) = match kind {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let above = std::path::Path::new(path).ancestors();
        files.extend(above.map(|path| format!("{root}{}/{name}", path.display())));
    }
    files.into_iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(connections: usize) -> Config {
        let mut config = Config::load(Some("/dev/null".as_ref()), std::iter::empty()).ok().unwrap();
        config.server.connections_max = connections;
        config
    }

    #[test]
    fn limits_that_fit_are_fine_and_others_are_told_with_what_fits() {
        assert_eq!(shortage(&config(10_000), 4 << 30), None);

        let (what, fix) = shortage(&config(100_000), 4 << 30).unwrap();

        assert!(what.contains("half frames of clients are 6250 MiB") && what.contains("is 4 GiB"), "{what}");
        assert!(fix.starts_with("write connections_max = 2"), "{fix}");
        let fits = fix.split_whitespace().nth(3).and_then(|word| word.parse().ok()).unwrap();
        assert_eq!(shortage(&config(fits), 4 << 30), None);
    }

    #[test]
    fn answers_are_planned_with_as_well_as_bodies() {
        let Plan(parts) = Plan::of(&config(1));
        let of = |name: &str| parts.iter().find(|(part, _)| *part == name).map(|(_, bytes)| *bytes);

        assert_eq!(of("bodies of calls of the API"), Some(128 << 20));
        assert_eq!(of("answers of the API"), Some((128 * 4 + 256) << 20));
    }

    #[test]
    fn memory_of_the_machine_is_read() {
        assert_eq!(machine("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
