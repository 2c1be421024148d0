//! Filters about lists and mappings.

use std::rc::Rc;

use super::{Part, ignoring_case, item_at, sorted};
use crate::ast::Name;
use crate::call::{Values, flag_or, int_or, required, text_or};
use crate::error::{Error, Result, failed};
use crate::methods;
use crate::render::Renderer;
use crate::value::{Distinct, Seq, SeqKind, Value};

pub(crate) fn default(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [default, boolean] = arguments.bind("default", ["default_value", "boolean"])?;
    let stands_in = value.is_undefined() || (flag_or(boolean, false) && !value.is_true());
    Ok(if stands_in { default.unwrap_or_else(|| Value::from("")) } else { value })
}

pub(crate) fn attr(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [name] = arguments.bind("attr", ["name"])?;
    let Value::Str(name) = required(name, "attr", "name")? else {
        return failed("attribute name must be string");
    };
    let missing =
        || Value::undefined(format!("'{}' object has no attribute '{name}'", value.type_name()));
    Ok(methods::own_attribute(&value, &name)?.unwrap_or_else(missing))
}

pub(crate) fn length(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("length", [])?;
    value.len().map(Value::from)
}

pub(crate) fn list(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("list", [])?;
    Value::list(renderer.walk(&value)?)
}

pub(crate) fn items(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("items", [])?;
    match &value {
        Value::Undefined(_) => Value::generator(Vec::new()),
        Value::Dict(dict) => {
            renderer.budget.spend_items(3 * dict.len())?;
            let pairs =
                dict.iter().map(|(key, value)| Value::tuple(vec![key.clone(), value.clone()]));
            Value::generator(pairs.collect::<Result<_>>()?)
        }
        _ => failed("Can only get item pairs from a mapping."),
    }
}

pub(crate) fn first(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("first", [])?;
    let found = match &value {
        Value::Generator(generator) => generator.next(),
        Value::Str(_) | Value::Seq(_) | Value::Range(..) => item_at(&value, 0)?,
        other => renderer.walk(other)?.into_iter().next(),
    };
    Ok(found.unwrap_or_else(|| Value::undefined("No first item, sequence was empty.")))
}

pub(crate) fn last(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("last", [])?;
    let found = match &value {
        Value::Generator(_) => return failed("'generator' object is not reversible"),
        other => renderer.walk(other)?.pop(),
    };
    Ok(found.unwrap_or_else(|| Value::undefined("No last item, sequence was empty.")))
}

pub(crate) fn reverse(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("reverse", [])?;
    match &value {
        Value::Str(text) => Ok(Value::from(text.chars().rev().collect::<String>())),
        other => {
            let mut items = match renderer.walk(other) {
                Err(Error::Failed(_)) => return failed("argument must be iterable"),
                items => items?,
            };
            items.reverse();
            Value::generator(items)
        }
    }
}

pub(crate) fn sort(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [reverse, case, attribute] =
        arguments.bind("sort", ["reverse", "case_sensitive", "attribute"])?;
    let case = flag_or(case, false);
    let paths = match &attribute {
        Some(Value::Str(paths)) => paths.split(',').map(Value::from).map(Some).collect(),
        other => vec![other.clone()],
    };
    let parts = paths.iter().map(|path| Part::of(path.as_ref())).collect::<Result<Vec<_>>>()?;
    let key = |item: &Value| {
        let keys = parts.iter().map(|part| Ok(ignoring_case(part.in_item(item)?, case)));
        Value::list(keys.collect::<Result<_>>()?)
    };
    let keyed = keyed(renderer, &value, key)?;
    Value::list(sorted(keyed, flag_or(reverse, false))?)
}

/// Items with what they are ordered by; comparing them is paid for.
fn keyed(
    renderer: &Renderer,
    value: &Value,
    key: impl Fn(&Value) -> Result<Value>,
) -> Result<Vec<(Value, Value)>> {
    let items = renderer.walk(value)?;
    let rounds = usize::BITS - items.len().leading_zeros();
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let key = key(&item)?;
        for _ in 0..rounds {
            renderer.budget.pay(&key)?;
        }
        keyed.push((key, item));
    }
    Ok(keyed)
}

