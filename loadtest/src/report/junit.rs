//! For continuous integration, which knows test cases.

use std::collections::BTreeMap;

use super::escape::xml;
use crate::outcome::Outcome;

/// A test case of a suite, and what failed in it.
pub(crate) struct Case {
    pub(crate) suite: String,
    pub(crate) name: String,
    /// What was found.
    pub(crate) details: Vec<String>,
    /// What should not have been found.
    pub(crate) failures: Vec<String>,
}

/// One case for each row with a budget or a baseline, and one for each scenario's faults.
pub(crate) fn cases(outcome: &Outcome) -> Vec<Case> {
    let mut cases: BTreeMap<(String, String), Case> = BTreeMap::new();
    let mut add = |suite: String, name: String, detail: String, passed: bool| {
        let fresh =
            || Case { suite: suite.clone(), name: name.clone(), details: Vec::new(), failures: Vec::new() };
        let case = cases.entry((suite.clone(), name.clone())).or_insert_with(fresh);
        if passed { case.details.push(detail) } else { case.failures.push(detail) }
    };
    for judged in &outcome.budgets {
        let detail = format!("{} {}, allowed {}", judged.measure, judged.value, judged.limit);
        add(judged.scenario.to_string(), judged.row.to_string(), detail, judged.passed);
    }
    for compared in &outcome.baseline {
        let detail = format!(
            "{} {:.2} after {:.2} ({:+.1} %)",
            compared.measure, compared.after, compared.before, compared.change_percent
        );
        add(
            compared.scenario.to_string(),
            format!("{} against the baseline", compared.row),
            detail,
            compared.passed,
        );
    }
    let count = outcome.faults.values().sum::<u64>();
    add("run".to_owned(), "no faults".to_owned(), format!("{count} faults"), count == 0);
    for (fault, times) in &outcome.faults {
        add("run".to_owned(), "no faults".to_owned(), format!("{fault}: {times}"), false);
    }
    cases.into_values().collect()
}

/// The file.
pub(crate) fn render(cases: &[Case]) -> String {
    let mut suites: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    cases.iter().for_each(|case| suites.entry(&case.suite).or_default().push(case));
    let failed = |cases: &[&Case]| cases.iter().filter(|case| !case.failures.is_empty()).count();
    let all: Vec<&Case> = cases.iter().collect();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"wigwag-loadtest\" tests=\"{}\" failures=\"{}\">\n",
        all.len(),
        failed(&all)
    );
    for (suite, cases) in suites {
        text.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
            xml(suite),
            cases.len(),
            failed(&cases)
        ));
        for case in cases {
            text.push_str(&format!(
                "    <testcase classname=\"{}\" name=\"{}\">\n",
                xml(suite),
                xml(&case.name)
            ));
            if !case.failures.is_empty() {
                let message = xml(&case.failures.join("; "));
                text.push_str(&format!("      <failure message=\"{message}\">{message}</failure>\n"));
            }
            text.push_str(&format!(
                "      <system-out>{}</system-out>\n    </testcase>\n",
                xml(&case.details.join("; "))
            ));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(failures: &[&str]) -> Case {
        let failures = failures.iter().map(|&failure| failure.to_owned()).collect();
        Case {
            suite: "a & b".to_owned(),
            name: "WS publish->delivery".to_owned(),
            details: Vec::new(),
            failures,
        }
    }

    #[test]
    fn what_a_server_says_cannot_break_the_file() {
        let text = render(&[case(&["\"><script>\u{0}]]>"])]);

        assert!(text.contains("message=\"&quot;&gt;&lt;script&gt;?]]&gt;\""), "{text}");
        assert!(text.contains("name=\"WS publish-&gt;delivery\""), "{text}");
        assert!(text.contains("<testsuite name=\"a &amp; b\" tests=\"1\" failures=\"1\">"), "{text}");
    }

    #[test]
    fn every_element_that_is_opened_is_closed() {
        let text = render(&[case(&[]), case(&["x"])]);

        for element in ["testsuites", "testsuite", "testcase", "failure", "system-out"] {
            let opened =
                text.matches(&format!("<{element} ")).count() + text.matches(&format!("<{element}>")).count();
            assert_eq!(opened, text.matches(&format!("</{element}>")).count(), "{element}");
        }
        assert!(text.contains("tests=\"2\" failures=\"1\""));
    }
}
