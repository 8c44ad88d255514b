//! How much processor time a process and those it started have used.

use std::collections::BTreeMap;
use std::time::Duration;

/// What the kernel counts in where it does not say nanoseconds.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of a process and of everything it started that still runs; none where there is no `/proc`.
pub(crate) fn of_tree(root: u32) -> Option<Duration> {
    let mut parents = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // Processes end while they are looked at.
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some((parent, _)) = parse(&stat) {
            parents.insert(id, parent);
        }
    }
    let family = parents.keys().filter(|id| descends(**id, root, &parents));
    let times: Vec<Duration> = family.filter_map(|id| of_process(*id)).collect();
    (!times.is_empty()).then(|| times.iter().sum())
}

/// Processor time of one process: of all of its threads that still run, to the nanosecond, where the kernel says so.
pub(crate) fn of_process(id: u32) -> Option<Duration> {
    let mut nanos = 0;
    for thread in std::fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten() {
        let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else { continue };
        nanos +=
            text.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or_default();
    }
    if nanos > 0 {
        return Some(Duration::from_nanos(nanos));
    }
    let (_, ticks) = parse(&std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?;
    Some(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND))
}

fn descends(id: u32, root: u32, parents: &BTreeMap<u32, u32>) -> bool {
    let mut at = id;
    // No chain of parents is longer than there are processes.
    for _ in 0..parents.len() {
        if at == root {
            return true;
        }
        match parents.get(&at) {
            Some(parent) => at = *parent,
            None => return false,
        }
    }
    false
}

/// Parent and ticks, in user and in kernel mode. The name in parentheses may hold anything, also parentheses.
fn parse(stat: &str) -> Option<(u32, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    Some((u32::try_from(number(1)?).ok()?, number(11)? + number(12)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_traps_is_skipped() {
        let stat = "12 (a) b (c)) S 7 12 12 0 -1 4194304 99 0 0 0 250 50 0 0 20 0 4 0 100 0 0";

        assert_eq!(parse(stat), Some((7, 300)));
    }

    #[test]
    fn grandchildren_descend_and_strangers_do_not() {
        let parents = BTreeMap::from([(1, 0), (2, 1), (3, 2), (9, 1)]);

        assert!(descends(3, 2, &parents));
        assert!(descends(2, 2, &parents));
        assert!(!descends(9, 2, &parents));
    }

    #[test]
    fn our_own_work_is_seen() {
        let before = of_tree(std::process::id()).unwrap();

        let busy = (0..5_000_000_u64).fold(0, |sum: u64, number| sum.wrapping_mul(31).wrapping_add(number));

        assert!(busy > 0);
        assert!(of_tree(std::process::id()).unwrap() >= before);
    }
}