pub(crate) fn dictsort(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [case, by, reverse] = arguments.bind("dictsort", ["case_sensitive", "by", "reverse"])?;
    let by = match &*text_or(by, "key")? {
        "key" => Value::Int(0),
        "value" => Value::Int(1),
        _ => return failed("You can only sort by either \"key\" or \"value\""),
    };
    let Value::Dict(dict) = &value else {
        return failed(format!("'{}' object has no attribute 'items'", value.type_name()));
    };
    let pairs = dict.iter().map(|(key, value)| Value::tuple(vec![key.clone(), value.clone()]));
    let pairs = Value::list(pairs.collect::<Result<_>>()?)?;
    let case = flag_or(case, false);
    let key = |pair: &Value| Ok(ignoring_case(methods::subscript(pair, &by)?, case));
    Value::list(sorted(keyed(renderer, &pairs, key)?, flag_or(reverse, false))?)
}

pub(crate) fn groupby(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [attribute, default, case] =
        arguments.bind("groupby", ["attribute", "default", "case_sensitive"])?;
    let part = Part::of(Some(&required(attribute, "groupby", "attribute")?))?;
    let case = flag_or(case, false);
    let key = |item: &Value| Ok(ignoring_case(part.in_item_or(item, default.as_ref())?, case));
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for item in sorted(keyed(renderer, &value, key)?, false)? {
        let name = key(&item)?;
        match groups.last_mut() {
            Some((last, members)) if last.equals(&name) => members.push(item),
            _ => groups.push((name, vec![item])),
        }
    }
    let groups = groups.into_iter().map(|(name, members)| {
        // The name is the first member's own, in its case.
        let name = match members.first() {
            Some(first) if !case => part.in_item_or(first, default.as_ref())?,
            _ => name,
        };
        let pair = vec![name, Value::list(members)?];
        Ok(Value::Seq(Rc::new(Seq::new(SeqKind::Group, pair)?)))
    });
    Value::list(groups.collect::<Result<_>>()?)
}

pub(crate) fn unique(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [case, attribute] = arguments.bind("unique", ["case_sensitive", "attribute"])?;
    let (case, part) = (flag_or(case, false), Part::of(attribute.as_ref())?);
    let mut seen = Distinct::new();
    let mut kept = Vec::new();
    for item in renderer.walk(&value)? {
        if seen.insert(&ignoring_case(part.in_item(&item)?, case))? {
            kept.push(item);
        }
    }
    Value::generator(kept)
}

pub(crate) fn min(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    extreme(renderer, &value, arguments, std::cmp::Ordering::is_lt)
}

pub(crate) fn max(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    extreme(renderer, &value, arguments, std::cmp::Ordering::is_gt)
}

