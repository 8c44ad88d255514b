//! A short run of every fuzz target; the long one is in the soak. A seed that fails there is worth a case of its own.

use wigwag_tests::fuzz::{Target, memory};
use wigwag_tests::heap::Counting;

#[global_allocator]
static HEAP: Counting = Counting::new();

/// About a second for each of them.
fn check(name: &str, rounds: u64) {
    const SEED: u64 = 1;
    Target::named(name).run(SEED, |round| round < rounds);
}

#[test]
fn files_and_variables_are_read_or_refused_in_one_line() {
    check("config", 2_000);
}

#[test]
fn patches_lead_to_the_target_and_hostile_ones_nowhere() {
    check("delta", 20_000);
}

#[test]
fn emulation_requests_are_read_or_refused() {
    check("emulation", 200_000);
}

#[test]
fn filters_do_what_the_rules_say_by_the_letter() {
    check("filters", 50_000);
}

#[test]
fn frames_are_the_same_however_they_are_cut() {
    check("frames", 20_000);
}

#[test]
fn json_commands_are_understood_alike_or_refused() {
    check("json", 20_000);
}

#[test]
fn tokens_of_others_are_never_believed() {
    check("jwt", 100_000);
}

#[test]
fn protobuf_commands_are_understood_alike_or_refused() {
    check("protobuf", 50_000);
}

#[test]
#[should_panic(expected = "bytes of memory for 1 bytes")]
fn memory_beyond_the_bound_is_noticed() {
    memory::within(1, 16, 64, || vec![0_u8; 64 * 1_024]);
}
