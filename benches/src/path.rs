//! What a hot path is.

use crate::paths;

/// A hot path, without sockets, clocks and chance: its turns do the same work every time.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// What it is called in budgets and reports.
    pub name: &'static str,
    /// How many turns are counted: enough to average what only some turns do, such as moving into a larger table.
    pub turns: u32,
    /// Sets the scene.
    pub prepare: fn() -> Turn,
}

/// One turn of a path. It leaves the scene as it found it.
pub type Turn = Box<dyn FnMut()>;

/// Every path, in the order in which a message meets them.
pub fn all() -> impl Iterator<Item = &'static Path> {
    paths::ALL.into_iter().flatten()
}

/// The path with this name.
pub fn named(name: &str) -> Option<&'static Path> {
    all().find(|path| path.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_path_has_a_name_of_its_own() {
        let names: BTreeSet<_> = all().map(|path| path.name).collect();

        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn every_path_can_be_walked_again_and_again() {
        for path in all() {
            let mut turn = (path.prepare)();
            for _ in 0..3 {
                turn();
            }
        }
    }
}
