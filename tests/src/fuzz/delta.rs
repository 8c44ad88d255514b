//! Differences between payloads.
#![expect(clippy::panic, reason = "this is how a test fails")]

use wigwag_core::channels::delta::patch;

use super::memory;
use crate::fossil;

/// A patch leads from the base to the target, is shorter than the target, and is text if both are; patches that nobody
/// made are refused or applied. The input is a length, the base, another length, the target, and a hostile patch.
pub fn delta(data: &[u8]) {
    let (base, rest) = part(data);
    let (target, hostile) = part(rest);
    check(base, target);
    check(base, &[base, target].concat());
    check(&[target, base].concat(), target);

    let _ = fossil::apply(base, hostile);
}

fn check(base: &[u8], target: &[u8]) {
    let read = base.len() + target.len();
    let patch = memory::within(read, 2, 1_024, || patch(base, target));
    let Some(patch) = patch else { return };

    assert!(patch.bytes.len() < target.len(), "{} bytes for {}", patch.bytes.len(), target.len());
    let are_texts = str::from_utf8(base).is_ok() && str::from_utf8(target).is_ok();
    assert_eq!(patch.is_text, are_texts);
    assert!(!are_texts || str::from_utf8(&patch.bytes).is_ok(), "a text with characters cut");
    match fossil::apply(base, &patch.bytes) {
        Ok(made) => assert!(made == target, "another target"),
        Err(fault) => panic!("{fault} in {:?}", patch.bytes),
    }
}

/// What a length of two bytes announces, as far as it is there, and what follows it.
fn part(data: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = data.split_first_chunk().unwrap_or((&[0, 0], b""));
    rest.split_at(rest.len().min(usize::from(u16::from_be_bytes(*length))))
}

pub(super) const WORDS: &[&[u8]] = &[
    b"\n",
    b"@",
    b",",
    b":",
    b";",
    b"0;",
    b"G@0,",
    b"~~~~~@0,",
    b"1@~~~~~,",
    b"3~~~~~~~~~~",
    b"3:cat",
    b"0123456789abcdef",
    b"\xce\xba\xcf\x8d",
    b"\xf0\x9f\x98\x80",
    b"\xff",
    b"\0\x40",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let document =
        r#"{"id":7,"title":"κύβος","tags":["a","b"],"text":"The quick brown fox jumps","price":9.5}"#;
    let long = "0123456789abcdefghijklmnopqrstuvwxyz ".repeat(30);
    let turned = format!("{}{}", long.get(500..).unwrap_or_default(), long.get(..500).unwrap_or_default());
    let pairs = [
        (document.to_owned(), document.replace("9.5", "10")),
        (document.to_owned(), document.replace("κύβος", "κῦβος 👋")),
        (document.to_owned(), document.replace("quick brown", "").replace("\"b\"", "\"b\",\"c\"")),
        (long.clone(), turned),
        ("a".repeat(500), "a".repeat(700)),
        (long.clone(), format!("{}!{}", long, long.to_uppercase())),
        (String::new(), document.to_owned()),
    ];
    let pairs = pairs.map(|(base, target)| (base.into_bytes(), target.into_bytes()));
    let bytes = (Vec::from_iter(0..=255), Vec::from_iter((0..=255).rev().chain(0..=255)));
    pairs.into_iter().chain([bytes]).map(|(base, target)| packed(&base, &target)).collect()
}

/// Base, target and the right patch.
fn packed(base: &[u8], target: &[u8]) -> Vec<u8> {
    let length = |part: &[u8]| u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
    let right = patch(base, target).map(|patch| patch.bytes).unwrap_or_default();
    [&length(base)[..], base, &length(target), target, &right].concat()
}
