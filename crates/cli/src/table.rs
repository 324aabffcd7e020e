//! Tables of plain text: a line for each row, so that `grep` finds whole rows.

use crate::terminal::printable;

/// Rows below their headings, set in by two spaces; each column but the last as wide as its
/// widest cell.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = std::iter::once(headings.map(str::to_uppercase))
        .chain(rows.iter().map(|row| row.each_ref().map(|cell| printable(cell).replace('\n', " "))))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::from(" ");
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(&format!(" {cell:<width$} "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `1 host`, `2 hosts`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}

/// The values joined by `, `, or a dash where there is none.
pub(crate) fn listed<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    if words.is_empty() { "–".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_nothing_commands_the_terminal() {
        let rows = [["a".to_owned(), "\u{1b}[2J".to_owned()], ["longer".to_owned(), "two\nlines".to_owned()]];
        assert_eq!(
            table(["one", "two"], &rows),
            "  ONE     TWO\n  a       \u{fffd}[2J\n  longer  two lines\n"
        );
    }

    #[test]
    fn things_are_counted_in_words() {
        assert_eq!(
            [counted(1, "party"), counted(0, "party"), counted(2, "host")],
            ["1 party", "0 parties", "2 hosts"]
        );
        assert_eq!((listed(["a", "b"]), listed::<&str>([])), ("a, b".to_owned(), "–".to_owned()));
    }
}
