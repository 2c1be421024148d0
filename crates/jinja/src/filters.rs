//! Jinja's filters: what stands behind `|`.

mod lists;
mod numbers;
mod text;
mod tojson;

use crate::call::Values;
use crate::error::{Result, failed};
use crate::methods;
use crate::operators;
use crate::render::Renderer;
use crate::value::Value;

/// A filter: the value, and its arguments.
pub(crate) type Filter = fn(&Renderer, Value, Values) -> Result<Value>;

/// A filter by its name.
pub(crate) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "abs" => numbers::abs,
        "attr" => lists::attr,
        "batch" => lists::batch,
        "capitalize" => text::capitalize,
        "center" => text::center,
        "count" | "length" => lists::length,
        "d" | "default" => lists::default,
        "dictsort" => lists::dictsort,
        "e" | "escape" | "forceescape" => text::escape,
        "filesizeformat" => numbers::filesizeformat,
        "first" => lists::first,
        "float" => numbers::float,
        "format" => text::format,
        "groupby" => lists::groupby,
        "indent" => text::indent,
        "int" => numbers::int,
        "items" => lists::items,
        "join" => text::join,
        "last" => lists::last,
        "list" => lists::list,
        "lower" => text::lower,
        "map" => lists::map,
        "max" => lists::max,
        "min" => lists::min,
        "reject" => lists::reject,
        "rejectattr" => lists::rejectattr,
        "replace" => text::replace,
        "reverse" => lists::reverse,
        "round" => numbers::round,
        "safe" | "string" => text::string,
        "select" => lists::select,
        "selectattr" => lists::selectattr,
        "slice" => lists::slice,
        "sort" => lists::sort,
        "striptags" => text::striptags,
        "sum" => numbers::sum,
        "title" => text::title,
        "tojson" => tojson::tojson,
        "trim" => text::trim,
        "truncate" => text::truncate,
        "unique" => lists::unique,
        "upper" => text::upper,
        "urlencode" => text::urlencode,
        "wordcount" => text::wordcount,
        _ => return None,
    })
}

/// What filters look at in each item: `a.b.0`, or nothing, which is the item itself.
struct Part(Vec<Value>);

impl Part {
    fn of(attribute: Option<&Value>) -> Result<Part> {
        Ok(Part(match attribute {
            None | Some(Value::None) => Vec::new(),
            Some(Value::Str(path)) => path
                .split('.')
                .map(|step| step.parse().map_or_else(|_| Value::from(step), Value::Int))
                .collect(),
            Some(index) if index.as_int().is_some() => vec![index.clone()],
            Some(other) => {
                return failed(format!("an attribute cannot be a {}", other.type_name()));
            }
        }))
    }

    fn in_item(&self, item: &Value) -> Result<Value> {
        self.0.iter().try_fold(item.clone(), |value, step| methods::subscript(&value, step))
    }

    fn in_item_or(&self, item: &Value, default: Option<&Value>) -> Result<Value> {
        let Some(default) = default else { return self.in_item(item) };
        self.0.iter().try_fold(item.clone(), |value, step| {
            let found = methods::subscript(&value, step)?;
            Ok(if found.is_undefined() { default.clone() } else { found })
        })
    }
}

/// Texts that differ only in case count as equal for most filters that compare.
fn ignoring_case(value: Value, case_sensitive: bool) -> Value {
    match value {
        Value::Str(text) if !case_sensitive => Value::from(text.to_lowercase()),
        other => other,
    }
}

/// Orders values by their keys as Python's `sorted` does: stably, and asking only whether one is less
/// than another. Keys need not have an order, so the library's sort, which relies on one, will not do.
///
/// # Errors
/// If two keys cannot be compared.
fn sorted(mut keyed: Vec<(Value, Value)>, reverse: bool) -> Result<Vec<Value>> {
    // Equal ones keep their order, also in reverse.
    if reverse {
        keyed.reverse();
    }
    let mut ordered = merged(keyed)?;
    if reverse {
        ordered.reverse();
    }
    Ok(ordered.into_iter().map(|(_, value)| value).collect())
}

fn merged(mut left: Vec<(Value, Value)>) -> Result<Vec<(Value, Value)>> {
    if left.len() < 2 {
        return Ok(left);
    }
    let right = merged(left.split_off(left.len() / 2))?;
    let left = merged(left)?;
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some((one, _)), Some((other, _))) = (left.peek(), right.peek()) {
        let right_is_less = other.compare(one)?.is_some_and(std::cmp::Ordering::is_lt);
        merged.extend(if right_is_less { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

/// The item at a place from the start, for filters that give one.
fn item_at(value: &Value, at: i128) -> Result<Option<Value>> {
    operators::item(value, &Value::Int(at))
}
