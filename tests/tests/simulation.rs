//! Whole clusters in virtual time, and proof that their judges notice when something is wrong.
//!
//! `WIGWAG_SEED=7` runs that world alone and shows a longer trace.

use std::fs;
use std::path::Path;

use wigwag_tests::sim::{Flaw, World, run_seeds};

/// Lines of the trace of a world that is looked at on its own.
const LINES: usize = 5_000;

#[test]
fn five_hundred_seeds_keep_every_promise() {
    if let Ok(seed) = std::env::var("WIGWAG_SEED") {
        let seed = seed.parse().expect("WIGWAG_SEED is a number");
        let story = World::new(seed).remembering(LINES).run().unwrap_or_else(|failure| panic!("{failure}"));
        println!("{story:#?}");
        return;
    }

    let tally = run_seeds(0..500).unwrap_or_else(|failure| panic!("{failure}"));

    let seen = [
        tally.deliveries,
        tally.recovered,
        tally.not_recovered,
        tally.insufficient,
        tally.behind,
        tally.no_pong,
        tally.stale,
        tally.slow,
        tally.crashes,
        tally.overdue,
        tally.paused,
        tally.differences,
        tally.filtered,
        tally.current,
        tally.ordered,
        tally.dismissed,
        tally.banned,
        tally.refreshed,
        tally.expired,
        tally.ousted,
    ];
    assert!(seen.iter().all(|times| *times > 0), "worlds do not get around: {tally:?}");
}

/// Every file holds the seed of a world that once failed, after a line that says why.
#[test]
fn kept_seeds_stay_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut kept = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let seed = line.trim().parse().unwrap_or_else(|_| panic!("{}: {line}", path.display()));
            World::new(seed).run().unwrap_or_else(|failure| panic!("{failure}"));
            kept += 1;
        }
    }
    assert!(kept > 0, "there are kept seeds");
}

#[test]
fn one_seed_is_one_story() {
    for seed in [0, 1, 7, 42, 4_711] {
        let first = World::new(seed).run().unwrap();
        let second = World::new(seed).run().unwrap();

        assert_eq!(first, second, "seed {seed}");
    }
    assert_ne!(World::new(1).run().unwrap().hash, World::new(2).run().unwrap().hash);
}

#[test]
fn a_failure_names_its_seed_and_shows_what_happened_last() {
    let failure = World::flawed(3, Flaw::ForgottenFarewell).run().unwrap_err();
    let text = failure.to_string();

    assert!(text.contains("WIGWAG_SEED=3 cargo test -p wigwag-tests --test simulation"), "{text}");
    assert_eq!(failure.trace.len(), 60);
}

#[test]
fn a_wire_that_reorders_is_noticed() {
    expect_notice(Flaw::ReorderingWire, &["hears unplaced publication"]);
}

#[test]
fn a_broker_that_reuses_an_epoch_is_noticed() {
    expect_notice(Flaw::ReusedEpoch, &["hears a lie about", "stands at", "is covered up to"]);
}

#[test]
fn a_doubled_delivery_is_noticed() {
    expect_notice(Flaw::DoubledDelivery, &["hears e"]);
}

#[test]
fn a_lost_delivery_is_noticed() {
    expect_notice(Flaw::SwallowedDelivery, &["and hears e"]);
}

#[test]
fn a_forgotten_farewell_is_noticed() {
    expect_notice(Flaw::ForgottenFarewell, &["haunts"]);
}

#[test]
fn an_event_that_crosses_to_another_tenant_is_noticed() {
    expect_notice(
        Flaw::CrossedTenants,
        &["another tenant", "hears unplaced publication", "hears a lie about"],
    );
}

#[test]
fn a_stopped_watch_is_noticed() {
    expect_notice(Flaw::StoppedWatch, &["is not pinged", "is not closed"]);
}

#[test]
fn a_read_from_a_lagging_copy_is_noticed() {
    expect_notice(Flaw::LaggingReads, &["was acknowledged before", "is not recovered from"]);
}

#[test]
fn a_difference_to_the_wrong_publication_is_noticed() {
    expect_notice(Flaw::StaleBase, &["and is sent #"]);
}

#[test]
fn a_withheld_publication_that_passes_its_filter_is_noticed() {
    expect_notice(Flaw::OverzealousFilter, &["is not sent e", "was never sent e"]);
}

#[test]
fn a_state_that_is_not_the_newest_is_noticed() {
    expect_notice(Flaw::StaleState, &["as the newest state"]);
}

#[test]
fn a_lost_order_is_noticed() {
    expect_notice(Flaw::LostOrders, &["as ordered", "connections"]);
}

#[test]
fn an_order_that_a_shard_overhears_is_noticed() {
    expect_notice(Flaw::DeafShards, &["is not closed as ordered", "is not told of its new expiry"]);
}

#[test]
fn an_order_that_is_never_let_go_is_noticed() {
    expect_notice(Flaw::HoardedOrders, &["is not finished"]);
}

#[test]
fn an_unsubscribe_that_the_client_is_not_told_of_is_noticed() {
    expect_notice(Flaw::UntoldUnsubscribe, &["is not unsubscribed from"]);
}

/// Most worlds with the flaw are told from sound ones, and some of them for the expected reason.
#[track_caller]
fn expect_notice(flaw: Flaw, words: &[&str]) {
    let failures: Vec<_> = (0..30).filter_map(|seed| World::flawed(seed, flaw).run().err()).collect();
    let is_expected = |finding: &String| words.iter().any(|word| finding.contains(word));

    assert!(failures.len() > 15, "{flaw:?} was noticed in {} worlds of 30", failures.len());
    assert!(
        failures.iter().any(|failure| failure.findings.iter().any(is_expected)),
        "{flaw:?}: {failures:#?}"
    );
}
