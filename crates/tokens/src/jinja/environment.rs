//! What a template finds around it: the functions, filters, tests and methods of transformers' chat
//! templates, each of which pays for what it touches.

use std::sync::{Arc, Mutex};

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{
    Environment, Error, ErrorKind, State, Value, escape_formatter, filters, functions, tests,
};
use minijinja_contrib::pycompat;

use super::budget::{Budget, refusal};
use super::json::tojson;
use super::program::{METER_LIST, METER_OBJECT, METER_PAIR, METER_PRODUCT, METER_VALUE};

/// Depth of blocks and macro calls, in minijinja's units (a macro call is 5).
const MAX_DEPTH: usize = 200;

/// Wraps a filter or test: it pays for its arguments, and for `extra` bytes that it may add.
fn paid(
    budget: &Arc<Budget>,
    function: Value,
    extra: fn(&[Value]) -> usize,
) -> impl Fn(&State, Rest<Value>) -> Result<Value, Error> + Send + Sync + 'static {
    let budget = Arc::clone(budget);
    move |state: &State, args: Rest<Value>| {
        budget.pay_all(&args)?;
        budget.spend(extra(&args))?;
        budget.as_list(function.call(state, &args)?)
    }
}

fn nothing(_: &[Value]) -> usize {
    0
}

/// Most bytes that replacing adds: (text, old, new).
fn replacing(args: &[Value]) -> usize {
    let len = |at: usize| args.get(at).map_or(0, |value| value.to_string().len());
    let times = if len(1) == 0 { len(0) + 1 } else { len(0) / len(1) };
    times.saturating_mul(len(2))
}

/// Most bytes that joining adds: (items, separator).
fn joining(args: &[Value]) -> usize {
    let n = args.first().and_then(|items| items.try_iter().ok()).map_or(0, Iterator::count);
    n.saturating_mul(args.get(1).map_or(0, |separator| separator.to_string().len()))
}

/// Most bytes that indenting adds: (text, width).
fn indenting(args: &[Value]) -> usize {
    let lines = args.first().map_or(0, |text| text.to_string().lines().count() + 1);
    let keywords = args.last().filter(|last| last.is_kwargs());
    let by_keyword = keywords.and_then(|keywords| keywords.get_attr("width").ok());
    // A width that is not a number is refused by the filter.
    let widths = args.get(1).cloned().into_iter().chain(by_keyword);
    lines.saturating_mul(widths.filter_map(|width| width.as_usize()).max().unwrap_or(4))
}

