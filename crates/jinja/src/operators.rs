//! What operators, indices and slices do to Python's values.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::ast::{BinaryOp, CompareOp};
use crate::budget::Budget;
use crate::error::{Error, Result, failed, refused};
use crate::print_format;
use crate::value::{Number, Seq, SeqKind, Value};

/// A whole number beyond what is kept here; Python's have no end.
fn too_large<T>() -> Result<T> {
    refused("it has a number of more than 38 digits")
}

/// `left op right`
pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value, budget: &Budget) -> Result<Value> {
    if let (BinaryOp::Modulo, Value::Str(pattern)) = (op, left) {
        return print_format::percent(pattern, right, budget).map(Value::from);
    }
    if let (Value::Undefined(why), _) | (_, Value::Undefined(why)) = (left, right) {
        return failed(&**why);
    }
    if let (Some(left), Some(right)) = (left.as_number(), right.as_number()) {
        return arithmetic(op, left, right);
    }
    match (op, left, right) {
        (BinaryOp::Add, Value::Str(one), Value::Str(other)) => {
            budget.spend(one.len() + other.len())?;
            Ok(Value::from(format!("{one}{other}")))
        }
        (BinaryOp::Add, Value::Seq(one), Value::Seq(other))
            if (one.kind() == SeqKind::List) == (other.kind() == SeqKind::List) =>
        {
            budget.spend_items(one.items().len() + other.items().len())?;
            let kind = if one.kind() == SeqKind::List { SeqKind::List } else { SeqKind::Tuple };
            let items = [one.items(), other.items()].concat();
            Ok(Value::Seq(Rc::new(Seq::new(kind, items)?)))
        }
        (BinaryOp::Multiply, value, times) | (BinaryOp::Multiply, times, value)
            if times.as_int().is_some() && matches!(value, Value::Str(_) | Value::Seq(_)) =>
        {
            repeat(value, times.as_int().unwrap_or(0), budget)
        }
        _ => failed(format!(
            "unsupported operand type(s) for {}: '{}' and '{}'",
            sign(op),
            left.type_name(),
            right.type_name()
        )),
    }
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::FloorDivide => "//",
        BinaryOp::Modulo => "%",
        BinaryOp::Power => "** or pow()",
    }
}

fn repeat(value: &Value, times: i128, budget: &Budget) -> Result<Value> {
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    match value {
        Value::Str(text) => {
            budget.spend(text.len().saturating_mul(times))?;
            Ok(Value::from(text.repeat(if text.is_empty() { 0 } else { times })))
        }
        Value::Seq(seq) => {
            budget.spend_items(seq.items().len().saturating_mul(times))?;
            let items = seq.items();
            let count = if items.is_empty() { 0 } else { items.len() * times };
            let repeated = items.iter().cycle().take(count).cloned().collect();
            let kind = if seq.kind() == SeqKind::List { SeqKind::List } else { SeqKind::Tuple };
            Ok(Value::Seq(Rc::new(Seq::new(kind, repeated)?)))
        }
        _ => Ok(value.clone()),
    }
}

