//! `'{}'.format(value)`

use super::{Layout, digits_of, exponential, float_digits, general, padded, sign_of};
use crate::call::Values;
use crate::error::{Error, Result, failed, refused};
use crate::methods;
use crate::print::{float_repr, repr, str_repr, to_str};
use crate::render::Renderer;
use crate::value::{Number, Value};

/// `pattern.format(...)`
///
/// # Errors
/// If the values do not fit the pattern.
pub(crate) fn braces(renderer: &Renderer, pattern: &str, arguments: Values) -> Result<String> {
    let mut counter = Counter::default();
    braces_inner(renderer, pattern, &arguments, &mut counter, 2)
}

/// Fields are numbered by themselves or by hand, not both.
#[derive(Default)]
struct Counter {
    next: usize,
    by_hand: bool,
}

fn braces_inner(
    renderer: &Renderer,
    pattern: &str,
    arguments: &Values,
    counter: &mut Counter,
    depth: i32,
) -> Result<String> {
    if depth < 0 {
        return failed("Max string recursion exceeded");
    }
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        if brace == "}" {
            return failed("Single '}' encountered in format string");
        }
        let mut open = 1;
        let end = rest.char_indices().find(|(_, c)| {
            open += i32::from(*c == '{') - i32::from(*c == '}');
            open == 0
        });
        let Some((end, _)) = end else { return failed("expected '}' before end of string") };
        let field = &rest[..end];
        rest = &rest[end + 1..];
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = match name.split_once('!') {
            Some((name, conversion)) => (name, Some(conversion)),
            None => (name, None),
        };
        let value = field_value(name, arguments, counter)?;
        let value = match conversion {
            None => value,
            Some("s") => Value::from(to_str(&value)?),
            Some("r" | "a") => Value::from(repr(&value)?),
            Some(other) => return failed(format!("Unknown conversion specifier {other}")),
        };
        let spec = braces_inner(renderer, spec, arguments, counter, depth - 1)?;
        renderer.budget.pay(&value)?;
        let piece = format_value(renderer, &value, &spec)?;
        renderer.budget.spend(piece.len())?;
        out.push_str(&piece);
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of a field such as `0.name[key]`.
fn field_value(name: &str, arguments: &Values, counter: &mut Counter) -> Result<Value> {
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (first, mut rest) = name.split_at(end);
    let positional = |at: usize| match arguments.positional.get(at) {
        Some(value) => Ok(value.clone()),
        None => failed(format!("Replacement index {at} out of range for positional args tuple")),
    };
    let mixed = "cannot switch between automatic field numbering and manual field specification";
    let mut value = if first.is_empty() {
        if counter.by_hand {
            return failed(mixed);
        }
        counter.next += 1;
        positional(counter.next - 1)?
    } else if let Ok(at) = first.parse() {
        if counter.next > 0 {
            return failed(mixed);
        }
        counter.by_hand = true;
        positional(at)?
    } else {
        match arguments.keywords.iter().find(|(keyword, _)| **keyword == *first) {
            Some((_, value)) => value.clone(),
            None => return failed(str_repr(first)),
        }
    };
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            value = methods::attribute(&value, &after[..end])?;
            rest = &after[end..];
        } else if let Some((key, after)) =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            let index = key.parse().map_or_else(|_| Value::from(key), Value::Int);
            value = methods::subscript(&value, &index)?;
            rest = after;
        } else {
            return failed("Only '.' or '[' may follow ']' in format field specifier");
        }
    }
    match value {
        Value::Undefined(why) if end < name.len() => failed(&*why),
        value => Ok(value),
    }
}

/// Python's `format(value, spec)`.
fn format_value(renderer: &Renderer, value: &Value, spec: &str) -> Result<String> {
    if spec.is_empty() {
        return to_str(value);
    }
    let layout = Layout::read(spec)?;
    renderer.budget.spend(layout.width.saturating_add(layout.precision.unwrap_or(0)))?;
    let unknown = |kind: char| {
        failed(format!("Unknown format code '{kind}' for object of type '{}'", value.type_name()))
    };
    let number = match value {
        Value::Str(text) => {
            if let Some(kind) = layout.kind.filter(|kind| *kind != 's') {
                return unknown(kind);
            }
            if layout.align == Some('=') {
                return failed("'=' alignment not allowed in string format specifier");
            }
            let shown: String = text.chars().take(layout.precision.unwrap_or(usize::MAX)).collect();
            return Ok(padded("", &shown, layout.fill, layout.align.unwrap_or('<'), layout.width));
        }
        other => match other.as_number() {
            Some(number) => number,
            None => {
                let kind = other.type_name();
                return failed(format!("unsupported format string passed to {kind}.__format__"));
            }
        },
    };
    let align = layout.align.unwrap_or('>');
    match (number, layout.kind) {
        (Number::Int(code), Some('c')) => {
            let Some(c) = u32::try_from(code).ok().and_then(char::from_u32) else {
                return failed("%c arg not in range(0x110000)");
            };
            Ok(padded("", &c.to_string(), layout.fill, layout.align.unwrap_or('<'), layout.width))
        }
        (Number::Int(number), None | Some('d' | 'n' | 'x' | 'X' | 'o' | 'b')) => {
            if layout.precision.is_some() {
                return failed("Precision not allowed in integer format specifier");
            }
            let kind = layout.kind.unwrap_or('d');
            let prefix = match kind {
                'x' if layout.alternate => "0x",
                'X' if layout.alternate => "0X",
                'o' if layout.alternate => "0o",
                'b' if layout.alternate => "0b",
                _ => "",
            };
            let size = if "xXob".contains(kind) { 4 } else { 3 };
            let digits = digits_of(number, kind);
            let before = format!("{}{prefix}", sign_of(number < 0, layout.sign));
            Ok(layout.padded_digits(&before, &digits, size, align))
        }
        (number, kind) => {
            let number = number.as_float();
            let sign = sign_of(number.is_sign_negative() && !number.is_nan(), layout.sign);
            let size = number.abs();
            let digits = match kind {
                None => match layout.precision {
                    None => float_repr(size),
                    Some(precision) => plain_general(size, precision.max(1)),
                },
                Some('%') => {
                    float_digits(size * 100.0, 'f', layout.precision.unwrap_or(6), layout.alternate)
                        + "%"
                }
                Some('n') => {
                    float_digits(size, 'g', layout.precision.unwrap_or(6), layout.alternate)
                }
                Some(kind @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G')) => {
                    float_digits(size, kind, layout.precision.unwrap_or(6), layout.alternate)
                }
                Some(kind) => return unknown(kind),
            };
            Ok(layout.padded_digits(sign, &digits, 3, align))
        }
    }
}

