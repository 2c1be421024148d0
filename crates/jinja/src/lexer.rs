//! A template's text as tokens, with white space handled as transformers sets Jinja up: the line break
//! after a block is dropped (`trim_blocks`), and so are the spaces before a block that begins a line
//! (`lstrip_blocks`).
//!
//! After `jinja2.lexer`, Jinja 3.1: <https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control>.

use crate::error::{Result, failed, refused};

/// Words and signs between one `{{` or `{%` and its end: a chain of operators becomes a tree as deep as
/// it is long.
///
/// Limit of chat templates: words and signs of one tag; refused.
const MAX_TOKENS_IN_TAG: usize = 1000;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// Text to be printed as it is.
    Data(String),
    /// `{{`
    PrintStart,
    /// `}}`
    PrintEnd,
    /// `{%`
    BlockStart,
    /// `%}`
    BlockEnd,
    Name(String),
    Str(String),
    Int(i128),
    Float(f64),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longest first, as the longest one that fits is meant.
const SIGNS: [&str; 27] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";", "!",
];

/// Takes a template apart.
///
/// # Errors
/// If a tag, a text or a bracket is not closed, or a sign has no meaning.
pub(crate) fn tokenize(source: &str) -> Result<Vec<Token>> {
    // Line breaks of any kind count as one, also in strings; the last one is dropped.
    let unified = source.replace("\r\n", "\n").replace('\r', "\n");
    let text = unified.strip_suffix('\n').unwrap_or(&unified);
    let mut lexer = Lexer { rest: text, tokens: Vec::new(), at_line_start: true };
    while !lexer.rest.is_empty() {
        lexer.data_and_tag()?;
    }
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    rest: &'t str,
    tokens: Vec<Token>,
    /// Whether what comes begins a line, as far as the tags before it have eaten line breaks.
    at_line_start: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Print,
    Block,
    Comment,
}

impl Tag {
    const ALL: [(&'static str, Tag); 3] =
        [("{{", Tag::Print), ("{%", Tag::Block), ("{#", Tag::Comment)];

    fn end(self) -> &'static str {
        match self {
            Tag::Print => "}}",
            Tag::Block => "%}",
            Tag::Comment => "#}",
        }
    }
}

impl<'t> Lexer<'t> {
    /// The text up to the next tag, and that tag.
    fn data_and_tag(&mut self) -> Result<()> {
        // One pass over what is left: a template may have a hundred thousand tags.
        let next = self.rest.match_indices('{').find_map(|(at, _)| {
            let opening = self.rest.get(at..at + 2)?;
            let (_, tag) = Tag::ALL.into_iter().find(|(known, _)| *known == opening)?;
            Some((at, tag))
        });
        let Some((at, tag)) = next else {
            let rest = self.rest;
            self.push_data(rest);
            self.rest = "";
            return Ok(());
        };
        let (data, after) = (&self.rest[..at], &self.rest[at + 2..]);
        let sign = after.chars().next().filter(|sign| matches!(sign, '-' | '+'));
        // `{{+` prints a number with its sign.
        let sign = sign.filter(|sign| *sign == '-' || tag != Tag::Print);
        let data = match sign {
            Some('-') => trim_end(data),
            None if tag != Tag::Print => self.without_indentation(data),
            _ => data,
        };
        self.push_data(data);
        self.at_line_start = false;
        self.rest = &after[sign.map_or(0, char::len_utf8)..];
        match tag {
            Tag::Comment => self.comment(),
            Tag::Block if self.raw_tag().is_some() => self.raw(),
            Tag::Block => self.tag(tag, Token::BlockStart, Token::BlockEnd),
            Tag::Print => self.tag(tag, Token::PrintStart, Token::PrintEnd),
        }
    }

    fn push_data(&mut self, data: &str) {
        if !data.is_empty() {
            self.tokens.push(Token::Data(data.to_owned()));
        }
    }

