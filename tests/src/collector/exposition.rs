//! A reader of the Prometheus text format, as strict as the format is.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of a series.
pub type Labels = BTreeMap<String, String>;

/// A text that was read.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    kinds: BTreeMap<String, String>,
    samples: Vec<(String, Labels, f64)>,
}

impl Exposition {
    /// Reads a text; the error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut read = Self::default();
        let (mut seen, mut done, mut current) = (BTreeSet::new(), BTreeSet::new(), String::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            let wrong = |what: &str| format!("{what}: {line}");
            if let Some(rest) = line.strip_prefix("# HELP ") {
                rest.split_once(' ').filter(|(name, _)| is_name(name)).ok_or_else(|| wrong("no help"))?;
                continue;
            }
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').ok_or_else(|| wrong("no type"))?;
                let is_kind = matches!(kind, "counter" | "gauge" | "histogram" | "summary" | "untyped");
                if !is_name(name) || !is_kind || !done.insert(name.to_owned()) {
                    return Err(wrong("a bad or second type"));
                }
                read.kinds.insert(name.to_owned(), kind.to_owned());
                current = name.to_owned();
                continue;
            }
            let (name, labels, value) = sample(line).ok_or_else(|| wrong("no sample"))?;
            let is_of_current = name == current
                || (read.kinds.get(&current).is_some_and(|kind| kind == "histogram")
                    && ["_bucket", "_sum", "_count"].iter().any(|end| name == format!("{current}{end}")));
            if !is_of_current {
                return Err(wrong("not below its type"));
            }
            if !seen.insert((name.clone(), labels.clone())) {
                return Err(wrong("twice"));
            }
            read.samples.push((name, labels, value));
        }
        read.check_histograms()?;
        Ok(read)
    }

    fn check_histograms(&self) -> Result<(), String> {
        for name in self.kinds.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
            for (_, labels, count) in self.named(&format!("{name}_count")) {
                let mut last = 0.0;
                for (_, _, value) in self
                    .named(&format!("{name}_bucket"))
                    .filter(|(_, these, _)| labels.iter().all(|(key, value)| these.get(key) == Some(value)))
                {
                    if *value < last {
                        return Err(format!("{name} {labels:?}: buckets fall"));
                    }
                    last = *value;
                }
                if (last - count).abs() > f64::EPSILON {
                    return Err(format!("{name} {labels:?}: the last bucket is not the count"));
                }
            }
        }
        Ok(())
    }

    fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s (String, Labels, f64)> {
        self.samples.iter().filter(move |(of, _, _)| of == name)
    }

    /// The sum of the series with these labels; nothing if there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |these: &Labels| {
            labels.iter().all(|(key, value)| these.get(*key).is_some_and(|this| this == value))
        };
        let found: Vec<f64> =
            self.named(name).filter(|(_, these, _)| fits(these)).map(|(_, _, value)| *value).collect();
        (!found.is_empty()).then(|| found.iter().sum())
    }

    /// The kind of each metric.
    pub fn kinds(&self) -> &BTreeMap<String, String> {
        &self.kinds
    }

    /// Every series.
    pub fn series(&self) -> BTreeSet<(String, Labels)> {
        self.samples.iter().map(|(name, labels, _)| (name.clone(), labels.clone())).collect()
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
}

fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Labels::new(), rest),
    };
    let value = match value.trim() {
        "+Inf" => f64::INFINITY,
        value => value.parse().ok()?,
    };
    is_name(name).then(|| (name.to_owned(), labels, value))
}

/// The labels behind an opened brace, and what follows the closed one.
fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next()? {
                (at, '"') => break at,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    letter @ ('\\' | '"') => value.push(letter),
                    _ => return None,
                },
                (_, letter) => value.push(letter),
            }
        };
        if !is_name(name) || labels.insert(name.to_owned(), value).is_some() {
            return None;
        }
        rest = after.get(end + 1..)?;
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some((labels, rest.strip_prefix('}')?))
}
