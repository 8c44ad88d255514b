//! For a terminal, or a log.

use std::io::Write as _;

use super::escape::terminal;
use super::table::Table;

/// Prints tables and a last line.
pub(crate) fn print(tables: &[Table], last: &str) {
    let text: String = tables.iter().map(render).collect();
    // A closed pipe is no reason to fail.
    let _ = write!(std::io::stdout(), "{text}\n{last}\n");
}

fn render(table: &Table) -> String {
    let mut text = format!("\n{}\n", table.title);
    let head: Vec<String> = table.columns.iter().map(|column| (*column).to_owned()).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|cell| terminal(cell)).collect()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = std::iter::once(&head).chain(&rows).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    for row in std::iter::once(&head).chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            // Numbers stand to the right.
            if cell.starts_with(|first: char| first.is_ascii_digit()) {
                format!("  {cell:>width$}")
            } else {
                format!("  {cell:<width$}")
            }
        });
        text.push_str(cells.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}
