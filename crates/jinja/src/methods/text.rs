//! The methods of Python's `str`.

use std::rc::Rc;

use crate::call::{Values, flag_or, int_or, required};
use crate::error::{Error, Result, failed, refused};
use crate::lexer::is_space;
use crate::print::is_printable;
use crate::print_format;
use crate::render::Renderer;
use crate::value::{SeqKind, Value};

pub(crate) fn call(
    renderer: &Renderer,
    subject: &Rc<str>,
    name: &str,
    arguments: Values,
) -> Result<Value> {
    for value in &arguments.positional {
        renderer.budget.pay(value)?;
    }
    let text: &str = subject;
    const KEYWORDS: [&str; 5] = ["format", "split", "rsplit", "splitlines", "expandtabs"];
    if !arguments.keywords.is_empty() && !KEYWORDS.contains(&name) {
        return failed(format!("str.{name}() takes no keyword arguments"));
    }
    match name {
        "format" => {
            return print_format::braces(renderer, text, arguments).map(Value::from);
        }
        "format_map" => {
            let [mapping] = arguments.bind("format_map()", ["mapping"])?;
            let mut inner = Values::default();
            let Value::Dict(dict) = required(mapping, "format_map()", "mapping")? else {
                return failed("format_map() takes a mapping");
            };
            for (key, value) in dict.iter() {
                if let Value::Str(key) = key {
                    inner.keywords.push((crate::ast::Name::from(&**key), value.clone()));
                }
            }
            return print_format::braces(renderer, text, inner).map(Value::from);
        }
        "encode" | "translate" => return refused(format!("the method “{name}” is not supported")),
        "split" | "rsplit" => {
            let [separator, most] = arguments.bind(name, ["sep", "maxsplit"])?;
            let most = int_or(most, -1)?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            renderer.budget.spend_items(text.len())?;
            let parts = split(text, separator, most, name == "rsplit")?;
            return Value::list(parts.into_iter().map(Value::from).collect());
        }
        "splitlines" => {
            let [keep] = arguments.bind(name, ["keepends"])?;
            renderer.budget.spend_items(text.len())?;
            let lines = split_lines(text, flag_or(keep, false));
            return Value::list(lines.into_iter().map(Value::from).collect());
        }
        "join" => {
            let [items] = arguments.bind(name, ["iterable"])?;
            let items = renderer.walk(&required(items, name, "iterable")?)?;
            let mut joined = String::new();
            for (at, item) in items.iter().enumerate() {
                let Value::Str(item) = item else {
                    let found = item.type_name();
                    return failed(format!(
                        "sequence item {at}: expected str instance, {found} found"
                    ));
                };
                let separator = if at > 0 { text } else { "" };
                renderer.budget.spend(separator.len() + item.len())?;
                joined.push_str(separator);
                joined.push_str(item);
            }
            return Ok(Value::from(joined));
        }
        "replace" => {
            let [old, new, count] = arguments.bind(name, ["old", "new", "count"])?;
            let old = string(required(old, name, "old")?)?;
            let new = string(required(new, name, "new")?)?;
            let count = usize::try_from(int_or(count, -1)?).unwrap_or(usize::MAX);
            return replace(renderer, text, &old, &new, count).map(Value::from);
        }
        "strip" | "lstrip" | "rstrip" => {
            let [chars] = arguments.bind(name, ["chars"])?;
            let chars = match chars {
                None | Some(Value::None) => None,
                Some(chars) => Some(string(chars)?),
            };
            let drops =
                |c: char| chars.as_ref().map_or_else(|| is_space(c), |chars| chars.contains(c));
            return Ok(Value::from(match name {
                "strip" => text.trim_matches(drops),
                "lstrip" => text.trim_start_matches(drops),
                _ => text.trim_end_matches(drops),
            }));
        }
        "startswith" | "endswith" => {
            let [affix, start, end] = arguments.bind(name, ["affix", "start", "end"])?;
            let (part, _) = part_of(text, start, end)?;
            let Some(part) = part else { return Ok(Value::Bool(false)) };
            let fits = |affix: &Value| {
                let affix = string(affix.clone())?;
                let starts = name == "startswith";
                Ok(if starts { part.starts_with(&*affix) } else { part.ends_with(&*affix) })
            };
            return match required(affix, name, "affix")? {
                Value::Seq(seq) if seq.kind() != SeqKind::List => {
                    let found = seq.items().iter().map(fits).collect::<Result<Vec<_>>>()?;
                    Ok(Value::Bool(found.contains(&true)))
                }
                affix => fits(&affix).map(Value::Bool),
            };
        }
        "find" | "rfind" | "index" | "rindex" | "count" => {
            let [wanted, start, end] = arguments.bind(name, ["sub", "start", "end"])?;
            let wanted = string(required(wanted, name, "sub")?)?;
            let (part, before) = part_of(text, start, end)?;
            let part_or_nothing = part.unwrap_or("");
            if name == "count" {
                let count = match wanted.is_empty() {
                    _ if part.is_none() => 0,
                    true => part_or_nothing.chars().count() + 1,
                    false => part_or_nothing.matches(&*wanted).count(),
                };
                return Ok(Value::from(count));
            }
            let found = part.and_then(|part| match name {
                "find" | "index" => part.find(&*wanted),
                _ => part.rfind(&*wanted),
            });
            return match found {
                Some(at) => Ok(Value::from(before + part_or_nothing[..at].chars().count())),
                None if name.ends_with("find") => Ok(Value::Int(-1)),
                None => failed("substring not found"),
            };
        }
        "partition" | "rpartition" => {
            let [separator] = arguments.bind(name, ["sep"])?;
            let separator = string(required(separator, name, "sep")?)?;
            if separator.is_empty() {
                return failed("empty separator");
            }
            let first = name == "partition";
            let parts =
                if first { text.split_once(&*separator) } else { text.rsplit_once(&*separator) };
            let parts = match parts {
                Some((before, after)) => [before, &separator, after],
                None if first => [text, "", ""],
                None => ["", "", text],
            };
            return Value::tuple(parts.map(Value::from).into());
        }
        "removeprefix" | "removesuffix" => {
            let [affix] = arguments.bind(name, ["affix"])?;
            let affix = string(required(affix, name, "affix")?)?;
            let stripped = match name {
                "removeprefix" => text.strip_prefix(&*affix),
                _ => text.strip_suffix(&*affix),
            };
            return Ok(Value::from(stripped.unwrap_or(text)));
        }
        "center" | "ljust" | "rjust" => {
            let [width, fill] = arguments.bind(name, ["width", "fillchar"])?;
            let width = width_of(renderer, required(width, name, "width")?)?;
            let fill = fill.map_or_else(|| Ok(" ".into()), string)?;
            let mut fills = fill.chars();
            let (Some(fill), None) = (fills.next(), fills.next()) else {
                return failed("The fill character must be exactly one character long");
            };
            return Ok(Value::from(justified(text, width, fill, name)));
        }
        "zfill" => {
            let [width] = arguments.bind(name, ["width"])?;
            let width = width_of(renderer, required(width, name, "width")?)?;
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['+', '-'])));
            let missing = width.saturating_sub(text.chars().count());
            return Ok(Value::from(format!("{sign}{}{digits}", "0".repeat(missing))));
        }
        "expandtabs" => {
            let [size] = arguments.bind(name, ["tabsize"])?;
            let size = usize::try_from(int_or(size, 8)?).unwrap_or(0);
            renderer.budget.spend(text.matches('\t').count().saturating_mul(size))?;
            return Ok(Value::from(expanded(text, size)));
        }
        _ => {}
    }
    let [] = arguments.bind(name, [])?;
    renderer.budget.spend(text.len())?;
    let all = |is: fn(char) -> bool| Value::Bool(!text.is_empty() && text.chars().all(is));
    Ok(match name {
        "lower" => Value::from(text.to_lowercase()),
        "casefold" => Value::from(folded(text)),
        "upper" => Value::from(text.to_uppercase()),
        "capitalize" => Value::from(capitalized(text)),
        "title" => Value::from(titled(text)),
        "swapcase" => Value::from(swapped(text)),
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isascii" => Value::Bool(text.is_ascii()),
        "isdecimal" => all(is_decimal),
        "isdigit" => all(|c| is_decimal(c) || is_special_digit(c)),
        "isnumeric" => all(char::is_numeric),
        "isspace" => all(is_space),
        "isprintable" => Value::Bool(text.chars().all(is_printable)),
        "isidentifier" => Value::Bool(is_identifier(text)),
        "islower" => {
            Value::Bool(text.chars().any(char::is_lowercase) && !text.chars().any(is_cased_up))
        }
        "isupper" => {
            Value::Bool(text.chars().any(is_cased_up) && !text.chars().any(char::is_lowercase))
        }
        "istitle" => Value::Bool(is_title(text)),
        _ => return refused(format!("the method “{name}” is not supported")),
    })
}