    /// Without the spaces between the last line break and a block.
    fn without_indentation<'d>(&self, data: &'d str) -> &'d str {
        let line = data.rfind('\n').map_or(0, |at| at + 1);
        let begins_line = line > 0 || self.at_line_start;
        if begins_line && trim_end(&data[line..]).is_empty() { &data[..line] } else { data }
    }

    fn comment(&mut self) -> Result<()> {
        let Some(end) = self.rest.find("#}") else { return failed("a comment is not closed") };
        let sign = self.rest[..end].chars().next_back().filter(|sign| matches!(sign, '-' | '+'));
        self.rest = &self.rest[end + 2..];
        self.after_tag(Tag::Comment, sign);
        Ok(())
    }

    /// What happens to the white space behind a tag that ended with this sign.
    fn after_tag(&mut self, tag: Tag, sign: Option<char>) {
        match sign {
            Some('-') => {
                let trimmed = trim_start(self.rest);
                let eaten = &self.rest[..self.rest.len() - trimmed.len()];
                self.at_line_start = eaten.ends_with('\n');
                self.rest = trimmed;
            }
            Some(_) => {}
            None if tag != Tag::Print => {
                if let Some(rest) = self.rest.strip_prefix('\n') {
                    self.rest = rest;
                    self.at_line_start = true;
                }
            }
            None => {}
        }
    }

    /// What stands behind `{% raw %}`, if that is the tag, and whether it ended with a minus.
    fn raw_tag(&self) -> Option<(&'t str, bool)> {
        let after = trim_start(trim_start(self.rest).strip_prefix("raw")?);
        match after.strip_prefix("-%}") {
            Some(after) => Some((after, true)),
            None => Some((after.strip_prefix("%}")?, false)),
        }
    }

    fn raw(&mut self) -> Result<()> {
        let Some((mut text, trims)) = self.raw_tag() else { return Ok(()) };
        if trims {
            text = trim_start(text);
        }
        for (at, _) in text.match_indices("{%") {
            let inner = &text[at + 2..];
            let opening = inner.chars().next().filter(|sign| matches!(sign, '-' | '+'));
            let inner = trim_start(&inner[opening.map_or(0, char::len_utf8)..]);
            let Some(inner) = inner.strip_prefix("endraw").map(trim_start) else { continue };
            let closing = inner.chars().next().filter(|sign| matches!(sign, '-' | '+'));
            let Some(rest) = inner[closing.map_or(0, char::len_utf8)..].strip_prefix("%}") else {
                continue;
            };
            let data = match opening {
                Some('-') => trim_end(&text[..at]),
                None => self.without_indentation(&text[..at]),
                Some(_) => &text[..at],
            };
            self.push_data(data);
            self.rest = rest;
            self.after_tag(Tag::Block, closing);
            return Ok(());
        }
        failed("a raw block is not closed")
    }

    fn tag(&mut self, tag: Tag, start: Token, end: Token) -> Result<()> {
        self.tokens.push(start);
        let first = self.tokens.len();
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            self.rest = trim_start(self.rest);
            // Within brackets, `}}` closes two of them.
            if open.is_empty() {
                let sign = self
                    .rest
                    .chars()
                    .next()
                    .filter(|sign| *sign == '-' || (*sign == '+' && tag == Tag::Block));
                let ending = &self.rest[sign.map_or(0, char::len_utf8)..];
                if let Some(rest) = ending.strip_prefix(tag.end()) {
                    self.rest = rest;
                    self.tokens.push(end);
                    self.after_tag(tag, sign);
                    return Ok(());
                }
            }
            let token = self.word()?;
            if let Token::Sign(sign) = token {
                match sign {
                    "(" => open.push(")"),
                    "[" => open.push("]"),
                    "{" => open.push("}"),
                    ")" | "]" | "}" if open.pop() != Some(sign) => {
                        return failed(format!("a “{sign}” closes nothing"));
                    }
                    _ => {}
                }
            }
            self.tokens.push(token);
            if self.tokens.len() - first > MAX_TOKENS_IN_TAG {
                return refused("one of its tags is too long");
            }
        }
    }

    /// One token inside a tag.
    fn word(&mut self) -> Result<Token> {
        let Some(first) = self.rest.chars().next() else { return failed("a tag is not closed") };
        if matches!(first, '\'' | '"') {
            return self.string(first);
        }
        if first.is_ascii_digit() {
            return self.number();
        }
        if first == '_' || first.is_alphabetic() {
            let end = self.rest.find(|c: char| c != '_' && !c.is_alphanumeric());
            let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            self.rest = rest;
            return Ok(Token::Name(name.to_owned()));
        }
        for sign in SIGNS {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return Ok(Token::Sign(sign));
            }
        }
        failed(format!("“{first}” has no meaning inside a tag"))
    }

    /// A text in quotes, with Python's escapes.
    fn string(&mut self, quote: char) -> Result<Token> {
        let mut text = String::new();
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[1 + at + 1..];
                return Ok(Token::Str(text));
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let Some((_, escaped)) = chars.next() else { break };
            let simple = match escaped {
                '\n' => Some(""),
                '\\' => Some("\\"),
                '\'' => Some("'"),
                '"' => Some("\""),
                'a' => Some("\u{7}"),
                'b' => Some("\u{8}"),
                'f' => Some("\u{c}"),
                'n' => Some("\n"),
                'r' => Some("\r"),
                't' => Some("\t"),
                'v' => Some("\u{b}"),
                _ => None,
            };
            if let Some(simple) = simple {
                text.push_str(simple);
                continue;
            }
            let hex_digits = match escaped {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                '0'..='7' => {
                    let mut code = escaped.to_digit(8).unwrap_or(0);
                    for _ in 0..2 {
                        let mut ahead = chars.clone();
                        let Some(digit) = ahead.next().and_then(|(_, c)| c.to_digit(8)) else {
                            break;
                        };
                        code = code * 8 + digit;
                        chars = ahead;
                    }
                    text.extend(char::from_u32(code));
                    continue;
                }
                'N' => return refused("characters by their names (\\N) are not supported"),
                other => {
                    // Python keeps what is no escape.
                    text.extend(['\\', other]);
                    continue;
                }
            };
            let digits: String = chars.by_ref().take(hex_digits).map(|(_, c)| c).collect();
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == hex_digits);
            match code.and_then(char::from_u32) {
                Some(c) => text.push(c),
                None => return failed(format!("“\\{escaped}{digits}” is no character")),
            }
        }
        failed("a text in quotes is not closed")
    }

    fn number(&mut self) -> Result<Token> {
        let text = self.rest;
        let lower = text.get(..2).map(str::to_ascii_lowercase);
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if lower.as_deref() == Some(prefix) {
                let end = text[2..].find(|c: char| !c.is_digit(radix) && c != '_');
                let (digits, rest) = text[2..].split_at(end.unwrap_or(text.len() - 2));
                self.rest = rest;
                return integer(digits, radix);
            }
        }
        let digits_end = |from: usize| {
            let tail = &text[from..];
            from + tail.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(tail.len())
        };
        let followed_by_digit = |at: usize| text[at..].starts_with(|c: char| c.is_ascii_digit());
        let whole = digits_end(0);
        let mut end = whole;
        if text[end..].starts_with('.') && followed_by_digit(end + 1) {
            end = digits_end(end + 1);
        }
        if text[end..].starts_with(['e', 'E']) {
            let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
            if followed_by_digit(end + 1 + sign) {
                end = digits_end(end + 1 + sign);
            }
        }
        self.rest = &text[end..];
        if end == whole {
            return integer(&text[..end], 10);
        }
        match text[..end].replace('_', "").parse() {
            Ok(number) => Ok(Token::Float(number)),
            Err(_) => failed(format!("“{}” is no number", &text[..end])),
        }
    }
}

fn integer(digits: &str, radix: u32) -> Result<Token> {
    match i128::from_str_radix(&digits.replace('_', ""), radix) {
        Ok(number) => Ok(Token::Int(number)),
        Err(_) => refused("it has a number of more than 38 digits"),
    }
}

/// White space as Python's `\s` and `strip` have it.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}
