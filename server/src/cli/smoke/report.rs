//! How the steps went, for people and for machines.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::place::Place;

/// One step and how it went.
#[derive(Debug)]
pub struct Step {
    /// What was tried.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
    /// What went wrong, with the fix.
    pub problem: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.problem.is_none() { "ok" } else { "FAIL" };
        write!(f, "{word:<5} {:<10} {:>6} ms", self.name, self.took.as_millis())?;
        self.problem.as_ref().map_or(Ok(()), |problem| write!(f, "  {problem}"))
    }
}

/// All steps in one line.
pub(super) fn summary(steps: &[Step]) -> String {
    let failed = steps.iter().filter(|step| step.problem.is_some()).count();
    let passed = steps.len() - failed;
    format!("smoke: {passed} passed, {failed} failed, {} ms", total(steps).as_millis())
}

/// A report as build servers read it.
pub(super) fn junit(place: &Place, steps: &[Step]) -> String {
    let failed = steps.iter().filter(|step| step.problem.is_some()).count();
    let (count, seconds) = (steps.len(), total(steps).as_secs_f64());
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"wigwag smoke {}\" tests=\"{count}\" \
         failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">\n",
        escaped(&place.to_string())
    );
    for step in steps {
        let (name, seconds) = (step.name, step.took.as_secs_f64());
        let head = format!("  <testcase classname=\"smoke\" name=\"{name}\" time=\"{seconds:.3}\"");
        let _ = match &step.problem {
            None => writeln!(xml, "{head}/>"),
            Some(problem) => {
                writeln!(xml, "{head}><failure message=\"{}\"/></testcase>", escaped(problem))
            }
        };
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn total(steps: &[Step]) -> Duration {
    steps.iter().map(|step| step.took).sum()
}

/// Text inside an attribute; characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).fold(String::new(), |mut xml, one| {
        match one {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            other => xml.push(other),
        }
        xml
    })
}
