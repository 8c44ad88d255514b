//! The example file with one mistake in it, by the hundred: each is refused, and the line says enough to mend it.

use super::*;
use crate::config::reference::{Chapter, chapters};
use crate::config::section::Fact;
use crate::config::source::{LISTS, bracketed};

/// As long as a line on a screen of today, broken once.
const LINE_CHARS_MAX: usize = 240;

/// A mistake: the file, the line it is in, and words that the refusal must hold.
struct Mistake {
    what: &'static str,
    text: String,
    line: usize,
    words: Vec<String>,
}

#[test]
fn hundreds_of_mistakes_are_each_answered_with_place_and_remedy() {
    let mistakes: Vec<_> = chapters().iter().flat_map(mistakes).collect();

    for Mistake { what, text, line, words } in &mistakes {
        let refused = read(Some(text), &[]).err().map(|error| error.to_string());
        let refused = refused.unwrap_or_else(|| panic!("{what}: accepted\n{}", around(text, *line)));
        let at = format!("wigwag.toml:{line}: ");
        assert!(refused.starts_with(&at), "{what}: {refused}\n{}", around(text, *line));
        assert!(words.iter().all(|word| refused.contains(word)), "{what}: {refused} lacks one of {words:?}");
        assert!(
            refused.chars().count() <= LINE_CHARS_MAX && refused.lines().count() == 1,
            "{what}: {refused}"
        );
    }
    assert!(mistakes.len() >= 200, "{}", mistakes.len());
    println!("{} mistakes", mistakes.len());
}

fn around(text: &str, line: usize) -> String {
    text.lines().skip(line.saturating_sub(2)).take(3).collect::<Vec<_>>().join("\n")
}

fn mistakes(chapter: &Chapter) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (at, fact) in chapter.facts.iter().enumerate() {
        let range = chapter.ranges[at].as_deref();
        mistakes.extend(mistakes_in(chapter, fact, range));
    }
    for name in chapter.names {
        mistakes.extend(sections(name));
    }
    mistakes
}

/// The example file with other lines in place of the first one that has this key.
fn instead(chapter: &Chapter, key: &str, what: &'static str, lines: &[String], words: &[&str]) -> Mistake {
    let example = example();
    let (mut out, mut line, mut is_inside) = (Vec::new(), 0, false);
    for written in example.lines() {
        let plain = written.trim_start_matches('#');
        if plain.starts_with('[') {
            is_inside = plain == bracketed(chapter.names[0]);
            // Lists are not begun in the example.
            out.push(if is_inside { plain.to_owned() } else { written.to_owned() });
        } else if is_inside && line == 0 && plain.starts_with(&format!("{key} = ")) {
            out.extend(lines.iter().cloned());
            line = out.len();
        } else {
            out.push(written.to_owned());
        }
    }
    assert!(line > 0, "{key} is not in the example");
    Mistake { what, text: out.join("\n"), line, words: words.iter().map(|word| (*word).to_owned()).collect() }
}

fn mistakes_in(chapter: &Chapter, fact: &Fact, range: Option<&str>) -> Vec<Mistake> {
    let Fact { key, kind, .. } = fact;
    let path = match chapter.names[0] {
        "jwks" => format!("jwks.1.{key}"),
        name => format!("{name}.{key}"),
    };
    let one = |what, line: String, words: &[&str]| instead(chapter, key, what, &[line], words);
    let value = fact.example;
    let mut mistakes = vec![
        one("misspelt key", format!("{} = {value}", misspelt(key)), &["unknown key", &misspelt(key), key]),
        one("nested", format!("{key}.deeper = 1"), &[&path, kind]),
        one("list of what is no text", format!("{key} = [[1]]"), &[&path]),
        instead(
            chapter,
            key,
            "written twice",
            &[format!("{key} = {value}"), format!("{key} = {value}")],
            &[key],
        ),
        one("no quotes", format!("{key} = nonsense"), &["not TOML"]),
    ];
    let wrong: &[&str] = match *kind {
        "switch" => &["\"yes\"", "1", "\"true\"", "[]"],
        "number" => &["\"many\"", "-1", "1.5", "true", "99999999999999999999"],
        "duration" => &["30", "\"30 sec\"", "\"1w\"", "\"-1s\"", "true"],
        "size" => &["\"64 KB\"", "\"much\"", "-5", "1.5", "[]"],
        "date" => &["\"soon\"", "5", "12:00:00", "2027-01-31T12:00:00"],
        "address" => &["8000", "\"localhost\"", "\"127.0.0.1\"", "\":8000\""],
        "list" => &["\"a\"", "5", "{}", "true"],
        "choice" => &["\"xml\"", "5", "\"\"", "[\"text\"]"],
        "path" => &["\"\"", "5", "[\"a\"]", "true"],
        "regex" => &["\"[a-\"", "5", "\"a)|(b\""],
        "ratio" => &["\"half\"", "1.5", "-0.5", "true", "[]"],
        "text" | "secret" => &["5", "true", "[\"a\"]", "2027-01-31"],
        other => panic!("no mistakes for {other}"),
    };
    // The parser itself refuses numbers that no machine has.
    let words =
        |bad: &str| if bad.len() > 15 && bad.starts_with('9') { vec![] } else { vec![path.as_str(), kind] };
    mistakes.extend(wrong.iter().map(|bad| one("wrong type", format!("{key} = {bad}"), &words(bad))));
    if let Some(range) = range {
        for bad in out_of(range, kind) {
            mistakes.push(one(
                "out of range",
                format!("{key} = {bad}"),
                &[&path, "out of range", kind, range],
            ));
        }
    }
    mistakes
}

/// Values on both sides of a range, as far as it has two.
fn out_of(range: &str, kind: &str) -> Vec<&'static str> {
    let below = match kind {
        "number" if range.starts_with("from 0") => vec![],
        "number" => vec!["0"],
        "duration" => vec!["\"1ms\"", "\"0s\""],
        "size" => vec!["0", "\"1 B\""],
        other => panic!("no range for {other}"),
    };
    let above = match kind {
        "number" => vec!["1_000_000_000"],
        "size" => vec!["\"9999 GiB\""],
        _ => vec![],
    };
    below.into_iter().chain(above.into_iter().filter(|_| range.starts_with("from "))).collect()
}

/// The same with two letters exchanged.
fn misspelt(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let at = (1..letters.len()).rev().find(|at| letters[*at] != letters[at - 1]).unwrap();
    letters.swap(at, at - 1);
    letters.into_iter().collect()
}

fn sections(name: &'static str) -> Vec<Mistake> {
    let example = example();
    let last = example.lines().count() + 1;
    let behind = |what, line: String, words: &[&str]| Mistake {
        what,
        text: format!("{example}{line}\n"),
        line: last,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let right = bracketed(name);
    let wrong = if LISTS.contains(&name) { format!("[{name}]") } else { format!("[[{name}]]") };
    let mut mistakes = vec![
        behind("misspelt section", format!("[{}]", misspelt(name)), &["unknown section", &right]),
        Mistake {
            text: format!("{wrong}\n"),
            line: 1,
            ..behind("wrong brackets", String::new(), &[name, &right])
        },
        Mistake {
            text: format!("{name} = 5\n"),
            line: 1,
            ..behind("no section", String::new(), &[name, &right])
        },
    ];
    if !LISTS.contains(&name) && name != "subscription_token" {
        mistakes.push(behind("section twice", right, &[name, "twice"]));
    }
    mistakes
}
