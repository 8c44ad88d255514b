//! Payloads, their edits and the patches between them, for the decoders of the official SDKs: one line of JSON each.
//!
//! `wigwag-edits [lines] [seed]` prints the same lines for the same seed. Each line names its `kind` (`json`, `text`,
//! `binary`) and has `base`, `target` and `patch`; in binary lines they are in base 64. The target of a line is the base
//! of the next of its kind. `patch` is null where one would not be smaller than the target.

use std::io::{BufWriter, Write, stdout};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wigwag_core::channels::delta;
use wigwag_tests::rng::Rng;

const LINES: usize = 100_000;
const SEED: u64 = 0x57_16_3A_60;
/// A payload that grew beyond this starts anew.
const UNITS_MAX: usize = 1_500;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let lines = arguments.next().map_or(Ok(LINES), |lines| lines.parse()).context("lines")?;
    let seed = arguments.next().map_or(Ok(SEED), |seed| seed.parse()).context("seed")?;

    let mut chance = Chance(Rng::new(seed));
    let mut document = Document::new(&mut chance);
    let mut text: Vec<&str> = Vec::new();
    let mut binary: Vec<u8> = Vec::new();
    let all_bytes: Vec<u8> = (0..=255).collect();
    let mut out = BufWriter::new(stdout().lock());
    for _ in 0..lines {
        let line = match chance.below(10) {
            0..4 => {
                let base = document.bytes();
                document.edit(&mut chance);
                line("json", &base, &document.bytes())?
            }
            4..9 => {
                let base = text.concat();
                edit(&mut text, LETTERS, &mut chance);
                line("text", base.as_bytes(), text.concat().as_bytes())?
            }
            _ => {
                let base = binary.clone();
                edit(&mut binary, &all_bytes, &mut chance);
                line("binary", &base, &binary)?
            }
        };
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}

fn line(kind: &str, base: &[u8], target: &[u8]) -> anyhow::Result<Value> {
    let patch = delta::patch(base, target);
    let write = |bytes: &[u8]| {
        if kind == "binary" { Ok(STANDARD.encode(bytes)) } else { String::from_utf8(bytes.to_vec()) }
    };
    let patch =
        patch.map(|patch| write(&patch.bytes)).transpose().context("a patch between texts is no text")?;
    Ok(json!({ "kind": kind, "base": write(base)?, "target": write(target)?, "patch": patch }))
}

/// Letters of one to four bytes that differ in their first, their middle or their last byte, a combining accent, joined
/// emoji, flags, what JSON escapes, line separators, and what the patch format itself uses.
const LETTERS: &[&str] = &[
    "a",
    "e",
    "n",
    "t",
    " ",
    "7",
    "а",
    "е",
    "н",
    "т",
    "р",
    "Р",
    "ё",
    "и\u{306}",
    "e\u{301}",
    "é",
    "漢",
    "字",
    "漣",
    "एक",
    "😀",
    "😁",
    "👩\u{200d}🚀",
    "🇩🇪",
    "\"",
    "\\",
    "\n",
    "\t",
    "\u{0}",
    "\u{2028}",
    "\u{feff}",
    "@",
    ":",
    ",",
    ";",
    "~",
];

/// Changes a payload of units: bytes, letters, records.
fn edit<T: Clone>(units: &mut Vec<T>, alphabet: &[T], chance: &mut Chance) {
    if units.len() < 8 || units.len() > UNITS_MAX {
        let length = 60 + chance.below(400);
        *units = chance.some(alphabet, length);
        return;
    }
    for _ in 0..=chance.below(3) {
        let (from, to) = chance.range(units.len());
        let short = to.min(from + 12);
        let fresh = chance.below(6);
        match chance.below(8) {
            0 => drop(units.drain(from..short)),
            1 => drop(units.splice(from..from, chance.some(alphabet, fresh))),
            2 => drop(units.splice(from..short, chance.some(alphabet, fresh))),
            3..6 => drop(units.splice(from..to.min(from + 1), chance.some(alphabet, 1))),
            6 => {
                let moved: Vec<T> = units.drain(from..to).collect();
                let at = chance.below(units.len() + 1);
                units.splice(at..at, moved);
            }
            _ => {
                let doubled = units.get(from..to).unwrap_or_default().to_vec();
                let at = chance.below(units.len() + 1);
                units.splice(at..at, doubled);
            }
        }
    }
    if chance.below(20) == 0 {
        let mut blocks: Vec<Vec<T>> = units.chunks(1 + units.len() / 8).map(<[T]>::to_vec).collect();
        chance.shuffle(&mut blocks);
        *units = blocks.concat();
    }
}

/// A JSON document: records with numbers and words.
struct Document {
    records: Vec<Value>,
}

impl Document {
    fn new(chance: &mut Chance) -> Self {
        let records = (0..3 + chance.below(8)).map(|_| record(chance)).collect();
        Self { records }
    }

    fn bytes(&self) -> Vec<u8> {
        json!({ "version": 1, "записи": self.records }).to_string().into_bytes()
    }

    fn edit(&mut self, chance: &mut Chance) {
        let at = chance.below(self.records.len());
        match chance.below(12) {
            0 if self.records.len() > 1 => drop(self.records.remove(at)),
            1 if self.records.len() < 12 => self.records.insert(at, record(chance)),
            2 => chance.shuffle(&mut self.records),
            3 => edit_name(self.records.get_mut(at), chance),
            _ => {
                if let Some(price) = self.records.get_mut(at).and_then(|record| record.get_mut("price")) {
                    *price = json!(chance.below(100_000));
                }
            }
        }
    }
}

fn record(chance: &mut Chance) -> Value {
    let length = 4 + chance.below(30);
    json!({
        "id": chance.below(1_000),
        "name": chance.some(LETTERS, length).concat(),
        "price": chance.below(100_000),
        "open": chance.below(2) == 0,
    })
}

/// One letter of a record's name becomes another.
fn edit_name(record: Option<&mut Value>, chance: &mut Chance) {
    let Some(Value::String(name)) = record.and_then(|record| record.get_mut("name")) else { return };
    let mut letters: Vec<char> = name.chars().collect();
    let at = chance.below(letters.len());
    if let Some(letter) = letters.get_mut(at) {
        *letter = chance.some(&['б', 'в', 'x', '😂', '語'], 1).first().copied().unwrap_or('x');
    }
    *name = letters.into_iter().collect();
}

/// The draws that edits need.
struct Chance(Rng);

impl Chance {
    /// A number below `bound`; zero if the bound is zero.
    fn below(&mut self, bound: usize) -> usize {
        self.0.index(bound)
    }

    /// Two places up to `length`, in order.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        (one.min(other), one.max(other))
    }

    fn some<T: Clone>(&mut self, alphabet: &[T], count: usize) -> Vec<T> {
        (0..count).filter_map(|_| alphabet.get(self.below(alphabet.len())).cloned()).collect()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
