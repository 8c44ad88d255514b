//! Patches by hand, by chance and by malice.

mod decoder;
mod properties;

use decoder::decode;

use super::*;

fn text_of(base: &str, target: &str) -> Option<String> {
    let patch = patch(base.as_bytes(), target.as_bytes())?;
    assert!(patch.is_text);
    Some(String::from_utf8(patch.bytes.to_vec()).unwrap())
}

/// The patch, after it has proved itself.
fn proven(base: &[u8], target: &[u8]) -> Option<Patch> {
    let patch = patch(base, target)?;
    assert_eq!(decode(base, &patch.bytes).as_deref(), Ok(target));
    assert!(patch.bytes.len() < target.len());
    Some(patch)
}

#[test]
fn one_changed_word_leaves_head_and_tail_as_copies() {
    let base = "The quick brown fox jumps over the lazy dog";
    let target = "The quick brown cat jumps over the lazy dog";

    assert_eq!(text_of(base, target).unwrap(), "g\nG@0,3:catO@J,1qBX4R;");
}

#[test]
fn identical_payloads_are_one_copy() {
    let base = "a".repeat(100);

    assert_eq!(text_of(&base, &base).unwrap(), "1_\n1_@0,22Wd9u;");
}

#[test]
fn one_changed_letter_of_cyrillic_is_cut_around_the_whole_letter() {
    let base = "Съешь ещё этих мягких банских булок";
    let target = "Съешь ещё этих мягких венских булок";

    assert_eq!(text_of(base, target).unwrap(), "11\nd@0,4:веL@h,3meBRb;");
}

#[test]
fn a_middle_that_only_moved_is_found() {
    let (first, second) = ("0123456789abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ~!@#$%^&*()_");
    let base = format!("{first}{second}");
    let target = format!("{second}{first}");

    let patch = proven(base.as_bytes(), target.as_bytes()).unwrap();

    assert!(patch.bytes.len() < 24, "{:?}", patch.bytes);
}

#[test]
fn a_doubled_payload_is_two_copies() {
    let base = r#"{"name":"a document of some length"}"#;
    let target = format!("{base}{base}");

    let patch = proven(base.as_bytes(), target.as_bytes()).unwrap();

    assert_eq!(decoder::commands(&patch.bytes).len(), 2);
}

#[test]
fn changes_that_keep_the_length_cost_little_each() {
    let record = |price: u32| format!(r#"{{"symbol":"ABCD","price":{price},"currency":"EUR"}}"#);
    let base: String = (1_000..1_050).map(record).collect();
    let target: String = (2_000..2_050).map(record).collect();

    let patch = proven(base.as_bytes(), target.as_bytes()).unwrap();

    assert!(patch.bytes.len() < target.len() / 3, "{} of {}", patch.bytes.len(), target.len());
}

#[test]
fn what_would_not_become_smaller_is_not_patched() {
    assert_eq!(patch(b"", b""), None);
    assert_eq!(patch(b"", b"something"), None);
    assert_eq!(patch(b"something", b""), None);
    assert_eq!(patch(b"same", b"same"), None);
    assert_eq!(patch(b"{\"a\":1}", b"{\"a\":2}"), None);
    assert_eq!(patch(&[b'x'; 300], &[b'y'; 300]), None);
}

#[test]
fn one_binary_payload_makes_the_patch_binary() {
    let text = "plain text, long enough to be copied".as_bytes();
    let binary = [text, &[0xFF]].concat();

    assert!(!proven(text, &binary).unwrap().is_text);
    assert!(!proven(&binary, text).unwrap().is_text);
    assert!(proven(text, text).unwrap().is_text);
}

#[test]
fn binary_payloads_are_cut_anywhere() {
    let base = [&[0xD0, 0xB1].repeat(20)[..], &[0xFF]].concat();
    let target = [&[0xD0, 0xB1].repeat(19)[..], &[0xD0, 0xB2], &[0xFF]].concat();

    let patch = proven(&base, &target).unwrap();

    assert_eq!(
        decoder::commands(&patch.bytes).first(),
        Some(&decoder::Command::Copy { offset: 0, count: 39 })
    );
}

#[test]
fn malice_ends_soon() {
    const MIB: usize = 1 << 20;
    let same = vec![b'a'; MIB];
    let holes: Vec<u8> = (0..MIB).map(|at| if at % 32 == 31 { b'b' } else { b'a' }).collect();
    let steps: Vec<u8> = (0..MIB).map(|at| (at / 17) as u8).collect();
    let backwards: Vec<u8> = steps.iter().rev().copied().collect();
    let cut: Vec<u8> = "б".repeat(MIB / 2).into_bytes();
    let mixed: Vec<u8> = "аб".repeat(MIB / 4).into_bytes();
    let inputs = [same, holes, steps, backwards, cut, mixed];

    for base in &inputs {
        for target in &inputs {
            let framed = [b"<", &target[..], b">"].concat();
            proven(base, &framed);
        }
    }
}

#[test]
fn the_checksum_fills_the_last_word_with_zeros() {
    assert_eq!(script::checksum(b""), 0);
    assert_eq!(script::checksum(&[1]), 0x0100_0000);
    assert_eq!(script::checksum(&[1, 2, 3, 4, 5, 6, 7]), 0x0608_0A04);
    assert_eq!(script::checksum(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 2]), 1);
}
