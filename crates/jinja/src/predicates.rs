//! Jinja's tests: what stands behind `is`.

use crate::ast::{BinaryOp, CompareOp};
use crate::call::{Values, required};
use crate::error::{Result, failed};
use crate::operators;
use crate::print::to_str;
use crate::render::Renderer;
use crate::value::{Distinct, Number, Value};
use crate::{filters, methods};

/// A test: the value, and its arguments.
pub(crate) type Predicate = fn(&Renderer, Value, Values) -> Result<bool>;

/// A test by its name.
pub(crate) fn find(name: &str) -> Option<Predicate> {
    Some(match name {
        "defined" => |_, value, arguments| plain(arguments, !value.is_undefined()),
        "undefined" => |_, value, arguments| plain(arguments, value.is_undefined()),
        "none" => |_, value, arguments| plain(arguments, matches!(value, Value::None)),
        "boolean" => |_, value, arguments| plain(arguments, matches!(value, Value::Bool(_))),
        "true" => |_, value, arguments| plain(arguments, matches!(value, Value::Bool(true))),
        "false" => |_, value, arguments| plain(arguments, matches!(value, Value::Bool(false))),
        "integer" => |_, value, arguments| plain(arguments, matches!(value, Value::Int(_))),
        "float" => |_, value, arguments| plain(arguments, matches!(value, Value::Float(_))),
        "number" => |_, value, arguments| plain(arguments, value.as_number().is_some()),
        "string" => |_, value, arguments| plain(arguments, matches!(value, Value::Str(_))),
        "mapping" => |_, value, arguments| plain(arguments, matches!(value, Value::Dict(_))),
        "sequence" => |_, value, arguments| {
            let has_length = value.len().is_ok() && !matches!(value, Value::Loop(_));
            plain(arguments, has_length && !matches!(value, Value::Items(_)))
        },
        "iterable" => |_, value, arguments| {
            let walks =
                matches!(value, Value::Generator(_) | Value::Loop(_)) || value.len().is_ok();
            plain(arguments, walks)
        },
        "callable" => |_, value, arguments| {
            let calls = matches!(value, Value::Function(_) | Value::Loop(_) | Value::Joiner(_));
            // A missing value has a method for calls, which raises.
            plain(arguments, calls || value.is_undefined())
        },
        "escaped" => |_, _, arguments| plain(arguments, false),
        "lower" => |renderer, value, arguments| cased(renderer, &value, arguments, "islower"),
        "upper" => |renderer, value, arguments| cased(renderer, &value, arguments, "isupper"),
        "odd" => |renderer, value, arguments| {
            let [] = arguments.bind("odd", [])?;
            Ok(rest(renderer, &value, &Value::Int(2))?.equals(&Value::Int(1)))
        },
        "even" => |renderer, value, arguments| {
            let [] = arguments.bind("even", [])?;
            Ok(rest(renderer, &value, &Value::Int(2))?.equals(&Value::Int(0)))
        },
        "divisibleby" => |renderer, value, arguments| {
            let [number] = arguments.bind("divisibleby", ["num"])?;
            let number = required(number, "divisibleby", "num")?;
            Ok(rest(renderer, &value, &number)?.equals(&Value::Int(0)))
        },
        "sameas" => |_, value, arguments| {
            let [other] = arguments.bind("sameas", ["other"])?;
            Ok(value.is_same(&required(other, "sameas", "other")?))
        },
        "in" => |_, value, arguments| {
            let [container] = arguments.bind("in", ["seq"])?;
            operators::contains(&required(container, "in", "seq")?, &value)
        },
        "eq" | "equalto" | "==" => {
            |r, value, arguments| compared(r, &value, arguments, CompareOp::Equal)
        }
        "ne" | "!=" => |r, value, arguments| compared(r, &value, arguments, CompareOp::NotEqual),
        "lt" | "lessthan" | "<" => {
            |r, value, arguments| compared(r, &value, arguments, CompareOp::Less)
        }
        "le" | "<=" => |r, value, arguments| compared(r, &value, arguments, CompareOp::LessOrEqual),
        "gt" | "greaterthan" | ">" => {
            |r, value, arguments| compared(r, &value, arguments, CompareOp::Greater)
        }
        "ge" | ">=" => {
            |r, value, arguments| compared(r, &value, arguments, CompareOp::GreaterOrEqual)
        }
        "filter" => |_, value, arguments| {
            Distinct::new().insert(&value)?;
            plain(arguments, value.as_str().is_some_and(|name| filters::find(name).is_some()))
        },
        "test" => |_, value, arguments| {
            Distinct::new().insert(&value)?;
            plain(arguments, value.as_str().is_some_and(|name| find(name).is_some()))
        },
        _ => return None,
    })
}

fn plain(arguments: Values, answer: bool) -> Result<bool> {
    let [] = arguments.bind("this test", [])?;
    Ok(answer)
}

fn compared(renderer: &Renderer, value: &Value, arguments: Values, op: CompareOp) -> Result<bool> {
    let [other] = arguments.bind("this test", ["other"])?;
    let other = required(other, "this test", "other")?;
    operators::compare(op, value, &other, &renderer.budget)
}

fn rest(renderer: &Renderer, value: &Value, by: &Value) -> Result<Value> {
    // A text would be taken for a pattern.
    match value.as_number() {
        Some(Number::Int(_) | Number::Float(_)) => {
            operators::binary(BinaryOp::Modulo, value, by, &renderer.budget)
        }
        None => failed(format!("'{}' object has no remainder", value.type_name())),
    }
}

fn cased(renderer: &Renderer, value: &Value, arguments: Values, method: &str) -> Result<bool> {
    let [] = arguments.bind("this test", [])?;
    let text = Value::from(to_str(value)?);
    Ok(methods::call(renderer, &text, method, Values::default())?.is_true())
}
