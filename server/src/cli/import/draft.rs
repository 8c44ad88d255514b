//! The file that is being written.

use super::form::quoted;

/// The sections in the order in which they are described; namespaces follow.
const ORDER: [&str; 8] =
    ["server", "tls", "api", "token", "subscription_token", "client", "hooks", "channel"];

/// What keeps people out: without it a section would let in more than was meant.
const RESTRAINTS: [&str; 5] = ["channel_regex", "audience", "audience_regex", "issuer", "issuer_regex"];

const HEAD: &str =
    "# Made from a configuration of Centrifugo by wigwag import-config. There are secrets in it.\n";

/// The settings so far, and what came to nothing.
#[derive(Default)]
pub(super) struct Draft {
    lines: Vec<Line>,
    namespaces: Vec<String>,
    left: Vec<(String, String)>,
}

/// A setting, and where it comes from.
struct Line {
    section: String,
    key: String,
    value: String,
    from: String,
}

/// What stands in a line of the text.
enum Stands {
    Setting(usize),
    Namespace(String),
}

impl Draft {
    /// The section of a namespace, or of channels without one.
    pub(super) fn section(&mut self, namespace: Option<&str>) -> String {
        let Some(name) = namespace else { return "channel".to_owned() };
        let section = format!("namespace.{}.{name}", self.namespaces.len());
        self.namespaces.push(section.clone());
        self.set(&section, "name", quoted(name), &format!("namespace {name}"));
        section
    }

    /// Writes a setting. What was written before stays if it says the same.
    pub(super) fn set(&mut self, section: &str, key: &str, value: String, from: &str) {
        if let Some(before) = self.lines.iter().find(|line| line.section == section && line.key == key) {
            if before.value != value {
                let advice = format!("{key} is taken from {} already, with another value", before.from);
                self.leave(from, &advice);
            }
            return;
        }
        let (section, key, from) = (section.to_owned(), key.to_owned(), from.to_owned());
        self.lines.push(Line { section, key, value, from });
    }

    /// Notes what is not taken over, and what to do.
    pub(super) fn leave(&mut self, from: &str, advice: &str) {
        self.left.push((from.to_owned(), advice.to_owned()));
    }

    /// Takes the line with this number out again, for the reason that it is refused for. False if nothing is there.
    pub(super) fn refuse(&mut self, number: usize, problem: &str) -> bool {
        let (_, places) = self.rendered();
        let Some((_, stands)) = places.into_iter().find(|(place, _)| *place == number) else { return false };
        match stands {
            Stands::Setting(index) => self.refuse_setting(index, problem),
            Stands::Namespace(section) => self.refuse_section(&section, problem),
        }
        true
    }

    fn refuse_setting(&mut self, index: usize, problem: &str) {
        if index >= self.lines.len() {
            return;
        }
        let line = self.lines.remove(index);
        if line.key == "name" {
            self.refuse_section(&line.section, problem);
        } else if RESTRAINTS.contains(&line.key.as_str()) {
            let problem =
                format!("{problem}; all of its section is left out, for without it more would be allowed");
            self.leave(&line.from, &problem);
            self.forget(&line.section);
        } else {
            self.leave(&line.from, problem);
        }
    }

    fn refuse_section(&mut self, section: &str, problem: &str) {
        let name = section.splitn(3, '.').last().unwrap_or_default();
        self.leave(&format!("namespace {name}"), problem);
        self.forget(section);
    }

    fn forget(&mut self, section: &str) {
        self.namespaces.retain(|one| one != section);
        self.lines.retain(|line| line.section != section);
    }

    /// The file, with what was left as comments at its end.
    pub(super) fn text(&self) -> String {
        let (mut text, _) = self.rendered();
        let left = self.left();
        if !left.is_empty() {
            text.push_str("\n# Not taken over:\n");
        }
        for line in left {
            text.push_str(&format!("# - {line}\n"));
        }
        text
    }

    /// What was not taken over, a line for each.
    pub(super) fn left(&self) -> Vec<String> {
        let tidy = |text: &str| text.replace(|c: char| c.is_control(), " ");
        self.left.iter().map(|(from, advice)| format!("{}: {}", tidy(from), tidy(advice))).collect()
    }

    /// The settings, and what stands in which line.
    fn rendered(&self) -> (String, Vec<(usize, Stands)>) {
        let (mut text, mut places, mut number) = (HEAD.to_owned(), Vec::new(), 1);
        let sections = ORDER.iter().map(|one| (*one).to_owned()).chain(self.namespaces.iter().cloned());
        for section in sections {
            let is_here = |(_, line): &(usize, &Line)| line.section == section;
            let mut lines = self.lines.iter().enumerate().filter(is_here).peekable();
            if lines.peek().is_none() {
                continue;
            }
            let is_namespace = section.starts_with("namespace.");
            text.push_str(&if is_namespace {
                "\n[[namespace]]\n".to_owned()
            } else {
                format!("\n[{section}]\n")
            });
            number += 2;
            if is_namespace {
                places.push((number, Stands::Namespace(section.clone())));
            }
            for (index, line) in lines {
                text.push_str(&format!("{} = {}\n", line.key, line.value));
                number += 1;
                places.push((number, Stands::Setting(index)));
            }
        }
        (text, places)
    }

    /// How many settings there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}