fn arithmetic(op: BinaryOp, left: Number, right: Number) -> Result<Value> {
    let whole =
        |number: Option<i128>| number.map_or_else(too_large, |number| Ok(Value::Int(number)));
    if let (Number::Int(a), Number::Int(b)) = (left, right) {
        match op {
            BinaryOp::Add => return whole(a.checked_add(b)),
            BinaryOp::Subtract => return whole(a.checked_sub(b)),
            BinaryOp::Multiply => return whole(a.checked_mul(b)),
            BinaryOp::FloorDivide | BinaryOp::Modulo if b == 0 => {
                return failed("integer division or modulo by zero");
            }
            BinaryOp::FloorDivide => {
                let quotient = a.checked_div(b);
                let rounds_down = a % b != 0 && (a < 0) != (b < 0);
                return whole(quotient.and_then(|q| q.checked_sub(i128::from(rounds_down))));
            }
            BinaryOp::Modulo => {
                let rest = a.checked_rem(b).unwrap_or(0);
                return Ok(Value::Int(if rest != 0 && (rest < 0) != (b < 0) {
                    rest + b
                } else {
                    rest
                }));
            }
            BinaryOp::Power if b >= 0 => {
                // 0, 1 and -1 have powers of any size.
                let exponent = if a.unsigned_abs() <= 1 { b.min(2 + b % 2) } else { b };
                return whole(u32::try_from(exponent).ok().and_then(|b| a.checked_pow(b)));
            }
            BinaryOp::Divide | BinaryOp::Power => {}
        }
    }
    let (a, b) = (left.as_float(), right.as_float());
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide | BinaryOp::FloorDivide | BinaryOp::Modulo if b == 0.0 => {
            return failed(match op {
                BinaryOp::Divide => "division by zero",
                BinaryOp::Modulo => "float modulo by zero",
                _ => "float floor division by zero",
            });
        }
        BinaryOp::Divide => a / b,
        BinaryOp::FloorDivide => float_divmod(a, b).0,
        BinaryOp::Modulo => float_divmod(a, b).1,
        BinaryOp::Power if a == 0.0 && b < 0.0 => {
            return failed("0.0 cannot be raised to a negative power");
        }
        BinaryOp::Power if a < 0.0 && b.fract() != 0.0 => {
            return refused("complex numbers are not supported");
        }
        BinaryOp::Power => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return failed("Numerical result out of range");
            }
            power
        }
    };
    Ok(Value::Float(result))
}

