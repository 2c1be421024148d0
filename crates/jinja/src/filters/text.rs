//! Filters about text. What is no text is printed first.

use super::Part;
use crate::call::{Values, flag_or, int_or, required, text_or};
use crate::error::{Result, failed};
use crate::lexer::is_space;
use crate::methods::text::{capitalized, justified, replace as replaced, split_lines};
use crate::print::to_str;
use crate::print_format;
use crate::render::Renderer;
use crate::value::{Dict, Value};

/// A filter without arguments that makes a text of a text.
fn simple(value: &Value, arguments: Values, make: fn(&str) -> String) -> Result<Value> {
    let [] = arguments.bind("this filter", [])?;
    Ok(Value::from(make(&to_str(value)?)))
}

pub(crate) fn upper(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, str::to_uppercase)
}

pub(crate) fn lower(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, str::to_lowercase)
}

pub(crate) fn capitalize(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, capitalized)
}

pub(crate) fn string(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, str::to_owned)
}

/// Large behind white space, hyphens and opening brackets, and nowhere else: not after an apostrophe.
pub(crate) fn title(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, |text| {
        let begins_word = |c: char| is_space(c) || "-({[<".contains(c);
        let (mut out, mut at_start) = (String::new(), true);
        for c in text.chars() {
            if at_start {
                out.extend(c.to_uppercase());
            } else {
                out.extend(c.to_lowercase());
            }
            at_start = begins_word(c);
        }
        out
    })
}

pub(crate) fn escape(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, |text| {
        let pairs = [('&', "&amp;"), ('>', "&gt;"), ('<', "&lt;"), ('\'', "&#39;"), ('"', "&#34;")];
        pairs.iter().fold(text.to_owned(), |text, (c, name)| text.replace(*c, name))
    })
}

pub(crate) fn striptags(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    simple(&value, arguments, |text| {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, tag)) = rest.split_once('<') {
            let end = if tag.starts_with("!--") { "-->" } else { ">" };
            let Some((_, after)) = tag.split_once(end) else { break };
            out.push_str(before);
            rest = after;
        }
        out.push_str(rest);
        let words: Vec<&str> = out.split(is_space).filter(|word| !word.is_empty()).collect();
        let names = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&#39;", "'"),
            ("&#34;", "\""),
            ("&quot;", "\""),
            ("&amp;", "&"),
        ];
        names.iter().fold(words.join(" "), |text, (name, c)| text.replace(name, c))
    })
}

pub(crate) fn wordcount(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("wordcount", [])?;
    let text = to_str(&value)?;
    let words = text.split(|c: char| c != '_' && !c.is_alphanumeric());
    Ok(Value::from(words.filter(|word| !word.is_empty()).count()))
}

pub(crate) fn trim(_: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [chars] = arguments.bind("trim", ["chars"])?;
    let text = to_str(&value)?;
    Ok(Value::from(match chars {
        None | Some(Value::None) => text.trim_matches(is_space),
        Some(chars) => {
            let chars = to_str(&chars)?;
            return Ok(Value::from(text.trim_matches(|c| chars.contains(c))));
        }
    }))
}

