//! Ways to write a pattern that Python's `re` has and regex-syntax reads otherwise or not at all, rewritten.

/// A pattern as regex-syntax reads it, and from where in the written one each part of it comes.
pub(super) struct Spelling {
    pub(super) text: String,
    /// Behind every change: an offset in `text`, and that of the same place as it was written.
    places: Vec<(usize, usize)>,
}

impl Spelling {
    /// Rewrites the end `\Z`, comments `(?#…)`, counts `{,n}`, and white space and `#` in a class of the verbose
    /// mode, where Python means the characters themselves.
    pub(super) fn of(written: &str) -> Self {
        let mut reader = Reader {
            written,
            at: 0,
            is_verbose: false,
            outer: Vec::new(),
            spelling: Spelling { text: String::with_capacity(written.len()), places: Vec::new() },
        };
        while let Some(c) = reader.next() {
            match c {
                '\\' => reader.escape(),
                '[' => reader.class(),
                '(' => reader.group(),
                '{' => reader.count(),
                ')' => reader.is_verbose = reader.outer.pop().unwrap_or(reader.is_verbose),
                '#' if reader.is_verbose => while reader.next().is_some_and(|c| c != '\n') {},
                _ => {}
            }
        }
        reader.spelling
    }

    /// The offset in the written pattern of an offset in `text`.
    pub(super) fn origin(&self, offset: usize) -> usize {
        let index = self.places.partition_point(|(here, _)| *here <= offset);
        let (here, there) = index.checked_sub(1).map_or((0, 0), |before| self.places[before]);
        let origin = there + (offset - here);
        // What lies within something rewritten is at its end at the latest.
        self.places.get(index).map_or(origin, |(_, next)| origin.min(*next))
    }
}

/// Reads a written pattern and copies what it does not change.
struct Reader<'a> {
    written: &'a str,
    at: usize,
    /// Whether the flag x is on.
    is_verbose: bool,
    /// The same outside of each group that is open.
    outer: Vec<bool>,
    spelling: Spelling,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.written[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.spelling.text.push(c);
        self.at += c.len_utf8();
        Some(c)
    }

    /// Writes something else for the last character, and for `skipped` bytes behind it.
    fn rewrite(&mut self, skipped: usize, text: &str) {
        self.spelling.text.pop();
        self.spelling.text.push_str(text);
        self.at += skipped;
        self.spelling.places.push((self.spelling.text.len(), self.at));
    }

    /// Behind a backslash.
    fn escape(&mut self) {
        if self.rest().starts_with('Z') {
            self.rewrite(1, "\\z");
        } else {
            self.next();
        }
    }

    /// Behind a `{`.
    fn count(&mut self) {
        let most = self.rest().strip_prefix(',').and_then(|rest| rest.split_once('}'));
        if most
            .is_some_and(|(most, _)| !most.is_empty() && most.bytes().all(|b| b.is_ascii_digit()))
        {
            self.rewrite(0, "{0");
        }
    }

    /// Behind the `[` of a class.
    fn class(&mut self) {
        let mut depth = 1;
        self.class_start();
        while depth > 0 {
            match self.next() {
                None => return,
                // Not of Python's, but classes within classes are possible here.
                Some('[') => {
                    depth += 1;
                    self.class_start();
                }
                Some(']') => depth -= 1,
                Some('\\') => {
                    self.next();
                }
                Some(c) if self.is_verbose && (c.is_whitespace() || c == '#') => {
                    self.rewrite(0, &format!("\\x{{{:x}}}", u32::from(c)));
                }
                Some(_) => {}
            }
        }
    }

    /// A `]` at the beginning of a class does not end it.
    fn class_start(&mut self) {
        if self.rest().starts_with('^') {
            self.next();
        }
        if self.rest().starts_with(']') {
            self.next();
        }
    }

    /// Behind a `(`.
    fn group(&mut self) {
        if let Some(comment) = self.rest().strip_prefix("?#") {
            // Without an end it is told as a group without one.
            if let Some(len) = comment.find(')') {
                self.rewrite("?#".len() + len + 1, "");
            }
            return;
        }
        self.outer.push(self.is_verbose);
        let Some(flags) = self.rest().strip_prefix('?') else { return };
        let len =
            flags.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'-').count();
        let (flags, end) = flags.split_at(len);
        let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
        let is_verbose = !off.contains('x') && (self.is_verbose || on.contains('x'));
        match end.chars().next() {
            Some(':') => self.is_verbose = is_verbose,
            // They count until the group around them ends.
            Some(')') => {
                self.is_verbose = is_verbose;
                if let Some(outer) = self.outer.last_mut() {
                    *outer = is_verbose;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_python_are_rewritten() {
        for (written, text) in [
            (r"\Aa\Z|[\Z]\\Z", r"\Aa\z|[\Z]\\Z"),
            ("a(?#b[c)d)", "ad)"),
            ("(?#a", "(?#a"),
            ("[ #] [ #]", "[ #] [ #]"),
            ("(?x)[ #] #[ ]\n[ ]", "(?x)[\\x{20}\\x{23}] #[ ]\n[\\x{20}]"),
            ("(?x)[] ][^] ][a[ ]b ]", "(?x)[]\\x{20}][^]\\x{20}][a[\\x{20}]b\\x{20}]"),
            (r"(?x)[\ ]\[ [ ]\# [ ]", r"(?x)[\ ]\[ [\x{20}]\# [\x{20}]"),
            ("(?ix:[ ](?-x:[ ])[ ])[ ]", "(?ix:[\\x{20}](?-x:[ ])[\\x{20}])[ ]"),
            ("((?x)[ ](?-x)[ ])[ ]", "((?x)[\\x{20}](?-x)[ ])[ ]"),
            ("(?P<x>[ ])(?=x)[ ]", "(?P<x>[ ])(?=x)[ ]"),
            ("(?x)[", "(?x)["),
            (r"a{,12}b{,}{,x}{,1\{,2}[{,2}]", r"a{0,12}b{,}{,x}{,1\{,2}[{,2}]"),
            ("\\", "\\"),
        ] {
            assert_eq!(Spelling::of(written).text, text, "{written}");
        }
    }

    #[test]
    fn places_are_those_of_what_was_written() {
        let written = "(?x)[ é](?#é)b\\Zc";
        let spelling = Spelling::of(written);
        assert_eq!(spelling.text, "(?x)[\\x{20}é]b\\zc");
        for part in ["(", "[", "é", "]", "b", "c"] {
            let (found, origin) = (spelling.text.find(part).unwrap(), written.find(part).unwrap());
            assert_eq!(spelling.origin(found), origin, "{part}");
        }
        assert_eq!(spelling.origin(spelling.text.len()), written.len());
    }
}