/// Python's `divmod` of floats: the rest has the sign of the divisor.
fn float_divmod(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0.0f64.copysign(b);
    } else if (rest < 0.0) != (b < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

/// `-value` or `+value`
pub(crate) fn signed(value: &Value, negative: bool) -> Result<Value> {
    match value.as_number() {
        Some(Number::Int(number)) if negative => {
            number.checked_neg().map_or_else(too_large, |number| Ok(Value::Int(number)))
        }
        Some(Number::Int(number)) => Ok(Value::Int(number)),
        Some(Number::Float(number)) => Ok(Value::Float(if negative { -number } else { number })),
        None => match value {
            Value::Undefined(why) => failed(&**why),
            other => failed(format!(
                "bad operand type for unary {}: '{}'",
                if negative { '-' } else { '+' },
                other.type_name()
            )),
        },
    }
}

/// `left op right`, one link of a comparison.
pub(crate) fn compare(op: CompareOp, left: &Value, right: &Value, budget: &Budget) -> Result<bool> {
    budget.pay(left)?;
    budget.pay(right)?;
    let ordered =
        |wanted: fn(Ordering) -> bool| left.compare(right).map(|order| order.is_some_and(wanted));
    match op {
        CompareOp::Equal => Ok(left.equals(right)),
        CompareOp::NotEqual => Ok(!left.equals(right)),
        CompareOp::Less => ordered(Ordering::is_lt),
        CompareOp::LessOrEqual => ordered(Ordering::is_le),
        CompareOp::Greater => ordered(Ordering::is_gt),
        CompareOp::GreaterOrEqual => ordered(Ordering::is_ge),
        CompareOp::In => contains(right, left),
        CompareOp::NotIn => contains(right, left).map(|found| !found),
    }
}

/// Python's `item in container`.
pub(crate) fn contains(container: &Value, item: &Value) -> Result<bool> {
    match container {
        Value::Str(text) => match item {
            Value::Str(part) => Ok(text.contains(&**part)),
            Value::Undefined(why) => failed(&**why),
            other => failed(format!(
                "'in <string>' requires string as left operand, not {}",
                other.type_name()
            )),
        },
        Value::Dict(dict) => match item {
            Value::Undefined(_) => Ok(false),
            item => dict.get(item).map(|found| found.is_some()),
        },
        Value::Namespace(_) | Value::Function(_) | Value::Cycler(_) | Value::Joiner(_) => {
            failed(format!("argument of type '{}' is not iterable", container.type_name()))
        }
        Value::Generator(generator) => {
            while let Some(next) = generator.next() {
                if next.equals(item) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Loop(_) => {
            failed(format!("argument of type '{}' is not iterable", container.type_name()))
        }
        _ => Ok(container.items()?.iter().any(|one| one.equals(item))),
    }
}

/// `container[index]`, or None if there is nothing.
///
/// # Errors
/// If the value is a missing one.
pub(crate) fn item(container: &Value, index: &Value) -> Result<Option<Value>> {
    match container {
        Value::Undefined(why) => failed(&**why),
        Value::Dict(dict) => match index {
            Value::Undefined(_) => Ok(None),
            // A key that cannot be one is not there.
            index => Ok(dict.get(index).unwrap_or(None).cloned()),
        },
        _ => {
            let Some(at) = index.as_int() else { return Ok(None) };
            let Ok(len) = container.len() else { return Ok(None) };
            if matches!(container, Value::Items(_) | Value::Loop(_)) {
                return Ok(None);
            }
            let from_start = if at < 0 { at + len as i128 } else { at };
            let Some(at) = usize::try_from(from_start).ok().filter(|at| *at < len) else {
                return Ok(None);
            };
            Ok(match container {
                Value::Str(text) => text.chars().nth(at).map(Value::from),
                Value::Seq(seq) => seq.items().get(at).cloned(),
                &Value::Range(first, _, step) => Some(Value::Int(first + at as i128 * step)),
                _ => None,
            })
        }
    }
}

/// `container[start:stop:step]`
pub(crate) fn slice(
    container: &Value,
    bounds: [Option<Value>; 3],
    budget: &Budget,
) -> Result<Value> {
    if let Value::Undefined(why) = container {
        return failed(&**why);
    }
    let number = |bound: &Option<Value>| match bound {
        None | Some(Value::None) => Ok(None),
        Some(value) => match value.as_int() {
            Some(number) => Ok(Some(number)),
            None => Err(Error::Failed(
                "slice indices must be integers or None or have an __index__ method".into(),
            )),
        },
    };
    let [start, stop, step] = [number(&bounds[0])?, number(&bounds[1])?, number(&bounds[2])?];
    let step = step.unwrap_or(1);
    if step == 0 {
        return failed("slice step cannot be zero");
    }
    if !matches!(container, Value::Str(_) | Value::Seq(_) | Value::Range(..)) {
        return Ok(Value::undefined(format!("'{}' object has no slices", container.type_name())));
    }
    let len = container.len()? as i128;
    budget.spend_items(container.len()?)?;
    let (lowest, highest) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clamped = |bound: Option<i128>, absent: i128| match bound {
        None => absent,
        Some(at) if at < 0 => (at + len).max(lowest),
        Some(at) => at.min(highest),
    };
    let (from, to) = if step > 0 { (0, len) } else { (len - 1, -1) };
    let (from, to) = (clamped(start, from), clamped(stop, to));
    let mut places = Vec::new();
    let mut at = from;
    while (step > 0 && at < to) || (step < 0 && at > to) {
        places.push(at as usize);
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(match container {
        Value::Str(text) => {
            let chars: Vec<char> = text.chars().collect();
            Value::from(places.into_iter().map(|at| chars[at]).collect::<String>())
        }
        Value::Seq(seq) => {
            let items = places.into_iter().map(|at| seq.items()[at].clone()).collect();
            let kind = if seq.kind() == SeqKind::List { SeqKind::List } else { SeqKind::Tuple };
            Value::Seq(Rc::new(Seq::new(kind, items)?))
        }
        &Value::Range(first, _, old) => {
            let whole = |at: i128| first + at * old;
            Value::Range(whole(from), whole(to), old.checked_mul(step).map_or_else(too_large, Ok)?)
        }
        _ => container.clone(),
    })
}
