//! Functions that every template finds: Jinja's, and those that transformers adds.

use std::cell::Cell;
use std::rc::Rc;

use crate::call::{Values, int_or, required, text_or};
use crate::clock;
use crate::error::{Error, Result, failed, refused};
use crate::render::Renderer;
use crate::value::{Cycler, Dict, Function, Namespace, Value};

/// Python's sandboxed `range` ends here.
///
/// Limit of chat templates: numbers of a range; ended.
const MAX_RANGE: usize = 100_000;

const NAMES: [&str; 9] = [
    // The template itself, whose blocks could be printed again.
    "self",
    "range",
    "dict",
    "lipsum",
    "cycler",
    "joiner",
    "namespace",
    "raise_exception",
    "strftime_now",
];

/// A function by its name.
pub(crate) fn find(name: &str) -> Option<Value> {
    let known = NAMES.into_iter().find(|known| *known == name)?;
    Some(Value::Function(Rc::new(Function::Global(known))))
}

/// Calls one.
///
/// # Errors
/// If the arguments do not fit, or from `raise_exception`.
pub(crate) fn call(renderer: &Renderer, name: &str, arguments: Values) -> Result<Value> {
    match name {
        "range" => range(arguments),
        "dict" => Ok(Value::Dict(Rc::new(Dict::new(pairs(renderer, arguments)?)?))),
        "namespace" => {
            let namespace = Namespace::default();
            for (key, value) in pairs(renderer, arguments)? {
                let Value::Str(key) = key else { return failed("names of a namespace are texts") };
                namespace.values.borrow_mut().insert(key, value);
            }
            renderer.namespace(namespace)
        }
        "cycler" => {
            let items: Vec<Value> = arguments.positional.into();
            if items.is_empty() {
                return failed("at least one item has to be provided");
            }
            Ok(Value::Cycler(Rc::new(Cycler::new(items)?)))
        }
        "joiner" => {
            let [separator] = arguments.bind("joiner()", ["sep"])?;
            Ok(Value::Joiner(Rc::new((text_or(separator, ", ")?.into(), Cell::new(false)))))
        }
        "raise_exception" => {
            let [message] = arguments.bind("raise_exception()", ["message"])?;
            let message = required(message, "raise_exception()", "message")?;
            Err(Error::Raised(crate::print::to_str(&message)?))
        }
        "strftime_now" => {
            let [format] = arguments.bind("strftime_now()", ["format"])?;
            let format = text_or(format, "")?;
            renderer.budget.spend(16 * format.len())?;
            Ok(Value::from(clock::format(jiff::ZonedDateTime::now().datetime(), &format)))
        }
        _ => refused(format!("the function “{name}” is not supported")),
    }
}

fn range(arguments: Values) -> Result<Value> {
    let count = arguments.positional.len();
    let [first, second, step] = arguments.bind("range()", ["start", "stop", "step"])?;
    let first = int_or(Some(required(first, "range()", "stop")?), 0)?;
    let (start, stop) = match second {
        None => (0, first),
        second => (first, int_or(second, 0)?),
    };
    let step = int_or(step, 1)?;
    if step == 0 || count > 3 {
        return failed("range() arg 3 must not be zero");
    }
    let range = Value::Range(start, stop, step);
    match range.len()? {
        len if len > MAX_RANGE => {
            failed(format!("Range too big. The sandbox blocks ranges larger than {MAX_RANGE}."))
        }
        _ => Ok(range),
    }
}

/// What `dict(...)` takes: a mapping or a list of pairs, and keywords.
fn pairs(renderer: &Renderer, mut arguments: Values) -> Result<Vec<(Value, Value)>> {
    let mut pairs = Vec::new();
    match arguments.positional.pop_front() {
        None => {}
        Some(Value::Dict(dict)) => {
            renderer.budget.spend_items(2 * dict.len())?;
            pairs.extend(dict.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Some(list) => {
            for pair in renderer.walk(&list)? {
                let [key, value] =
                    <[Value; 2]>::try_from(renderer.walk(&pair)?).map_err(|pair| {
                        let len = pair.len();
                        Error::Failed(format!("an item has length {len}; 2 is required"))
                    })?;
                pairs.push((key, value));
            }
        }
    }
    if !arguments.positional.is_empty() {
        return failed("dict() takes at most 1 positional argument");
    }
    renderer.budget.spend_items(2 * arguments.keywords.len())?;
    pairs.extend(arguments.keywords.into_iter().map(|(name, value)| (Value::from(&*name), value)));
    Ok(pairs)
}
