//! Attributes, items and methods of values. As in Jinja, `a.b` looks for an attribute first and then for
//! an item, `a['b']` the other way round.

pub(crate) mod text;

use std::rc::Rc;

use crate::call::{Values, required};
use crate::error::{Result, failed, refused};
use crate::operators;
use crate::render::Renderer;
use crate::value::{Function, Items, Loop, SeqKind, Value};

/// Methods by the type that has them.
const STR: [&str; 43] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
];
const STR_MORE: [&str; 3] = ["upper", "zfill", "translate"];
const DICT: [&str; 5] = ["get", "items", "keys", "values", "copy"];
const LIST: [&str; 3] = ["count", "index", "copy"];
const TUPLE: [&str; 2] = ["count", "index"];
/// What would change a list or a mapping, which the sandbox forbids.
const CHANGES: [&str; 12] = [
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
    "__setitem__",
];

/// `value.name`
///
/// # Errors
/// If the value is a missing one, or the attribute is one that would change it.
pub(crate) fn attribute(value: &Value, name: &str) -> Result<Value> {
    if let Some(found) = own_attribute(value, name)? {
        return Ok(found);
    }
    match operators::item(value, &Value::from(name))? {
        Some(found) => Ok(found),
        None => Ok(missing(value, name)),
    }
}

/// `value[index]`
///
/// # Errors
/// As [`attribute`].
pub(crate) fn subscript(value: &Value, index: &Value) -> Result<Value> {
    if let Some(found) = operators::item(value, index)? {
        return Ok(found);
    }
    let Value::Str(name) = index else {
        let index = crate::print::repr(index)?;
        return Ok(Value::undefined(format!(
            "{} object has no element {index}",
            value.type_name()
        )));
    };
    Ok(own_attribute(value, name)?.unwrap_or_else(|| missing(value, name)))
}

fn missing(value: &Value, name: &str) -> Value {
    Value::undefined(format!("'{} object' has no attribute '{name}'", value.type_name()))
}

/// An attribute or a method; not an item.
///
/// # Errors
/// As [`attribute`].
pub(crate) fn own_attribute(value: &Value, name: &str) -> Result<Option<Value>> {
    let method = |names: &[&str]| {
        let found = names.contains(&name);
        found.then(|| Value::Function(Rc::new(Function::Method(value.clone(), name.into()))))
    };
    Ok(match value {
        Value::Undefined(why) => return failed(&**why),
        Value::Str(_) => method(&STR).or_else(|| method(&STR_MORE)),
        Value::Seq(seq) => match (seq.kind(), name) {
            (SeqKind::Group, "grouper") => seq.items().first().cloned(),
            (SeqKind::Group, "list") => seq.items().get(1).cloned(),
            (SeqKind::List, _) if CHANGES.contains(&name) => return unsafe_attribute(value, name),
            (SeqKind::List, _) => method(&LIST),
            _ => method(&TUPLE),
        },
        Value::Dict(_) if CHANGES.contains(&name) => return unsafe_attribute(value, name),
        Value::Dict(_) => method(&DICT),
        Value::Namespace(namespace) => namespace.values.borrow().get(name).cloned(),
        Value::Loop(state) => loop_attribute(state, name).or_else(|| method(&["cycle", "changed"])),
        Value::Cycler(cycler) => match name {
            "current" => cycler.items.get(cycler.at.get()).cloned(),
            _ => method(&["next", "reset"]),
        },
        Value::Range(first, end, step) => match name {
            "start" => Some(Value::Int(*first)),
            "stop" => Some(Value::Int(*end)),
            "step" => Some(Value::Int(*step)),
            _ => method(&TUPLE),
        },
        Value::Float(number) => match name {
            "real" => Some(Value::Float(*number)),
            "imag" => Some(Value::Float(0.0)),
            _ => method(&["is_integer"]),
        },
        Value::Int(_) | Value::Bool(_) => match name {
            "real" | "numerator" => value.as_int().map(Value::Int),
            "imag" => Some(Value::Int(0)),
            "denominator" => Some(Value::Int(1)),
            _ => method(&["bit_length"]),
        },
        Value::Function(function) => match &**function {
            Function::Macro(node, _) => match name {
                "name" => Some(Value::from(&*node.name)),
                "arguments" => {
                    let names = node.parameters.iter().map(|(name, _)| Value::from(&**name));
                    Some(Value::tuple(names.collect())?)
                }
                "catch_kwargs" => Some(Value::Bool(node.takes_kwargs)),
                "catch_varargs" => Some(Value::Bool(node.takes_varargs)),
                "caller" => Some(Value::Bool(node.takes_caller)),
                _ => None,
            },
            _ => None,
        },
        Value::None | Value::Items(_) | Value::Generator(_) | Value::Joiner(_) => None,
    })
}