/// The environment. What a template says to `raise_exception` is put into `raised`.
pub(super) fn environment(
    budget: &Arc<Budget>,
    raised: &Arc<Mutex<Option<String>>>,
) -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_recursion_limit(MAX_DEPTH);

    let paying = Arc::clone(budget);
    env.set_formatter(move |out, state, value| {
        paying.pay(value)?;
        let python = match value.kind() {
            ValueKind::None => "None",
            ValueKind::Bool if value.is_true() => "True",
            ValueKind::Bool => "False",
            _ => return escape_formatter(out, state, value),
        };
        out.write_str(python).map_err(Error::from)
    });

    let paying = Arc::clone(budget);
    env.add_function(METER_VALUE, move |value: &Value| paying.pay(value).map(|()| value.clone()));
    let paying = Arc::clone(budget);
    env.add_function(METER_PAIR, move |left: &Value, right: &Value| {
        paying.pay(left)?;
        paying.pay(right)?;
        // Unpacking pushes the first last.
        Ok(Value::from(vec![right.clone(), left.clone()]))
    });
    let paying = Arc::clone(budget);
    env.add_function(METER_LIST, move |value: &Value| paying.as_list(value.clone()));
    let paying = Arc::clone(budget);
    env.add_function(METER_PRODUCT, move |left: &Value, right: &Value| {
        for (text, number) in [(left, right), (right, left)] {
            if let Some(text) = text.as_str() {
                let times = number.as_usize().unwrap_or(0);
                paying.spend(text.len().saturating_mul(times))?;
            } else if text.as_object().is_some() {
                return Err(refusal("lists cannot be multiplied here"));
            }
        }
        Ok(Value::from(vec![right.clone(), left.clone()]))
    });
    let paying = Arc::clone(budget);
    env.add_function(METER_OBJECT, move |value: &Value| {
        paying.count_object().map(|()| value.clone())
    });

    env.add_function("range", functions::range);
    env.add_function("dict", functions::dict);
    let paying = Arc::clone(budget);
    env.add_function("namespace", move |defaults: Option<Value>| {
        paying.count_object()?;
        functions::namespace(defaults)
    });
    let note = Arc::clone(raised);
    env.add_function("raise_exception", move |message: String| -> Result<Value, Error> {
        if let Ok(mut note) = note.lock() {
            *note = Some(message.clone());
        }
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    env.add_function("strftime_now", |format: &str| {
        // Local time, as transformers takes.
        jiff::fmt::strtime::format(format, &jiff::ZonedDateTime::now())
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });

    macro_rules! filters {
        ($($name:literal: $function:expr, $extra:expr;)*) => {
            $(env.add_filter($name, paid(budget, Value::from_function($function), $extra));)*
        };
    }
    filters! {
        "safe": filters::safe, nothing;
        "escape": filters::escape, nothing;
        "e": filters::escape, nothing;
        "upper": filters::upper, nothing;
        "lower": filters::lower, nothing;
        "title": filters::title, nothing;
        "capitalize": filters::capitalize, nothing;
        "trim": filters::trim, nothing;
        "replace": filters::replace, replacing;
        "join": filters::join, joining;
        "indent": indent, indenting;
        "split": filters::split, nothing;
        "lines": filters::lines, nothing;
        "string": filters::string, nothing;
        "int": filters::int, nothing;
        "float": filters::float, nothing;
        "bool": filters::bool, nothing;
        "abs": filters::abs, nothing;
        "round": filters::round, nothing;
        "length": filters::length, nothing;
        "count": filters::length, nothing;
        "default": filters::default, nothing;
        "d": filters::default, nothing;
        "first": filters::first, nothing;
        "last": filters::last, nothing;
        "min": filters::min, nothing;
        "max": filters::max, nothing;
        "sum": filters::sum, nothing;
        "list": filters::list, nothing;
        "sort": filters::sort, nothing;
        "reverse": filters::reverse, nothing;
        "unique": filters::unique, nothing;
        "items": filters::items, nothing;
        "dictsort": filters::dictsort, nothing;
        "groupby": filters::groupby, nothing;
        "attr": filters::attr, nothing;
        "map": filters::map, nothing;
        "select": filters::select, nothing;
        "reject": filters::reject, nothing;
        "selectattr": filters::selectattr, nothing;
        "rejectattr": filters::rejectattr, nothing;
        "tojson": tojson, nothing;
    }
    macro_rules! tests {
        ($($name:literal: $function:expr;)*) => {
            $(env.add_test($name, paid(budget, Value::from_function($function), nothing));)*
        };
    }
    tests! {
        "undefined": tests::is_undefined;
        "defined": tests::is_defined;
        "none": tests::is_none;
        "boolean": tests::is_boolean;
        "true": tests::is_true;
        "false": tests::is_false;
        "odd": tests::is_odd;
        "even": tests::is_even;
        "divisibleby": tests::is_divisibleby;
        "number": tests::is_number;
        "integer": tests::is_integer;
        "float": tests::is_float;
        "string": tests::is_string;
        "sequence": tests::is_sequence;
        "iterable": tests::is_iterable;
        "mapping": tests::is_mapping;
        "eq": tests::is_eq;
        "equalto": tests::is_eq;
        "==": tests::is_eq;
        "ne": tests::is_ne;
        "!=": tests::is_ne;
        "lt": tests::is_lt;
        "le": tests::is_le;
        "gt": tests::is_gt;
        "ge": tests::is_ge;
        "in": tests::is_in;
        "startingwith": tests::is_startingwith;
        "endingwith": tests::is_endingwith;
        "lower": tests::is_lower;
        "upper": tests::is_upper;
        "sameas": tests::is_sameas;
    }

    let paying = Arc::clone(budget);
    env.set_unknown_method_callback(move |state, value, method, args| {
        paying.pay(value)?;
        paying.pay_all(args)?;
        match (method, args) {
            ("replace", [old, new, ..]) => {
                paying.spend(replacing(&[value.clone(), old.clone(), new.clone()]))?;
            }
            ("join", [items]) => paying.spend(joining(&[items.clone(), value.clone()]))?,
            ("format", _) => return Err(Error::from(ErrorKind::UnknownMethod)),
            _ => {}
        }
        pycompat::unknown_method_callback(state, value, method, args)
    });
    env
}

/// Jinja's own filter; minijinja's drops a newline at the end.
fn indent(
    text: String,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let width = width.map_or_else(|| options.get("width"), |width| Ok(Some(width)))?.unwrap_or(4);
    let first = first.map_or_else(|| options.get("first"), |first| Ok(Some(first)))?;
    let blank = blank.map_or_else(|| options.get("blank"), |blank| Ok(Some(blank)))?;
    options.assert_all_used()?;
    let margin = " ".repeat(width);
    let mut indented = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            indented.push('\n');
        }
        let has_margin =
            if at == 0 { first == Some(true) } else { !line.is_empty() || blank == Some(true) };
        if has_margin {
            indented.push_str(&margin);
        }
        indented.push_str(line);
    }
    Ok(indented)
}