pub(crate) fn replace(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [old, new, count] = arguments.bind("replace", ["old", "new", "count"])?;
    let old = to_str(&required(old, "replace", "old")?)?;
    let new = to_str(&required(new, "replace", "new")?)?;
    let count = match count {
        None | Some(Value::None) => -1,
        count => int_or(count, -1)?,
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    replaced(renderer, &to_str(&value)?, &old, &new, count).map(Value::from)
}

pub(crate) fn join(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [separator, attribute] = arguments.bind("join", ["d", "attribute"])?;
    let (separator, part) = (text_or(separator, "")?, Part::of(attribute.as_ref())?);
    let mut joined = String::new();
    for (at, item) in renderer.walk(&value)?.iter().enumerate() {
        let item = to_str(&part.in_item(item)?)?;
        renderer.budget.spend(separator.len() + item.len())?;
        if at > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(&item);
    }
    Ok(Value::from(joined))
}

pub(crate) fn center(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [width] = arguments.bind("center", ["width"])?;
    let width = usize::try_from(int_or(width, 80)?).unwrap_or(0);
    renderer.budget.spend(width)?;
    Ok(Value::from(justified(&to_str(&value)?, width, ' ', "center")))
}

pub(crate) fn indent(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [width, first, blank] = arguments.bind("indent", ["width", "first", "blank"])?;
    let text = to_str(&value)? + "\n";
    let lines = split_lines(&text, false);
    let margin = match width {
        Some(Value::Str(margin)) => margin.to_string(),
        width => {
            let width = usize::try_from(int_or(width, 4)?).unwrap_or(0);
            renderer.budget.spend(width.saturating_mul(lines.len()))?;
            " ".repeat(width)
        }
    };
    renderer.budget.spend(margin.len().saturating_mul(lines.len()))?;
    let (first, blank) = (flag_or(first, false), flag_or(blank, false));
    let indented: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let has_margin = if at == 0 { first } else { blank || !line.is_empty() };
            if has_margin { format!("{margin}{line}") } else { line.clone() }
        })
        .collect();
    Ok(Value::from(indented.join("\n")))
}

pub(crate) fn truncate(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [length, kill, end, leeway] =
        arguments.bind("truncate", ["length", "killwords", "end", "leeway"])?;
    let (length, end) = (int_or(length, 255)?, text_or(end, "...")?);
    let leeway = match leeway {
        Some(Value::None) => 5,
        leeway => int_or(leeway, 5)?,
    };
    let text = to_str(&value)?;
    renderer.budget.spend(text.len())?;
    let end_len = end.chars().count() as i128;
    if length < end_len {
        return failed(format!("expected length >= {end_len}, got {length}"));
    }
    if leeway < 0 {
        return failed(format!("expected leeway >= 0, got {leeway}"));
    }
    if text.chars().count() as i128 <= length.saturating_add(leeway) {
        return Ok(Value::from(text));
    }
    let kept: String = text.chars().take((length - end_len) as usize).collect();
    if flag_or(kill, false) {
        return Ok(Value::from(kept + &end));
    }
    let whole = kept.rsplit_once(' ').map_or(kept.as_str(), |(before, _)| before);
    Ok(Value::from(format!("{whole}{end}")))
}

pub(crate) fn format(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let Values { positional, keywords } = arguments;
    if !positional.is_empty() && !keywords.is_empty() {
        return failed("can't handle positional and keyword arguments at the same time");
    }
    let values = if keywords.is_empty() {
        Value::tuple(positional.into())?
    } else {
        let pairs = keywords.into_iter().map(|(name, value)| (Value::from(&*name), value));
        Value::Dict(std::rc::Rc::new(Dict::new(pairs)?))
    };
    print_format::percent(&to_str(&value)?, &values, &renderer.budget).map(Value::from)
}

pub(crate) fn urlencode(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [] = arguments.bind("urlencode", [])?;
    let pairs: Vec<Vec<Value>> = match &value {
        Value::Dict(dict) => {
            dict.iter().map(|(key, value)| vec![key.clone(), value.clone()]).collect()
        }
        Value::Str(_) => return Ok(Value::from(quoted(&to_str(&value)?, "/"))),
        other if other.len().is_err() => return Ok(Value::from(quoted(&to_str(other)?, "/"))),
        list => {
            renderer.walk(list)?.iter().map(|pair| renderer.walk(pair)).collect::<Result<_>>()?
        }
    };
    let mut parts = Vec::new();
    for pair in pairs {
        let [key, value] = pair.as_slice() else {
            return failed("what is encoded must be text, a mapping or a list of pairs");
        };
        let in_query = |value: &Value| Ok(quoted(&to_str(value)?, "").replace("%20", "+"));
        parts.push(format!("{}={}", in_query(key)?, in_query(value)?));
    }
    Ok(Value::from(parts.join("&")))
}

fn quoted(text: &str, safe: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || safe.contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