fn unsafe_attribute<T>(value: &Value, name: &str) -> Result<T> {
    let kind = value.type_name();
    failed(format!("access to attribute '{name}' of '{kind}' object is unsafe."))
}

fn loop_attribute(state: &Loop, name: &str) -> Option<Value> {
    let (at, len) = (state.at.get(), state.items.len());
    let neighbour = |place: Option<usize>, which: &str| {
        let item = place.and_then(|place| state.items.get(place)).cloned();
        item.unwrap_or_else(|| Value::undefined(format!("there is no {which} item")))
    };
    Some(match name {
        "index" => Value::from(at + 1),
        "index0" => Value::from(at),
        "revindex" => Value::from(len - at),
        "revindex0" => Value::from(len - at - 1),
        "first" => Value::Bool(at == 0),
        "last" => Value::Bool(at + 1 == len),
        "length" => Value::from(len),
        "depth" => Value::from(state.depth + 1),
        "depth0" => Value::from(state.depth),
        "previtem" => neighbour(at.checked_sub(1), "previous"),
        "nextitem" => neighbour(Some(at + 1), "next"),
        _ => return None,
    })
}

/// Calls a method.
///
/// # Errors
/// If the arguments do not fit, or the method is left out here.
pub(crate) fn call(
    renderer: &Renderer,
    value: &Value,
    name: &str,
    arguments: Values,
) -> Result<Value> {
    renderer.budget.pay(value)?;
    match value {
        Value::Str(subject) => text::call(renderer, subject, name, arguments),
        Value::Dict(dict) => {
            let pairs = || dict.iter();
            let view =
                |kind, items: Vec<Value>| Ok(Value::Items(Rc::new(Items::new(kind, items)?)));
            match name {
                "get" => {
                    let [key, default] = arguments.bind("get()", ["key", "default"])?;
                    let found = dict.get(&required(key, "get()", "key")?)?.cloned();
                    return Ok(found.or(default).unwrap_or(Value::None));
                }
                "copy" => {
                    let [] = arguments.bind("copy()", [])?;
                    return Ok(value.clone());
                }
                _ => {}
            }
            let [] = arguments.bind("this method", [])?;
            match name {
                "keys" => view("dict_keys", pairs().map(|(key, _)| key.clone()).collect()),
                "values" => view("dict_values", pairs().map(|(_, value)| value.clone()).collect()),
                _ => {
                    let items =
                        pairs().map(|(key, value)| Value::tuple(vec![key.clone(), value.clone()]));
                    view("dict_items", items.collect::<Result<_>>()?)
                }
            }
        }
        Value::Seq(_) | Value::Range(..) => match name {
            "copy" => {
                let [] = arguments.bind("copy()", [])?;
                Ok(value.clone())
            }
            _ => {
                let [wanted] = arguments.bind(name, ["value"])?;
                let wanted = required(wanted, name, "value")?;
                let items = renderer.walk(value)?;
                let mut places = items.iter().enumerate().filter(|(_, item)| item.equals(&wanted));
                match name {
                    "count" => Ok(Value::from(places.count())),
                    _ => match places.next() {
                        Some((at, _)) => Ok(Value::from(at)),
                        None => failed("the value is not in the list"),
                    },
                }
            }
        },
        Value::Loop(state) => {
            let asked: Vec<Value> = arguments.positional.into();
            if name == "cycle" {
                return match asked.len() {
                    0 => failed("no items for cycling given"),
                    len => Ok(asked[state.at.get() % len].clone()),
                };
            }
            let mut last = state.last_changed.borrow_mut();
            let same = last.as_ref().is_some_and(|last| {
                last.len() == asked.len()
                    && last.iter().zip(&asked).all(|(one, other)| one.equals(other))
            });
            *last = Some(asked);
            Ok(Value::Bool(!same))
        }
        Value::Cycler(cycler) => {
            let [] = arguments.bind(name, [])?;
            let (items, at) = (&cycler.items, &cycler.at);
            if name == "reset" {
                at.set(0);
                return Ok(Value::None);
            }
            let current = items[at.get()].clone();
            at.set((at.get() + 1) % items.len());
            Ok(current)
        }
        Value::Float(number) => {
            let [] = arguments.bind(name, [])?;
            Ok(Value::Bool(number.is_finite() && number.fract() == 0.0))
        }
        Value::Int(_) | Value::Bool(_) => {
            let [] = arguments.bind(name, [])?;
            let size = value.as_int().unwrap_or(0).unsigned_abs();
            Ok(Value::from((u128::BITS - size.leading_zeros()) as usize))
        }
        _ => refused(format!("the method “{name}” is not supported")),
    }
}
