//! Tables of results, for the terminal and for Markdown.

use serde_json::{Value, json};

/// Columns of text under a title.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Which table of docs/performance.md this is.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(name: &str, title: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Table { name: name.to_owned(), title: title.to_owned(), columns, rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// As [`Table::from_json`] reads it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name, "title": self.title, "columns": self.columns, "rows": self.rows,
        })
    }

    /// Reads a table from a file of results; none if it has another form.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts = |value: &Value| value.as_array()?.iter().map(text).collect();
        let rows: Option<_> = value["rows"].as_array()?.iter().map(texts).collect();
        Some(Table {
            name: text(&value["name"])?,
            title: text(&value["title"])?,
            columns: texts(&value["columns"])?,
            rows: rows?,
        })
    }

    /// Numbers stand to the right, text to the left.
    fn is_text(&self, column: usize) -> bool {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.into_iter().any(|cell| cell.starts_with(char::is_alphabetic))
    }

    /// Aligned with spaces.
    pub(crate) fn plain(&self) -> String {
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        let width = |column: usize| {
            let cells = lines().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = format!("\n{}\n", self.title);
        for line in lines() {
            for (index, (cell, width)) in line.iter().zip(&widths).enumerate() {
                text += &match self.is_text(index) {
                    true => format!("  {cell:<width$}"),
                    false => format!("  {cell:>width$}"),
                };
            }
            text.push('\n');
        }
        text
    }

    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule: String = (0..self.columns.len())
            .map(|index| if self.is_text(index) { "|---" } else { "|---:" })
            .collect();
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        format!("{}{rule}|\n{rows}", line(&self.columns))
    }
}

/// A number with about three digits, whatever its size.
pub(crate) fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 99.95 => format!("{number:.0}"),
        size if size >= 9.995 => format!("{number:.1}"),
        size if size >= 0.9995 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        let mut table = Table::new("load", "Loading", &["model", "s"]);
        table.push(vec!["tiny".into(), "0.5".into()]);
        table.push(vec!["a larger one".into(), "12.0".into()]);
        table
    }

    #[test]
    fn tables_are_aligned() {
        let expected =
            "\nLoading\n  model            s\n  tiny           0.5\n  a larger one  12.0\n";
        assert_eq!(example().plain(), expected);
        let expected = "| model | s |\n|---|---:|\n| tiny | 0.5 |\n| a larger one | 12.0 |\n";
        assert_eq!(example().markdown(), expected);
    }

    #[test]
    fn tables_survive_json() {
        let read = Table::from_json(&example().to_json()).unwrap();
        assert_eq!(read.plain(), example().plain());
        assert!(Table::from_json(&json!({"name": "x", "rows": [1]})).is_none());
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (number, expected) in
            [(1234.5, "1234"), (99.96, "100"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.012")]
        {
            assert_eq!(short(number), expected);
        }
    }
}
