//! Goose's page with graphs, and what it does not know: our verdicts.

use std::path::Path;

use super::escape::xml;
use super::table::Table;

/// Puts our tables at the top of the page that goose wrote.
pub(crate) fn complete(file: &Path, heading: &str, tables: &[Table]) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", file.display());
    let page = std::fs::read_to_string(file).map_err(fail)?;
    std::fs::write(file, insert(&page, &render(heading, tables))).map_err(fail)
}

fn insert(page: &str, section: &str) -> String {
    match page.split_once("<body>") {
        Some((head, body)) => format!("{head}<body>\n{section}{body}"),
        None => format!("{page}\n{section}"),
    }
}

fn render(heading: &str, tables: &[Table]) -> String {
    let mut text =
        format!("<section style=\"padding:1em 2em;font-family:sans-serif\"><h1>{}</h1>\n", xml(heading));
    for table in tables {
        text.push_str(&format!(
            "<h2>{}</h2>\n<table border=\"1\" cellpadding=\"4\">\n<tr>",
            xml(table.title)
        ));
        table.columns.iter().for_each(|column| text.push_str(&format!("<th>{}</th>", xml(column))));
        text.push_str("</tr>\n");
        for row in &table.rows {
            let color = if row.iter().any(|cell| cell == "FAIL") { " style=\"background:#fdd\"" } else { "" };
            text.push_str(&format!("<tr{color}>"));
            row.iter().for_each(|cell| text.push_str(&format!("<td>{}</td>", xml(cell))));
            text.push_str("</tr>\n");
        }
        text.push_str("</table>\n");
    }
    text.push_str("</section>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_tables_stand_first_and_cannot_be_broken_out_of() {
        let rows = vec![vec!["<script>".to_owned(), "FAIL".to_owned()]];
        let tables = [Table { title: "Errors", columns: vec!["error", "verdict"], rows }];

        let page = insert("<html><body><p>goose</p></body></html>", &render("BREACH", &tables));

        assert!(page.starts_with("<html><body>\n<section"), "{page}");
        assert!(page.contains("<td>&lt;script&gt;</td>"), "{page}");
        assert!(page.ends_with("<p>goose</p></body></html>"), "{page}");
    }
}
