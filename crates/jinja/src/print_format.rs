//! Formatting: `'%s' % value` and `'{}'.format(value)`; here what both have in common: the digits of a number, and
//! filling up to a width.

mod braces;
mod percent;

pub(crate) use braces::braces;
pub(crate) use percent::percent;

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
