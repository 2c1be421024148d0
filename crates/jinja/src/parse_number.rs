//! Numbers from texts, as Python's `int()` and `float()` read them.

use crate::error::{Result, failed, refused};

/// Python's `float(text)`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(crate::lexer::is_space);
    let plain = without_underscores(trimmed)?;
    let word = plain.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let is_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || ["inf", "infinity", "nan"].contains(&word.as_str());
    if !is_number { None } else { plain.parse().ok() }
}

/// Python's `int(text, base)`.
///
/// # Errors
/// If the number is too large to be had here.
pub(crate) fn parse_int(text: &str, base: i128) -> Result<Option<i128>> {
    let trimmed = text.trim_matches(crate::lexer::is_space);
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let lower = digits.to_ascii_lowercase();
    let (mut radix, mut rest) = (base, lower.as_str());
    for (prefix, of_prefix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(after) = lower.strip_prefix(prefix)
            && (base == of_prefix || base == 0)
        {
            (radix, rest) = (of_prefix, after.strip_prefix('_').unwrap_or(after));
        }
    }
    if radix == 0 {
        radix = 10;
    }
    if !(2..=36).contains(&radix) {
        return failed("int() base must be >= 2 and <= 36, or 0");
    }
    let Some(plain) = without_underscores(rest) else { return Ok(None) };
    if plain.is_empty() || !plain.chars().all(|c| c.is_digit(radix as u32)) {
        return Ok(None);
    }
    match i128::from_str_radix(&format!("{sign}{plain}"), radix as u32) {
        Ok(number) => Ok(Some(number)),
        Err(_) => refused("it has a number of more than 38 digits"),
    }
}

/// Underscores may stand between digits, one at a time.
fn without_underscores(text: &str) -> Option<String> {
    let misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!misplaced).then(|| text.replace('_', ""))
}
