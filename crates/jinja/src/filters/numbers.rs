//! Filters about numbers.

use super::Part;
use crate::ast::BinaryOp;
use crate::call::{Values, flag_or, int_or, text_or};
use crate::error::{Result, failed, refused};
use crate::operators;
use crate::parse_number::{parse_float, parse_int};
use crate::render::Renderer;
use crate::value::{Number, Value};

pub(crate) fn abs(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("abs", [])?;
    match value.as_number() {
        Some(Number::Int(number)) if number < 0 => operators::signed(&value, true),
        Some(Number::Int(number)) => Ok(Value::Int(number)),
        Some(Number::Float(number)) => Ok(Value::Float(number.abs())),
        None => failed(format!("bad operand type for abs(): '{}'", value.type_name())),
    }
}

pub(crate) fn int(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [default, base] = arguments.bind("int", ["default", "base"])?;
    let (default, base) = (default.unwrap_or(Value::Int(0)), int_or(base, 10)?);
    if let Value::Undefined(why) = &value {
        return failed(&**why);
    }
    let whole = |number: f64| {
        if !number.is_finite() {
            Ok(default.clone())
        } else if number.abs() >= 1e38 {
            refused("it has a number of more than 38 digits")
        } else {
            Ok(Value::Int(number.trunc() as i128))
        }
    };
    match &value {
        Value::Str(text) => match parse_int(text, base)? {
            Some(number) => Ok(Value::Int(number)),
            None => parse_float(text).map_or_else(|| Ok(default.clone()), whole),
        },
        other => match other.as_number() {
            Some(Number::Int(number)) => Ok(Value::Int(number)),
            Some(Number::Float(number)) => whole(number),
            None => Ok(default),
        },
    }
}

pub(crate) fn float(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [default] = arguments.bind("float", ["default"])?;
    let number = match &value {
        Value::Undefined(why) => return failed(&**why),
        Value::Str(text) => parse_float(text),
        other => other.as_number().map(Number::as_float),
    };
    Ok(number.map_or_else(|| default.unwrap_or(Value::Float(0.0)), Value::Float))
}

pub(crate) fn round(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [precision, method] = arguments.bind("round", ["precision", "method"])?;
    let (precision, method) = (int_or(precision, 0)?, text_or(method, "common")?);
    let Some(number) = value.as_number() else {
        return failed(format!("type {} doesn't define __round__ method", value.type_name()));
    };
    let precision = precision.clamp(-400, 400) as i32;
    match (&*method, number) {
        ("common", Number::Int(number)) => Ok(Value::Int(round_int(number, precision))),
        ("common", Number::Float(number)) => Ok(Value::Float(round_float(number, precision))),
        ("ceil" | "floor", number) => {
            let scale = 10f64.powi(precision);
            let scaled = number.as_float() * scale;
            let whole = if method == "ceil" { scaled.ceil() } else { scaled.floor() };
            // Python makes a whole number of it, which has no negative zero.
            Ok(Value::Float((whole + 0.0) / scale))
        }
        _ => failed("method must be common, ceil or floor"),
    }
}

/// To the even neighbour, where there are two.
fn round_int(number: i128, precision: i32) -> i128 {
    let digits = precision.unsigned_abs();
    let Some(unit) = 10i128.checked_pow(digits).filter(|_| precision < 0) else {
        return if precision < 0 { 0 } else { number };
    };
    let (quotient, rest) = (number.div_euclid(unit), number.rem_euclid(unit));
    let up = 2 * rest > unit || (2 * rest == unit && quotient % 2 != 0);
    (quotient + i128::from(up)) * unit
}

/// Of the exact value, not of the digits that are shown; to the even neighbour, where there are two.
fn round_float(number: f64, precision: i32) -> f64 {
    if !number.is_finite() {
        return number;
    }
    if precision >= 0 {
        // The digits of a float are exact here, and so is the rounding.
        return format!("{number:.0$}", precision as usize).parse().unwrap_or(number);
    }
    let unit = 10f64.powi(-precision);
    (number / unit).round_ties_even() * unit
}

pub(crate) fn sum(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [attribute, start] = arguments.bind("sum", ["attribute", "start"])?;
    let part = Part::of(attribute.as_ref())?;
    let start = start.unwrap_or(Value::Int(0));
    if matches!(start, Value::Str(_)) {
        return failed("sum() can't sum strings [use ''.join(seq) instead]");
    }
    renderer.walk(&value)?.iter().try_fold(start, |sum, item| {
        operators::binary(BinaryOp::Add, &sum, &part.in_item(item)?, &renderer.budget)
    })
}

pub(crate) fn filesizeformat(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [binary] = arguments.bind("filesizeformat", ["binary"])?;
    let bytes = match &value {
        Value::Str(text) => parse_float(text),
        other => other.as_number().map(Number::as_float),
    };
    let Some(bytes) = bytes else {
        return failed(format!("a {} is no size", value.type_name()));
    };
    let (base, names) = if flag_or(binary, false) {
        (1024.0, ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"])
    } else {
        (1000.0, ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"])
    };
    if bytes == 1.0 {
        return Ok(Value::from("1 Byte"));
    }
    if bytes < base {
        return Ok(Value::from(format!("{} Bytes", bytes.trunc() as i128)));
    }
    let mut unit = base;
    for (at, name) in names.iter().enumerate() {
        unit *= base;
        if bytes < unit || at + 1 == names.len() {
            return Ok(Value::from(format!("{:.1} {name}", base * bytes / unit)));
        }
    }
    Ok(value)
}
