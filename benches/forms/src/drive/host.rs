//! What the system knows about the server: processor time and memory, its own and the kernel's.

use std::fs;

use serde_json::{Map, Value, json};

/// Processor time of a process and all its threads, in nanoseconds.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    /// All of it, from the scheduler.
    pub total: u64,
    /// In the program. This and the next are counted in ticks, of which there are a hundred in a second.
    pub user: u64,
    /// In the kernel, on behalf of the program.
    pub system: u64,
    /// Ready to run, but without a processor: others had it.
    pub waited: u64,
}

impl Cpu {
    /// What a process has used up to now; nothing if there is none.
    pub fn of(pid: u32) -> Self {
        let stat = read(&format!("/proc/{pid}/stat"));
        // The name of the program may hold blanks; the fields are counted from behind it.
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let mut ticks = fields.split(' ').skip(11).map(|field| field.parse().unwrap_or(0) * tick_ns());
        let (user, system) = (ticks.next().unwrap_or(0), ticks.next().unwrap_or(0));
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let (mut ran, mut waited) = (0_u64, 0);
        for thread in threads {
            let line = read(&format!("{}/schedstat", thread.path().display()));
            let mut fields = line.split(' ').map(|field| field.parse().unwrap_or(0));
            ran += fields.next().unwrap_or(0);
            waited += fields.next().unwrap_or(0);
        }
        // The scheduler's figure is finer, but forgets threads that have ended.
        Self { total: ran.max(user + system), user, system, waited }
    }

    /// What was used since an earlier moment.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }

    /// Seconds in all.
    pub fn seconds(self) -> f64 {
        self.total as f64 / 1e9
    }

    /// Writes down microseconds for each of so many things, in all and by kind.
    pub fn report(self, things: u64, thing: &str, into: &mut Map<String, Value>) {
        let split = (self.user + self.system).max(1) as f64;
        let each = |ns: f64| json!(round(ns / 1e3 / things.max(1) as f64, 4));
        let total = self.total as f64;
        into.insert(format!("server_cpu_us_per_{thing}"), each(total));
        into.insert(format!("server_user_us_per_{thing}"), each(total * self.user as f64 / split));
        into.insert(format!("server_system_us_per_{thing}"), each(total * self.system as f64 / split));
        into.insert("server_cpu_s".into(), json!(round(self.seconds(), 4)));
        into.insert("server_waited_s".into(), json!(round(self.waited as f64 / 1e9, 4)));
    }
}

/// Memory of a process in bytes.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    /// Resident.
    pub rss: u64,
    /// Resident, shared pages counted by their share.
    pub pss: u64,
}

impl Memory {
    /// What a process takes just now.
    pub fn of(pid: u32) -> Self {
        let table = read(&format!("/proc/{pid}/smaps_rollup"));
        let field = |name: &str| {
            let line = table.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024
        };
        Self { rss: field("Rss:"), pss: field("Pss:") }
    }

    /// Writes it down.
    pub fn report(self, into: &mut Map<String, Value>) {
        into.insert("server_rss".into(), json!(self.rss));
        into.insert("server_pss".into(), json!(self.pss));
    }
}

/// What the kernel of this machine keeps for sockets, whoever has them, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Kernel {
    /// Sockets, their files and their watches; nothing where only the administrator may know.
    pub objects: Option<u64>,
    /// What is on its way in them.
    pub buffers: u64,
}

/// Caches that hardly anything but sockets fills.
const CACHES: [&str; 5] = ["TCP", "sock_inode_cache", "filp", "eventpoll_epi", "ep_head"];
/// Every socket has one of these too, but everybody else has many.
const ENTRIES: &str = "dentry";
const PAGE_BYTES: u64 = 4_096;

impl Kernel {
    /// As it is just now.
    pub fn now() -> Self {
        let stat = read("/proc/net/sockstat");
        let pages = stat.lines().find_map(|line| line.strip_prefix("TCP:")?.rsplit_once("mem "));
        let pages = pages.and_then(|(_, pages)| pages.trim().parse::<u64>().ok()).unwrap_or(0);
        Self { objects: objects(&read("/proc/slabinfo")), buffers: pages * PAGE_BYTES }
    }
}

fn objects(table: &str) -> Option<u64> {
    let row = |name: &str| {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(name))?;
        let mut numbers = line.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0_u64));
        // Those in use, those there are, and bytes of each.
        Some((numbers.next()?, numbers.nth(1)?))
    };
    let (sockets, _) = row("TCP")?;
    let (_, entry_bytes) = row(ENTRIES)?;
    let cached = CACHES.iter().filter_map(|name| row(name)).map(|(count, bytes)| count * bytes);
    Some(cached.sum::<u64>() + sockets * entry_bytes)
}

/// So many digits behind the point.
pub fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

fn tick_ns() -> u64 {
    1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_process_uses_time_and_memory() {
        let cpu = Cpu::of(std::process::id());
        let memory = Memory::of(std::process::id());

        assert!(cpu.total > 0 && cpu.total >= cpu.user + cpu.system);
        assert!(memory.rss >= memory.pss && memory.pss > 0);
    }

    #[test]
    fn only_what_sockets_fill_is_counted_and_one_entry_for_each() {
        let table = "# name <active_objs>\nTCP 10 13 2000 13 8\nTCPv6 9 9 9 9 9\nfilp 20 21 200 21 1\ndentry 5000 5000 192 21 1\n";

        assert_eq!(objects(table), Some(10 * 2_000 + 20 * 200 + 10 * 192));
        assert_eq!(objects(""), None);
    }
}
