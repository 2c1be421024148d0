//! `'%s' % value`

use super::{Layout, digits_of, float_digits, padded, sign_of};
use crate::budget::Budget;
use crate::error::{Error, Result, failed};
use crate::print::{repr, str_repr, to_str};
use crate::value::{Number, SeqKind, Value};

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