/// As `g`, but never without a digit behind the point.
fn plain_general(number: f64, precision: usize) -> String {
    let text = general(number, precision, false);
    let exponent: i32 = format!("{number:.0$e}", precision - 1)
        .split_once('e')
        .and_then(|(_, text)| text.parse().ok())
        .unwrap_or(0);
    if text.contains(['.', 'e', 'n']) {
        return text;
    }
    // With no room for that digit it has an exponent.
    if i64::from(exponent) >= precision as i64 - 1 && precision > 1 || precision == 1 {
        return exponential(number, precision - 1, false).replacen(".0e", "e", 1);
    }
    text + ".0"
}

impl Layout {
    /// Reads `[[fill]align][sign][#][0][width][grouping][.precision][kind]`.
    fn read(spec: &str) -> Result<Layout> {
        let invalid = || Error::Failed(format!("Invalid format specifier '{spec}'"));
        let chars: Vec<char> = spec.chars().collect();
        let is_align = |at: usize| chars.get(at).is_some_and(|c| "<>^=".contains(*c));
        let (mut fill, mut align, mut at) = (None, None, 0);
        if is_align(1) {
            (fill, align, at) = (Some(chars[0]), Some(chars[1]), 2);
        } else if is_align(0) {
            (align, at) = (Some(chars[0]), 1);
        }
        let take = |at: &mut usize, wanted: &str| {
            let found = chars.get(*at).copied().filter(|c| wanted.contains(*c));
            *at += usize::from(found.is_some());
            found
        };
        let sign = take(&mut at, "+- ").unwrap_or('-');
        if take(&mut at, "z").is_some() {
            return refused("the option z of formats is not supported");
        }
        let alternate = take(&mut at, "#").is_some();
        if take(&mut at, "0").is_some() {
            fill = fill.or(Some('0'));
            align = align.or(Some('='));
        }
        let number = |at: &mut usize| {
            let mut digits = String::new();
            while let Some(digit) = take(at, "0123456789") {
                digits.push(digit);
            }
            if digits.is_empty() {
                return Ok(None);
            }
            let too_many = |_| Error::Failed("Too many decimal digits in format string".into());
            digits.parse::<usize>().map(Some).map_err(too_many)
        };
        let width = number(&mut at)?.unwrap_or(0);
        let grouping = take(&mut at, ",_");
        let precision = match take(&mut at, ".") {
            None => None,
            Some(_) => {
                let missing = || Error::Failed("Format specifier missing precision".into());
                Some(number(&mut at)?.ok_or_else(missing)?)
            }
        };
        let kind = chars.get(at).copied();
        if chars.len() > at + 1 {
            return Err(invalid());
        }
        let fill = fill.unwrap_or(' ');
        Ok(Layout { fill, align, sign, alternate, width, grouping, precision, kind })
    }

    /// Digits in groups, filled up to the width. Zeros before them are grouped, too.
    fn padded_digits(&self, before: &str, digits: &str, size: usize, align: char) -> String {
        let Some(separator) = self.grouping else {
            return padded(before, digits, self.fill, align, self.width);
        };
        let whole = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        let (whole, rest) = digits.split_at(whole);
        let room = self.width.saturating_sub(before.len() + rest.len());
        let mut zeros = String::new();
        let zero_filled = align == '=' && self.fill == '0';
        while zero_filled && grouped(&format!("{zeros}{whole}"), separator, size).len() < room {
            zeros.push('0');
        }
        let grouped = grouped(&format!("{zeros}{whole}"), separator, size) + rest;
        padded(before, &grouped, self.fill, align, self.width)
    }
}

fn grouped(digits: &str, separator: char, size: usize) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}
