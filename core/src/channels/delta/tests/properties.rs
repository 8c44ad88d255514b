//! What holds for any two payloads.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::decoder::{Command, commands, decode};
use super::*;

/// Letters of one to four bytes, a combining accent, joined and flagged emoji, what JSON escapes, and what the format
/// itself uses.
const LETTERS: &[&str] = &[
    "a",
    "7",
    "б",
    "е\u{301}",
    "漢",
    "😀",
    "👩\u{200d}🚀",
    "\"",
    "\\",
    "\n",
    "@",
    ":",
    ",",
    ";",
    "~",
    "\u{0}",
    "\u{fffd}",
];

/// One edit: where it begins and ends, and where it goes, in parts of 65,536.
#[derive(Clone, Debug)]
enum Edit {
    Remove(u16, u16),
    Insert(u16, Vec<u8>),
    Move(u16, u16, u16),
    Double(u16, u16),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let place = any::<u16>;
    let edit = prop_oneof![
        (place(), 0..3_000_u16).prop_map(|(from, some)| Edit::Remove(from, from.saturating_add(some))),
        (place(), vec(any::<u8>(), 0..6)).prop_map(|(at, new)| Edit::Insert(at, new)),
        (place(), place(), place()).prop_map(|(from, to, at)| Edit::Move(from, to, at)),
        (place(), place()).prop_map(|(from, to)| Edit::Double(from, to)),
    ];
    vec(edit, 0..6)
}

/// The units (bytes or letters) of a payload after the edits; new units are picked from `alphabet`.
fn edited<T: Copy>(units: &[T], alphabet: &[T], edits: &[Edit]) -> Vec<T> {
    let mut units = units.to_vec();
    for edit in edits {
        let place = |part: u16| units.len() * usize::from(part) / 65_536;
        match edit {
            Edit::Remove(from, to) => drop(units.drain(place(*from)..place(*to))),
            Edit::Insert(at, new) => {
                let new = new.iter().map(|pick| alphabet[usize::from(*pick) % alphabet.len()]);
                let at = place(*at);
                units.splice(at..at, new);
            }
            Edit::Move(from, to, at) => {
                let (from, to) = (place(*from).min(place(*to)), place(*from).max(place(*to)));
                let moved: Vec<T> = units.drain(from..to).collect();
                let at = units.len() * usize::from(*at) / 65_536;
                units.splice(at..at, moved);
            }
            Edit::Double(from, to) => {
                let (from, to) = (place(*from).min(place(*to)), place(*from).max(place(*to)));
                units.extend_from_within(from..to);
            }
        }
    }
    units
}

fn text_and_edit() -> impl Strategy<Value = (String, String)> {
    (vec(select(LETTERS), 0..400), edits()).prop_map(|(base, edits)| {
        let target = edited(&base, LETTERS, &edits);
        (base.concat(), target.concat())
    })
}

fn binary_and_edit() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (1..=255_u8, vec(any::<u8>(), 0..1_500), edits()).prop_map(|(variety, base, edits)| {
        let base: Vec<u8> = base.into_iter().map(|byte| byte % variety).collect();
        let alphabet: Vec<u8> = (0..=255).collect();
        let target = edited(&base, &alphabet, &edits);
        (base, target)
    })
}

fn assert_proven(base: &[u8], target: &[u8]) {
    let both_text = str::from_utf8(base).is_ok() && str::from_utf8(target).is_ok();
    if let Some(patch) = proven(base, target) {
        assert_eq!(patch.is_text, both_text);
    }
}

fn assert_cut_between_characters(base: &str, target: &str) {
    let Some(patch) = patch(base.as_bytes(), target.as_bytes()) else { return };
    assert!(patch.is_text && str::from_utf8(&patch.bytes).is_ok());
    for command in commands(&patch.bytes) {
        match command {
            Command::Copy { offset, count } => assert!(base.get(offset..offset + count).is_some()),
            Command::Insert(bytes) => assert!(str::from_utf8(&bytes).is_ok()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn edited_text_comes_back_and_is_cut_between_characters((base, target) in text_and_edit()) {
        assert_proven(base.as_bytes(), target.as_bytes());
        assert_cut_between_characters(&base, &target);
        assert_cut_between_characters(&target, &base);
    }

    #[test]
    fn unlike_texts_come_back_and_are_cut_between_characters(
        base in vec(select(LETTERS), 0..200), target in vec(select(LETTERS), 0..200),
    ) {
        let (base, target) = (base.concat(), target.concat());
        assert_proven(base.as_bytes(), target.as_bytes());
        assert_cut_between_characters(&base, &target);
    }

    #[test]
    fn letters_that_differ_in_one_byte_are_never_split(
        base in vec(select(&["а", "б", "р", "😀", "😁", "漢", "漣"][..]), 0..200), places in vec(any::<u16>(), 1..4),
    ) {
        let mut target = base.clone();
        for place in places {
            let at = usize::from(place) % target.len().max(1);
            if let Some(letter) = target.get_mut(at) {
                *letter = match *letter { "а" => "р", "р" => "а", "😀" => "😁", "漢" => "漣", _ => "б" };
            }
        }
        let (base, target) = (base.concat(), target.concat());
        assert_proven(base.as_bytes(), target.as_bytes());
        assert_cut_between_characters(&base, &target);
    }

    #[test]
    fn edited_bytes_come_back((base, target) in binary_and_edit()) {
        assert_proven(&base, &target);
        assert_proven(&target, &base);
    }

    #[test]
    fn a_small_edit_makes_a_small_patch(base in vec(any::<u8>(), 200..1_500), at in any::<u16>(), new in any::<u8>()) {
        let mut target = base.clone();
        let at = usize::from(at) % base.len();
        target[at] = new;

        let patch = proven(&base, &target).unwrap();

        prop_assert!(patch.bytes.len() <= 32, "{} bytes", patch.bytes.len());
    }

    #[test]
    fn the_decoder_survives_anything(base in vec(any::<u8>(), 0..50), patch in vec(any::<u8>(), 0..50)) {
        let _ = decode(&base, &patch);
    }
}