/// An argument that must be a text.
fn string(value: Value) -> Result<Rc<str>> {
    match value {
        Value::Str(text) => Ok(text),
        Value::Undefined(why) => failed(&*why),
        other => failed(format!("must be str, not {}", other.type_name())),
    }
}

/// A width that is paid for.
fn width_of(renderer: &Renderer, value: Value) -> Result<usize> {
    let width = usize::try_from(int_or(Some(value), 0)?).unwrap_or(0);
    renderer.budget.spend(width)?;
    Ok(width)
}

/// The characters from `start` to `end`, and how many stand before them; None if start is behind the end.
fn part_of(text: &str, start: Option<Value>, end: Option<Value>) -> Result<(Option<&str>, usize)> {
    let len = text.chars().count() as i128;
    let place = |bound: Option<Value>, absent: i128| match bound {
        None | Some(Value::None) => Ok(absent),
        bound => {
            let at = int_or(bound, absent)?;
            Ok(if at < 0 { (at + len).max(0) } else { at })
        }
    };
    let (start, end) = (place(start, 0)?, place(end, len)?.min(len));
    if start > end {
        return Ok((None, 0));
    }
    let byte = |at: i128| text.char_indices().nth(at as usize).map_or(text.len(), |(byte, _)| byte);
    Ok((Some(&text[byte(start)..byte(end)]), start as usize))
}