/// The first item that is before all others.
fn extreme(
    renderer: &Renderer,
    value: &Value,
    arguments: Values,
    before: fn(std::cmp::Ordering) -> bool,
) -> Result<Value> {
    let [case, attribute] = arguments.bind("this filter", ["case_sensitive", "attribute"])?;
    let (case, part) = (flag_or(case, false), Part::of(attribute.as_ref())?);
    let key = |item: &Value| Ok(ignoring_case(part.in_item(item)?, case));
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in keyed(renderer, value, key)? {
        let wins = match &best {
            None => true,
            Some((best, _)) => key.compare(best)?.is_some_and(before),
        };
        if wins {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(
        || Value::undefined("No aggregated item, sequence was empty."),
        |(_, item)| item,
    ))
}

pub(crate) fn batch(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [count, fill] = arguments.bind("batch", ["linecount", "fill_with"])?;
    let count = required(count, "batch", "linecount")?;
    let count = usize::try_from(int_or(Some(count), 1)?).unwrap_or(0).max(1);
    let fill = fill.filter(|fill| !matches!(fill, Value::None));
    let mut lines = Vec::new();
    for line in renderer.walk(&value)?.chunks(count) {
        let mut line = line.to_vec();
        if let Some(fill) = &fill
            && line.len() < count
        {
            renderer.budget.spend_items(count)?;
            line.resize(count, fill.clone());
        }
        lines.push(Value::list(line)?);
    }
    Value::generator(lines)
}

pub(crate) fn slice(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [slices, fill] = arguments.bind("slice", ["slices", "fill_with"])?;
    let slices = int_or(Some(required(slices, "slice", "slices")?), 1)?;
    let slices = usize::try_from(slices).unwrap_or(0);
    if slices == 0 {
        return failed("integer division or modulo by zero");
    }
    renderer.budget.spend_items(slices)?;
    let items = renderer.walk(&value)?;
    let (per_slice, longer) = (items.len() / slices, items.len() % slices);
    let mut left = items.into_iter();
    let mut columns = Vec::new();
    for at in 0..slices {
        let mut column: Vec<Value> =
            left.by_ref().take(per_slice + usize::from(at < longer)).collect();
        if let Some(fill) = fill.as_ref().filter(|fill| !matches!(fill, Value::None))
            && at >= longer
        {
            column.push(fill.clone());
        }
        columns.push(Value::list(column)?);
    }
    Value::generator(columns)
}

pub(crate) fn map(renderer: &Renderer, value: Value, mut arguments: Values) -> Result<Value> {
    let Some(items) = chosen_from(renderer, &value)? else { return Value::generator(Vec::new()) };
    if arguments.positional.is_empty() && !arguments.keywords.is_empty() {
        let [attribute, default] = arguments.bind("map", ["attribute", "default"])?;
        let part = Part::of(Some(&required(attribute, "map", "attribute")?))?;
        let parts = items.iter().map(|item| part.in_item_or(item, default.as_ref()));
        return Value::generator(parts.collect::<Result<_>>()?);
    }
    let Some(name) = arguments.positional.pop_front() else {
        return failed("map requires a filter argument");
    };
    let Value::Str(name) = name else { return failed("the name of a filter is a text") };
    let mapped = items.into_iter().map(|item| renderer.filter(&name, item, arguments.clone()));
    Value::generator(mapped.collect::<Result<_>>()?)
}

pub(crate) fn select(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    choose(renderer, &value, arguments, false, true)
}

pub(crate) fn reject(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    choose(renderer, &value, arguments, false, false)
}

pub(crate) fn selectattr(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    choose(renderer, &value, arguments, true, true)
}

pub(crate) fn rejectattr(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    choose(renderer, &value, arguments, true, false)
}

/// The items that pass a test, or the others; the test looks at an attribute of theirs, or at
/// themselves.
fn choose(
    renderer: &Renderer,
    value: &Value,
    mut arguments: Values,
    by_attribute: bool,
    wanted: bool,
) -> Result<Value> {
    let Some(items) = chosen_from(renderer, value)? else { return Value::generator(Vec::new()) };
    let part = match by_attribute {
        false => Part::of(None)?,
        true => {
            let attribute = arguments.positional.pop_front();
            Part::of(Some(&required(attribute, "this filter", "attribute")?))?
        }
    };
    let test = match arguments.positional.pop_front() {
        None => None,
        Some(Value::Str(name)) => Some(Name::from(&*name)),
        Some(_) => return failed("the name of a test is a text"),
    };
    let mut kept = Vec::new();
    for item in items {
        let subject = part.in_item(&item)?;
        let passes = match &test {
            None => subject.is_true(),
            Some(test) => renderer.test(test, subject, arguments.clone())?,
        };
        if passes == wanted {
            kept.push(item);
        }
    }
    Value::generator(kept)
}

/// The items that `map`, `select` and their like go through. None of anything that counts as false, as of
/// `none`: Jinja then doesn't look at the arguments either.
fn chosen_from(renderer: &Renderer, value: &Value) -> Result<Option<Vec<Value>>> {
    if value.is_true() { renderer.walk(value).map(Some) } else { Ok(None) }
}
