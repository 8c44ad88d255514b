//! For people, in pull requests and summaries.

use super::escape::markdown;
use super::table::Table;

/// A heading, a sentence, and tables.
pub(crate) fn render(heading: &str, sentence: &str, tables: &[Table]) -> String {
    let mut text = format!("## {}\n\n{}\n", markdown(heading), markdown(sentence));
    for table in tables {
        text.push_str(&format!("\n### {}\n\n", markdown(table.title)));
        text.push_str(&row(table.columns.iter().map(|column| markdown(column))));
        text.push_str(&row(table.columns.iter().map(|_| "---".to_owned())));
        for cells in &table.rows {
            text.push_str(&row(cells.iter().map(|cell| emphasis(cell))));
        }
    }
    text
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn emphasis(cell: &str) -> String {
    if cell == "FAIL" { "**FAIL**".to_owned() } else { markdown(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_add_columns_and_a_failure_stands_out() {
        let rows = vec![vec!["a|b".to_owned(), "FAIL".to_owned()]];

        let text = render("Load", "One.", &[Table { title: "T", columns: vec!["x", "y"], rows }]);

        assert_eq!(text, "## Load\n\nOne.\n\n### T\n\n| x | y |\n| --- | --- |\n| a\\|b | **FAIL** |\n");
    }
}
