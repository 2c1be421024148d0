//! Where in a text something is wrong.

/// A place in a constraint's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text that offends, at most [`LONGEST`] characters of its first line; empty at the end of
    /// the text.
    pub offending: String,
}

/// Most characters of an offending text.
const LONGEST: usize = 40;

impl Place {
    /// The place of some bytes of a text. Offsets beyond the text, or within a character, are taken
    /// for the nearest character before.
    pub fn of(text: &str, start: usize, end: usize) -> Self {
        let start = boundary_before(text, start);
        let end = boundary_before(text, end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let first_line = text[start..end].lines().next().unwrap_or_default();
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offending: first_line.chars().take(LONGEST).collect(),
        }
    }

    /// The same place in a text that has `lead` before it.
    pub(crate) fn after(self, lead: &str) -> Self {
        let last_line = lead.rsplit('\n').next().unwrap_or_default();
        let indent = if self.line == 1 { last_line.chars().count() } else { 0 };
        let line = self.line + lead.matches('\n').count();
        Place { line, column: self.column + indent, offending: self.offending }
    }

    /// The place at a line and a column, both from 1; what offends there is the word or the sign that
    /// begins there. A line beyond the text is taken for its end: llguidance counts one more than there are
    /// where it expects a further one.
    pub fn at(text: &str, line: usize, column: usize) -> Self {
        let Some(rest) = text.split('\n').nth(line.saturating_sub(1)) else {
            return Place::of(text, text.len(), text.len());
        };
        let rest: String = rest.chars().skip(column.saturating_sub(1)).collect();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let n_word = rest.chars().take_while(|c| is_word(*c)).count();
        let offending = rest.chars().take(n_word.clamp(1, LONGEST)).collect();
        Place { line: line.max(1), column: column.max(1), offending }
    }
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRange {
    /// Line of its first character, from 1.
    pub line: usize,
    /// Column of that in characters, from 1.
    pub column: usize,
    /// Line of the first character behind it.
    pub end_line: usize,
    /// Column of that.
    pub end_column: usize,
}

impl TextRange {
    /// The part between two offsets in bytes.
    pub(crate) fn of(text: &str, start: usize, end: usize) -> Self {
        let [start, end] = [start, end].map(|offset| Place::of(text, offset, offset));
        TextRange {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// The last boundary between characters that is not behind an offset.
fn boundary_before(text: &str, offset: usize) -> usize {
    let offsets = (0..=offset.min(text.len())).rev();
    offsets.into_iter().find(|offset| text.is_char_boundary(*offset)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_lines_from_one() {
        let text = "äb\ncd efg\n";
        for (start, end, line, column, offending) in [
            (0, 2, 1, 1, "ä"),
            (2, 3, 1, 2, "b"),
            (4, 6, 2, 1, "cd"),
            (7, 10, 2, 4, "efg"),
            // Over the end of a line, in the middle of a character, beyond the text.
            (2, 6, 1, 2, "b"),
            (1, 2, 1, 1, "ä"),
            (99, 100, 3, 1, ""),
        ] {
            let expected = Place { line, column, offending: offending.into() };
            assert_eq!(Place::of(text, start, end), expected, "{start}..{end}");
        }
        let place = |line, column| Place { line, column, offending: String::new() };
        for (lead, before, after) in [
            ("", place(1, 2), place(1, 2)),
            ("  ", place(1, 2), place(1, 4)),
            ("a\n ", place(1, 2), place(2, 3)),
            ("a\n ", place(2, 2), place(3, 2)),
        ] {
            assert_eq!(before.after(lead), after, "{lead:?}");
        }
        for (line, column, offending) in [(1, 1, "äb"), (2, 4, "efg"), (2, 3, " "), (3, 1, "")] {
            let expected = Place { line, column, offending: offending.into() };
            assert_eq!(Place::at(text, line, column), expected, "{line}:{column}");
        }
        // llguidance names a line beyond the text where it expects a further one.
        let end = place(3, 1);
        assert_eq!(Place::at(text, 7, 1), end);
    }
}
