//! How Python prints values: `str()` and `repr()`.

use crate::error::{Result, refused};
use crate::value::{Function, SeqKind, Value};

/// Python's `str(value)`: what `{{ value }}` prints.
///
/// # Errors
/// If printing it would name an address in memory, which means nothing to a model.
pub(crate) fn to_str(value: &Value) -> Result<String> {
    match value {
        Value::Undefined(_) => Ok(String::new()),
        Value::Str(text) => Ok(text.to_string()),
        _ => repr(value),
    }
}

/// Python's `repr(value)`: a value inside of lists and mappings.
///
/// # Errors
/// As [`to_str`].
pub(crate) fn repr(value: &Value) -> Result<String> {
    let mut out = String::new();
    write_repr(value, &mut out)?;
    Ok(out)
}

fn write_repr(value: &Value, out: &mut String) -> Result<()> {
    match value {
        Value::Undefined(_) => out.push_str("Undefined"),
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float_repr(*number)),
        Value::Str(text) => out.push_str(&str_repr(text)),
        Value::Seq(seq) => {
            let (open, close) = if seq.kind() == SeqKind::List { ("[", "]") } else { ("(", ")") };
            out.push_str(open);
            write_items(seq.items().iter(), out)?;
            // A tuple of one is told from a value in brackets by its comma.
            if seq.items().len() == 1 && seq.kind() != SeqKind::List {
                out.push(',');
            }
            out.push_str(close);
        }
        Value::Dict(dict) => {
            out.push('{');
            for (at, (key, value)) in dict.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_repr(key, out)?;
                out.push_str(": ");
                write_repr(value, out)?;
            }
            out.push('}');
        }
        Value::Range(first, end, 1) => out.push_str(&format!("range({first}, {end})")),
        Value::Range(first, end, step) => out.push_str(&format!("range({first}, {end}, {step})")),
        Value::Items(items) => {
            out.push_str(items.kind);
            out.push_str("([");
            write_items(items.iter(), out)?;
            out.push_str("])");
        }
        Value::Loop(inner) => {
            let (at, len) = (inner.at.get() + 1, inner.items.len());
            out.push_str(&format!("<LoopContext {at}/{len}>"));
        }
        Value::Function(function) => match &**function {
            Function::Macro(node, _) => out.push_str(&format!("<Macro {}>", str_repr(&node.name))),
            Function::Global("dict") => out.push_str("<class 'dict'>"),
            _ => return refused("printing a function is not supported"),
        },
        Value::Generator(_) => return refused("printing a generator is not supported"),
        Value::Namespace(_) => return refused("printing a namespace is not supported"),
        Value::Cycler(_) | Value::Joiner(_) => {
            return refused(format!("printing a {} is not supported", value.type_name()));
        }
    }
    Ok(())
}

fn write_items<'v>(items: impl Iterator<Item = &'v Value>, out: &mut String) -> Result<()> {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(item, out)?;
    }
    Ok(())
}

/// A number as Python prints it: as few digits as tell it from its neighbours, with an exponent below
/// 1e-4 and from 1e16 on.
pub(crate) fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.into();
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.into();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A text in quotes: single ones, unless it has those and no double ones.
pub(crate) fn str_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if is_printable(c) => out.push(c),
            c => match u32::from(c) {
                code @ ..0x100 => out.push_str(&format!("\\x{code:02x}")),
                code @ ..0x10000 => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    out.push(quote);
    out
}

/// Python's `isprintable` of one character: no control, format, surrogate or private character, none
/// that is not assigned, and no separator but the space.
pub(crate) fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Debug escapes what Unicode finds unprintable, but also what extends a letter before it.
    let escaped = c.escape_debug().len() > 1;
    let extends = !c.is_control() && ('\u{300}'..='\u{36f}').contains(&c);
    (!escaped || extends) && !(c.is_whitespace()) && c != '\u{ad}'
}
