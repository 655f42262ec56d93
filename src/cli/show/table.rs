//! Tables for people: columns under a heading, no lines, one row a line, so that `grep` and `awk` can read them too.

use comfy_table::{Table, presets};

use super::clean;

/// The space between two columns.
const GAP: u16 = 2;

/// A table with a line break at its end. The heading and every row have as many cells.
pub(in crate::cli) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heading);
    for row in rows {
        table.add_row(row.iter().map(|cell| cell_text(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    format!("{}\n", table.trim_fmt())
}

/// An empty cell would make `awk` count wrong.
fn cell_text(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { clean(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings() {
        let rows = [["a".to_owned(), "bb\nb".to_owned()], ["ccc".to_owned(), String::new()]];
        assert_eq!(table(["x", "y"], &rows), "x    y\na    bb b\nccc  -\n");
        assert_eq!(table(["x", "y"], &[]), "x  y\n");
    }
}
