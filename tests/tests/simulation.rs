//! Whole clusters in virtual time, and proof that their judges notice when something is wrong.

use std::fs;
use std::path::Path;

use wigwag_tests::sim::{Flaw, World, run_seeds};

#[test]
fn five_hundred_seeds_keep_every_promise() {
    let tally = run_seeds(0..500).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:#?}");
}