fn split(text: &str, separator: Option<Value>, most: usize, from_end: bool) -> Result<Vec<String>> {
    let separator = match separator {
        None | Some(Value::None) => None,
        Some(separator) => Some(string(separator)?),
    };
    let Some(separator) = separator else {
        return Ok(split_spaces(text, most, from_end));
    };
    if separator.is_empty() {
        return Err(Error::Failed("empty separator".into()));
    }
    let pieces = most.saturating_add(1);
    Ok(if from_end {
        let mut parts: Vec<_> = text.rsplitn(pieces, &*separator).map(str::to_owned).collect();
        parts.reverse();
        parts
    } else {
        text.splitn(pieces, &*separator).map(str::to_owned).collect()
    })
}

/// Words, whatever white space is between them.
fn split_spaces(text: &str, most: usize, from_end: bool) -> Vec<String> {
    let mut words = Vec::new();
    // What is left when no more may be cut off keeps its white space at the other end.
    let mut rest =
        if from_end { text.trim_end_matches(is_space) } else { text.trim_start_matches(is_space) };
    while !rest.is_empty() && words.len() < most {
        let cut = if from_end { rest.rfind(is_space) } else { rest.find(is_space) };
        let Some(at) = cut else { break };
        if from_end {
            let after = at + rest[at..].chars().next().map_or(0, char::len_utf8);
            words.push(rest[after..].to_owned());
            rest = rest[..at].trim_end_matches(is_space);
        } else {
            words.push(rest[..at].to_owned());
            rest = rest[at..].trim_start_matches(is_space);
        }
    }
    if !rest.is_empty() {
        words.push(rest.to_owned());
    }
    if from_end {
        words.reverse();
    }
    words
}

