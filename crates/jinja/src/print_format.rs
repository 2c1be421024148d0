//! Formatting: `'%s' % value` and `'{}'.format(value)`.

use crate::budget::Budget;
use crate::call::Values;
use crate::error::{Error, Result, failed, refused};
use crate::methods;
use crate::print::{float_repr, repr, str_repr, to_str};
use crate::render::Renderer;
use crate::value::{Number, SeqKind, Value};

/// How a number or a text is laid out.
struct Layout {
    fill: char,
    /// `<`, `>`, `^` or `=`
    align: Option<char>,
    /// `+`, `-` or a space
    sign: char,
    alternate: bool,
    width: usize,
    /// What stands between groups of digits.
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// `pattern % values`
///
/// # Errors
/// If the values do not fit the pattern.
pub(crate) fn percent(pattern: &str, values: &Value, budget: &Budget) -> Result<String> {
    let listed = match values {
        Value::Seq(seq) if seq.kind() != SeqKind::List => Some(seq.items()),
        _ => None,
    };
    let single = std::slice::from_ref(values);
    let mut left = listed.unwrap_or(single).iter();
    // What has items may have been looked up in, so nothing need be left over of it.
    let may_look_up = matches!(values, Value::Dict(_) | Value::Undefined(_) | Value::Range(..))
        || matches!(values, Value::Seq(seq) if seq.kind() == SeqKind::List);
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let incomplete = || Error::Failed("incomplete format".into());
        let missing = || Error::Failed("not enough arguments for format string".into());
        let mut named = None;
        if chars.next_if_eq(&'(').is_some() {
            let mut key = String::new();
            let mut depth = 1;
            for c in chars.by_ref() {
                depth += i32::from(c == '(') - i32::from(c == ')');
                if depth == 0 {
                    break;
                }
                key.push(c);
            }
            let Value::Dict(dict) = values else { return failed("format requires a mapping") };
            match dict.get(&Value::from(key.as_str()))? {
                Some(value) => named = Some(value),
                None => return failed(str_repr(&key)),
            }
        }
        let mut layout = Layout {
            fill: ' ',
            align: None,
            sign: '-',
            alternate: false,
            width: 0,
            grouping: None,
            precision: None,
            kind: None,
        };
        while let Some(flag) = chars.next_if(|c| "-+ #0".contains(*c)) {
            match flag {
                '-' => layout.align = Some('<'),
                '+' => layout.sign = '+',
                ' ' if layout.sign == '-' => layout.sign = ' ',
                '#' => layout.alternate = true,
                '0' => layout.fill = '0',
                _ => {}
            }
        }
        let mut number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            if chars.next_if_eq(&'*').is_some() {
                let value = left.next().ok_or_else(missing)?;
                return match value.as_int() {
                    Some(number) => Ok(Some(number)),
                    None => failed("* wants int"),
                };
            }
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            Ok(if digits.is_empty() { None } else { digits.parse::<i128>().ok() })
        };
        if let Some(width) = number(&mut chars)? {
            if width < 0 {
                layout.align = Some('<');
            }
            layout.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
        }
        if chars.next_if_eq(&'.').is_some() {
            let precision = number(&mut chars)?.unwrap_or(0).max(0);
            layout.precision = Some(usize::try_from(precision).unwrap_or(usize::MAX));
        }
        while chars.next_if(|c| "hlL".contains(*c)).is_some() {}
        let kind = chars.next().ok_or_else(incomplete)?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match named {
            Some(value) => value,
            None => left.next().ok_or_else(missing)?,
        };
        budget.pay(value)?;
        budget.spend(layout.width.saturating_add(layout.precision.unwrap_or(0)))?;
        let piece = percent_piece(kind, value, layout)?;
        budget.spend(piece.len())?;
        out.push_str(&piece);
    }
    if left.next().is_some() && !may_look_up {
        return failed("not all arguments converted during string formatting");
    }
    Ok(out)
}

