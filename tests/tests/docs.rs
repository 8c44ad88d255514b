//! Whether the pages that people read when something goes wrong know everything that can.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ports::protocol::{Disconnect, ErrorCode, UnsubscribeCode};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("the page is there")
}

/// Headings that begin so, and what stands below each.
fn entries(text: &str, heading: &str) -> Vec<(String, String)> {
    let begin = format!("\n{heading} ");
    let sections = text.split(&begin).skip(1);
    sections
        .map(|section| {
            let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
            (heading.to_owned(), rest.split("\n## ").next().unwrap_or_default().replace('\n', " "))
        })
        .collect()
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_code_has_an_entry_with_its_cause_and_what_to_do() {
    let errors = ErrorCode::ALL.map(|code| format!("{} {}", code.number(), code.message()));
    let closes = Disconnect::ALL.iter().map(|close| format!("{} {}", close.code, close.reason));
    let ends = [UnsubscribeCode::Server, UnsubscribeCode::Insufficient, UnsubscribeCode::Expired]
        .map(|code| format!("{} {}", code.number(), code.reason()));
    let known: BTreeSet<String> = errors.into_iter().chain(closes).chain(ends).collect();
    let entries = entries(&page("docs/reference/errors.md"), "###");

    let mut problems = Vec::new();
    for code in &known {
        if !entries.iter().any(|(heading, _)| heading == code) {
            problems.push(format!("docs/reference/errors.md: no entry for {code}"));
        }
    }
    for (heading, text) in &entries {
        if heading.starts_with(|first: char| first.is_ascii_digit()) && !known.contains(heading) {
            problems.push(format!("docs/reference/errors.md: nothing says {heading}"));
        }
        if !(text.contains("**Cause.** ") && text.contains("**Do.** ")) {
            problems.push(format!("docs/reference/errors.md: {heading}: no cause, or nothing to do"));
        }
    }
    report(&problems);
}

#[test]
fn every_name_in_http_answers_has_an_entry() {
    let (errors, rest) = (page("docs/reference/errors.md"), page("docs/guides/rest.md"));
    let entries = entries(&errors, "###");
    let mut names = BTreeSet::new();
    collect(&root().join("server/src"), &mut names);
    assert!(names.contains("origin_not_allowed") && names.contains("unauthorized"), "{names:?}");

    let missing: Vec<String> = names
        .iter()
        .filter(|name| !entries.iter().any(|(heading, _)| heading == *name))
        .filter(|name| !rest.contains(&format!("`{name}`")))
        .map(|name| format!("docs/reference/errors.md: no entry for {name}"))
        .collect();
    report(&missing);
}

/// The names that stand as a text behind a status where a problem is made.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let production = text.split("#[cfg(test)]").next().unwrap_or_default();
            for made in production.split("Problem::new(").skip(1) {
                let Some((status, rest)) = made.split_once(',') else { continue };
                let name = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                if status.trim().starts_with("StatusCode::") {
                    names.extend(name.map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn every_alert_has_a_runbook() {
    let page = page("docs/operations/alerts.md");
    let rules = fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).unwrap();
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(!alerts.is_empty());

    let entries = entries(&page, "##");
    let mut problems: Vec<String> = alerts
        .iter()
        .filter(|alert| !entries.iter().any(|(heading, _)| heading == *alert))
        .map(|alert| format!("docs/operations/alerts.md: no entry for {alert}"))
        .collect();
    for (heading, _) in &entries {
        if !alerts.contains(&heading.as_str()) {
            problems.push(format!("deploy/prometheus/alerts.yml: no alert called {heading}"));
        }
    }
    report(&problems);
}