/// Lines, which end at what Python calls a line boundary.
pub(crate) fn split_lines(text: &str, keep_ends: bool) -> Vec<String> {
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ends) {
        let width = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        lines.push(rest[..if keep_ends { at + width } else { at }].to_owned());
        rest = &rest[at + width..];
    }
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// Python's `str.replace`, paid for.
pub(crate) fn replace(
    renderer: &Renderer,
    text: &str,
    old: &str,
    new: &str,
    most: usize,
) -> Result<String> {
    let places = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    renderer.budget.spend(text.len() + places.min(most).saturating_mul(new.len()))?;
    Ok(text.replacen(old, new, most))
}

/// Blanks around a text up to a width.
pub(crate) fn justified(text: &str, width: usize, fill: char, how: &str) -> String {
    let len = text.chars().count();
    let missing = width.saturating_sub(len);
    let left = match how {
        "ljust" => 0,
        "rjust" => missing,
        // As CPython rounds.
        _ => missing / 2 + (missing & width & 1),
    };
    let blanks = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", blanks(left), blanks(missing - left))
}

fn expanded(text: &str, size: usize) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for c in text.chars() {
        match c {
            '\t' if size > 0 => {
                let blanks = size - column % size;
                out.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            '\t' => {}
            c => {
                out.push(c);
                column = if matches!(c, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    out
}

/// The first letter large, all others small.
pub(crate) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| title_case(first) + &chars.as_str().to_lowercase())
}

/// A letter as at the beginning of a title: of letters that are two, only the first is large.
fn title_case(c: char) -> String {
    match c {
        'ǆ' | 'Ǆ' | 'ǅ' => "ǅ".into(),
        'ǉ' | 'Ǉ' | 'ǈ' => "ǈ".into(),
        'ǌ' | 'Ǌ' | 'ǋ' => "ǋ".into(),
        'ǳ' | 'Ǳ' | 'ǲ' => "ǲ".into(),
        'ß' => "Ss".into(),
        'ﬁ' => "Fi".into(),
        'ﬂ' => "Fl".into(),
        c => c.to_uppercase().collect(),
    }
}

/// Python's `str.title`: large after whatever is no letter.
fn titled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_letter = false;
    for c in text.chars() {
        let is_cased = c.is_lowercase() || is_cased_up(c);
        if after_letter {
            out.extend(c.to_lowercase());
        } else {
            out.push_str(&title_case(c));
        }
        after_letter = is_cased;
    }
    out
}

fn swapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_lowercase() {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

fn is_cased_up(c: char) -> bool {
    c.is_uppercase() || matches!(c, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ')
}

fn is_title(text: &str) -> bool {
    let (mut after_letter, mut found) = (false, false);
    for c in text.chars() {
        if (is_cased_up(c) && after_letter) || (c.is_lowercase() && !after_letter) {
            return false;
        }
        after_letter = is_cased_up(c) || c.is_lowercase();
        found |= after_letter;
    }
    found
}

/// Digits, also those of other scripts.
fn is_decimal(c: char) -> bool {
    const ZEROS: [u32; 12] =
        [0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xe50, 0xff10];
    ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&u32::from(c)))
}

/// Digits that stand above or below the line, or in circles or brackets.
fn is_special_digit(c: char) -> bool {
    matches!(u32::from(c), 0xb2 | 0xb3 | 0xb9 | 0x2070 | 0x2074..=0x2079 | 0x2080..=0x2089
        | 0x2460..=0x2468 | 0x2474..=0x247c | 0x2488..=0x2490)
}

/// Texts that differ only in case become equal.
fn folded(text: &str) -> String {
    let fold = |c: char| match c {
        // Its large form is that of another letter.
        'ı' => vec![c],
        c => c.to_uppercase().flat_map(char::to_lowercase).collect(),
    };
    text.chars().flat_map(fold).collect()
}

fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}