/// One place of `%`.
fn percent_piece(kind: char, value: &Value, mut layout: Layout) -> Result<String> {
    let right_unless_left = if layout.align == Some('<') { '<' } else { '>' };
    match kind {
        's' | 'r' | 'a' => {
            let text = if kind == 's' { to_str(value)? } else { repr(value)? };
            let shown: String = text.chars().take(layout.precision.unwrap_or(usize::MAX)).collect();
            Ok(padded("", &shown, ' ', right_unless_left, layout.width))
        }
        'c' => {
            let text = match value {
                Value::Str(text) if text.chars().count() == 1 => text.to_string(),
                _ => {
                    match value.as_int().and_then(|code| char::from_u32(u32::try_from(code).ok()?))
                    {
                        Some(c) => c.to_string(),
                        None => return failed("%c requires int or char"),
                    }
                }
            };
            Ok(padded("", &text, ' ', right_unless_left, layout.width))
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let number = match (value.as_number(), kind) {
                (Some(Number::Int(number)), _) => number,
                (Some(Number::Float(number)), 'd' | 'i' | 'u') if number.is_finite() => {
                    number.trunc() as i128
                }
                _ => {
                    let found = value.type_name();
                    let wanted = if "diu".contains(kind) { "a real number" } else { "an integer" };
                    return failed(format!("%{kind} format: {wanted} is required, not {found}"));
                }
            };
            let mut digits = digits_of(number, kind);
            if let Some(precision) = layout.precision.take() {
                digits = format!("{digits:0>precision$}");
            }
            let prefix = match kind {
                'x' if layout.alternate => "0x",
                'X' if layout.alternate => "0X",
                'o' if layout.alternate => "0o",
                _ => "",
            };
            let sign = sign_of(number < 0, layout.sign);
            let (fill, align) = percent_fill(&layout, right_unless_left);
            Ok(padded(&format!("{sign}{prefix}"), &digits, fill, align, layout.width))
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let Some(number) = value.as_number() else {
                return failed(format!("must be real number, not {}", value.type_name()));
            };
            let number = number.as_float();
            let precision = layout.precision.unwrap_or(6);
            let digits = float_digits(number.abs(), kind, precision, layout.alternate);
            let sign = sign_of(number.is_sign_negative() && !number.is_nan(), layout.sign);
            let (fill, align) = percent_fill(&layout, right_unless_left);
            Ok(padded(sign, &digits, fill, align, layout.width))
        }
        other => failed(format!("unsupported format character '{other}'")),
    }
}

/// Zeros go between the sign and the digits, and nowhere behind them.
fn percent_fill(layout: &Layout, align: char) -> (char, char) {
    if layout.fill == '0' && align == '>' { ('0', '=') } else { (' ', align) }
}

fn sign_of(negative: bool, wanted: char) -> &'static str {
    match (negative, wanted) {
        (true, _) => "-",
        (false, '+') => "+",
        (false, ' ') => " ",
        _ => "",
    }
}

fn digits_of(number: i128, kind: char) -> String {
    let size = number.unsigned_abs();
    match kind {
        'x' => format!("{size:x}"),
        'X' => format!("{size:X}"),
        'o' => format!("{size:o}"),
        'b' => format!("{size:b}"),
        _ => size.to_string(),
    }
}

/// Digits of a number that is not negative, as C's `printf` writes them.
fn float_digits(number: f64, kind: char, precision: usize, alternate: bool) -> String {
    let text = if number.is_nan() {
        "nan".to_owned()
    } else if number.is_infinite() {
        "inf".to_owned()
    } else {
        let with_point = |text: String| {
            if alternate && !text.contains('.') { text + "." } else { text }
        };
        match kind.to_ascii_lowercase() {
            'f' => with_point(format!("{number:.precision$}")),
            'e' => exponential(number, precision, alternate),
            _ => general(number, precision.max(1), alternate),
        }
    };
    if kind.is_ascii_uppercase() { text.to_uppercase() } else { text }
}

fn exponential(number: f64, precision: usize, alternate: bool) -> String {
    let text = format!("{number:.precision$e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = if alternate && precision == 0 { "." } else { "" };
    format!("{digits}{point}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// As many digits as asked for, in the shorter of the two ways, without zeros at the end.
fn general(number: f64, precision: usize, alternate: bool) -> String {
    let rounded = format!("{number:.0$e}", precision - 1);
    let exponent: i32 =
        rounded.split_once('e').and_then(|(_, text)| text.parse().ok()).unwrap_or(0);
    let is_plain = exponent >= -4 && i64::from(exponent) < precision as i64;
    let text = if is_plain {
        let decimals = (precision as i64 - 1 - i64::from(exponent)).max(0) as usize;
        format!("{number:.decimals$}")
    } else {
        exponential(number, precision - 1, alternate)
    };
    if alternate || !text.contains('.') {
        return text;
    }
    match text.split_once('e') {
        Some((digits, exponent)) => {
            format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        None => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// Filled up to a width; with `=`, between what is before the digits and the digits.
fn padded(before: &str, digits: &str, fill: char, align: char, width: usize) -> String {
    let len = before.chars().count() + digits.chars().count();
    let missing = width.saturating_sub(len);
    let blanks = |count: usize| fill.to_string().repeat(count);
    match align {
        '<' => format!("{before}{digits}{}", blanks(missing)),
        '^' => format!("{}{before}{digits}{}", blanks(missing / 2), blanks(missing - missing / 2)),
        '=' => format!("{before}{}{digits}", blanks(missing)),
        _ => format!("{}{before}{digits}", blanks(missing)),
    }
}

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
