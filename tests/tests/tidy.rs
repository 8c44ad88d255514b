//! What the house looks like from outside: arrows, sizes, bans, documents in step with the code.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ports::protocol::{Disconnect, ErrorCode};

/// Lines of a source file, tests excepted.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function, tests excepted.
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Paths and contents of all files that belong to the house, by git if there is one, with one of these endings.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the house");
    let names = String::from_utf8(listed.stdout).unwrap();
    let mut found = Vec::new();
    for name in names.lines().filter(|name| endings.iter().any(|ending| name.ends_with(ending))) {
        if let Ok(text) = fs::read_to_string(root().join(name)) {
            found.push((name.to_owned(), text));
        }
    }
    assert!(!found.is_empty(), "no {endings:?} at all: is git here?");
    found
}

fn is_test(name: &str) -> bool {
    name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("/tests.rs")
}

/// The part of a file before its test module.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn arrows_point_the_way_the_map_says() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap();
    let ours: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let adapters: BTreeSet<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.manifest_path.as_str().contains("/adapters/"))
        .map(|package| package.name.as_str())
        .collect();
    assert!(adapters.contains("wigwag-memory") && adapters.contains("wigwag-centrifuge"));

    let mut problems = Vec::new();
    for package in &metadata.packages {
        let from = package.name.as_str();
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let in_tests = dependency.kind == cargo_metadata::DependencyKind::Development;
            if ours.contains(to) && !may_depend(from, to, in_tests, &adapters) {
                problems.push(format!("{from} must not depend on {to}"));
            }
        }
    }
    report(&problems);
}

fn may_depend(from: &str, to: &str, in_tests: bool, adapters: &BTreeSet<&str>) -> bool {
    match from {
        "wigwag-ports" => false,
        "wigwag-core" => to == "wigwag-ports" || (in_tests && to == "wigwag-memory"),
        "wigwag" => to == "wigwag-core" || to == "wigwag-ports" || adapters.contains(to),
        "wigwag-tests" | "wigwag-benches" => true,
        "wigwag-loadtest" => to != "wigwag",
        _ if adapters.contains(from) => to == "wigwag-ports",
        _ => false,
    }
}

#[test]
fn the_core_reaches_nothing_outside() {
    let allowed =
        ["bytes", "proptest", "regex", "rustc-hash", "serde", "thiserror", "wigwag-memory", "wigwag-ports"];
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap();
    let core = metadata.packages.iter().find(|package| package.name.as_str() == "wigwag-core").unwrap();

    let strangers: Vec<String> = core
        .dependencies
        .iter()
        .filter(|dependency| !allowed.contains(&dependency.name.as_str()))
        .map(|dependency| format!("core must not depend on {}", dependency.name))
        .collect();
    report(&strangers);

    let reaches = ["std::net", "std::fs", "std::thread", "std::time::Instant", "SystemTime", "std::env"];
    let mut problems = Vec::new();
    for (name, text) in files(&[".rs"]) {
        if !name.starts_with("core/src/") || is_test(&name) {
            continue;
        }
        problems.extend(
            reaches.iter().filter(|what| text.contains(*what)).map(|what| format!("{name}: reaches {what}")),
        );
        let is_service = ["app.rs", "connections.rs", "service.rs"].iter().any(|file| name.ends_with(file));
        if !is_service && (production(&text).contains("async ") || production(&text).contains(".await")) {
            problems.push(format!("{name}: only services are async"));
        }
    }
    report(&problems);
}

#[test]
fn files_and_functions_stay_small() {
    let mut problems = Vec::new();
    for (name, text) in files(&[".rs", ".js", ".mjs", ".py"]) {
        if is_test(&name) {
            continue;
        }
        let lines = production(&text).lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{name}: {lines} lines, at most {FILE_LINES_MAX}"));
        }
        if name.ends_with(".rs") {
            problems.extend(
                long_functions(production(&text))
                    .into_iter()
                    .map(|(function, lines)| format!("{name}: fn {function} has {lines} lines")),
            );
        }
    }
    report(&problems);
}

/// Functions by their indentation: from a line with `fn` to the closing brace below it.
fn long_functions(text: &str) -> BTreeMap<String, usize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut long = BTreeMap::new();
    for (begin, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_function =
            ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(super) fn ", "pub(crate) fn "]
                .iter()
                .any(|start| code.starts_with(start));
        if !is_function {
            continue;
        }
        let indent = line.len() - code.len();
        let end = format!("{}}}", " ".repeat(indent));
        if let Some(length) = lines.iter().skip(begin).position(|line| *line == end)
            && length + 1 > FUNCTION_LINES_MAX
        {
            long.insert(code.to_owned(), length + 1);
        }
    }
    long
}

#[test]
fn what_is_banned_is_not_there() {
    let bans = [
        ("todo!(", "stubs"),
        ("unimplemented!(", "stubs"),
        ("FIXME", "notes to self"),
        ("XXX", "notes to self"),
        ("#[allow(", "use #[expect(…, reason = …)]"),
    ];
    let mut problems = Vec::new();
    for (name, text) in files(&[".rs", ".js", ".mjs", ".py", ".css", ".html"]) {
        if name == "tests/tests/tidy.rs" {
            continue;
        }
        problems.extend(
            bans.iter()
                .filter(|(ban, _)| text.contains(ban))
                .map(|(ban, why)| format!("{name}: {ban} ({why})")),
        );
        if name.ends_with("/mod.rs") {
            problems.push(format!("{name}: area.rs beside area/, no mod.rs"));
        }
        let may_be_unsafe = name == "tests/src/heap.rs" || name == "benches/src/heap.rs";
        if name.ends_with(".rs") && !may_be_unsafe && text.contains("unsafe {") {
            problems.push(format!("{name}: only the counting allocator may be unsafe"));
        }
    }
    report(&problems);
}

#[test]
fn npm_locks_name_no_addresses() {
    let mut problems = Vec::new();
    for (name, text) in files(&["package-lock.json"]) {
        if text.contains("\"resolved\"") {
            problems.push(format!("{name}: install with --omit-lockfile-registry-resolved"));
        }
    }
    report(&problems);
}

#[test]
fn every_code_is_documented() {
    let protocol = fs::read_to_string(root().join("docs/protocol.md")).unwrap();
    let errors = ErrorCode::ALL.map(|code| (code.number(), code.message().to_owned()));
    let closes = Disconnect::ALL.iter().map(|close| (u32::from(close.code), close.reason.to_string()));

    let mut problems = Vec::new();
    for (number, text) in errors.into_iter().chain(closes) {
        let is_row = |line: &str| line.contains(&format!("| {number} |")) && line.contains(&text);
        if !protocol.lines().any(is_row) {
            problems.push(format!("docs/protocol.md: no table row for {number} {text:?}"));
        }
    }
    report(&problems);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for (name, text) in files(&[".md"]) {
        let folder = root().join(&name).parent().unwrap().to_path_buf();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let is_local = !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
            if is_local && !folder.join(path).exists() {
                problems.push(format!("{name}: {target} does not exist"));
            }
        }
    }
    report(&problems);
}
