//! JSON schemas: what is wrong with one, and the grammar of the documents that it allows.
//!
//! 1. The text becomes a tree with exact numbers ([`document`]), and its references are found ([`references`]).
//! 2. Keywords become shapes ([`reader`]): for each type of JSON the values that are allowed. Strings, names of
//!    properties and numbers are regular languages ([`language`]), which can be cut, joined and subtracted exactly; so
//!    can shapes ([`algebra`]).
//! 3. Shapes become rules ([`writer`]), in Lark's notation.
//!
//! llguidance has a compiler for schemas, too. It was used before; but some of its masks were wrong (an escaped name
//! passed by its property's schema, integers beyond 2^53 were rounded), and it refuses `not`, `oneOf`, `if`,
//! `contains` and `uniqueItems` as such. Rewriting schemas for it was tried on paper: most of what is refused has no
//! schema that it takes, but all of it has a grammar.

mod algebra;
mod decimal;
mod document;
mod draft;
mod ecma_script;
mod formats;
mod language;
mod numbers;
mod reader;
mod references;
mod refusal;
mod rules;
mod shape;
mod strings;
mod unevaluated;
mod writer;

use std::borrow::Cow;

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use self::document::Document;
use self::draft::Draft;
use self::language::Languages;
use self::reader::Reader;
use self::refusal::Refusal;
use self::writer::Writer;
use crate::error::Fault;
use crate::{GrammarError, Kind, Place, Whitespace};

/// The key under which options for white space may stand in a schema, as llguidance has it.
const OPTIONS: &str = "x-guidance";

/// The key that names the draft a schema is written in.
const DRAFT: &str = "$schema";

/// The types of JSON.
const TYPES: &str = "array, boolean, integer, null, number, object and string";

const DRAFT_7: &str = "http://json-schema.org/draft-07/schema#";

const DRAFT_2020_12: &str = "https://json-schema.org/draft/2020-12/schema";

/// The grammar of a schema's documents, in Lark's notation. The draft is the one that it names, or else 2020-12, or
/// draft 7 if it lists item schemas the old way.
///
/// # Errors
/// If the text is no schema, or one that a mask cannot follow, or that no document satisfies.
pub(crate) fn grammar(text: &str, whitespace: Whitespace) -> Result<String, GrammarError> {
    let kind = Kind::JsonSchema;
    let (schema, draft) = read(text).map_err(GrammarError::Invalid)?;
    let space = space(&schema, whitespace).map_err(GrammarError::Invalid)?;
    let rules = rules(text, draft).map_err(|fault| GrammarError::Unusable { kind, fault })?;
    Ok(with_space(&space, &rules))
}

/// The same for a schema that is part of a grammar.
///
/// # Errors
/// As [`grammar`].
pub(crate) fn within_a_grammar(text: &str) -> Result<String, Fault> {
    let (schema, draft) = read(text)?;
    let space = space(&schema, Whitespace::Flexible)?;
    Ok(with_space(&space, &rules(text, draft)?))
}

fn with_space(space: &str, rules: &str) -> String {
    let ignore = match space {
        "" => String::new(),
        space => format!("%ignore /{}/\n", space.replace('/', "\\x2f")),
    };
    // It is taken once between two parts.
    format!("%llguidance {{\"ignore_once\": true}}\n{ignore}{rules}")
}

/// What JSON takes for white space.
const FLEXIBLE: &str = r"[ \t\n\r]+";

/// The rules of a schema; the first of them is `start`.
fn rules(text: &str, draft: Draft) -> Result<String, Fault> {
    let document = Document::read(text).expect("it was read before");
    let fault = |refusal: Refusal| Fault {
        place: place(text, &document, &refusal),
        message: refusal.message,
        hint: refusal.hint,
    };
    let mut reader = Reader::new(&document, draft);
    let root = reader.schema(document.root());
    let mut writer = Writer::new(&mut reader);
    let start = writer.write(root).map_err(fault)?;
    writer.rules.lark(start).ok_or_else(|| Fault {
        message: "no document can satisfy it".into(),
        place: None,
        hint: "Look at limits and enums that exclude each other.",
    })
}

/// Where a refusal's reason stands: a keyword that is not supported by its name, what is wrong with it by its value.
fn place(text: &str, document: &Document, refusal: &Refusal) -> Option<Place> {
    let of = |range: std::ops::Range<usize>| Place::of(text, range.start, range.end);
    let is_unsupported = refusal.message.starts_with("not supported");
    let words = || refusal.message.split(|c: char| !c.is_alphanumeric() && c != '$');
    match refusal.at {
        Some(id) if is_unsupported => {
            let name = document.name_range(id);
            Some(of(name.unwrap_or_else(|| document.range(id))))
        }
        Some(id) => Some(of(document.range(id))),
        None => words().find_map(|word| document.name_range(document.find(word)?)).map(of),
    }
}

/// Reads a schema and finds its draft.
fn read(text: &str) -> Result<(Value, Draft), Fault> {
    if text.trim().is_empty() {
        let hint = "Write a schema such as {\"type\": \"object\", \"properties\": {…}}.";
        return Err(Fault { message: "JSON schema is required".into(), place: None, hint });
    }
    let bounded = within_float64(text);
    let schema: Value = serde_json::from_str(&bounded).map_err(|error| not_json(text, &error))?;
    let schema = match schema {
        Value::Object(schema) => schema,
        Value::Bool(true) => Map::new(),
        Value::Bool(false) => {
            return Err(whole(
                text,
                "the schema false allows no document",
                "Write what is allowed.",
            ));
        }
        _ => {
            let message = "a JSON schema is an object";
            return Err(whole(text, message, "Write {…} with a type and its properties."));
        }
    };
    let named = schema.get(DRAFT).and_then(Value::as_str).and_then(Draft::of);
    let lists_items = lists_items(&Value::Object(schema.clone()));
    let draft = named.unwrap_or(if lists_items { Draft::Draft7 } else { Draft::Draft202012 });
    let mut checked = schema.clone();
    if named.is_none() && checked.get(DRAFT).is_none_or(Value::is_string) {
        // Keywords of a draft that is not known have these meanings.
        checked.insert(DRAFT.into(), if lists_items { DRAFT_7 } else { DRAFT_2020_12 }.into());
    }
    check(text, &Value::Object(checked))?;
    Ok((Value::Object(schema), draft))
}

/// A pattern for the white space between the parts of a document: what a schema's options ask for, or else what the
/// constraint does.
fn space(schema: &Value, whitespace: Whitespace) -> Result<String, Fault> {
    let mut space = match whitespace {
        Whitespace::Single => " ".to_owned(),
        Whitespace::Flexible => FLEXIBLE.into(),
    };
    let Some(Value::Object(options)) = schema.get(OPTIONS) else { return Ok(space) };
    for (key, value) in options {
        match (key.as_str(), value) {
            ("whitespace_pattern", Value::String(pattern)) => {
                // Whatever else it were, it would be part of a document.
                if !is_space(pattern) {
                    let message = format!("{OPTIONS}: {pattern:?} is no pattern for white space");
                    let hint = "Write one of spaces, \\t, \\n and \\r, such as [ \\n]+.";
                    return Err(Fault { message, place: None, hint });
                }
                space = pattern.clone();
            }
            ("whitespace_flexible", Value::Bool(is_flexible)) => {
                if !options.contains_key("whitespace_pattern") {
                    space = if *is_flexible { FLEXIBLE.into() } else { String::new() };
                }
            }
            _ => {
                let message = format!("{OPTIONS}: {key} is no option for white space");
                let hint = "Its options are whitespace_flexible and whitespace_pattern.";
                return Err(Fault { message, place: None, hint });
            }
        }
    }
    Ok(space)
}

/// Whether a pattern matches what JSON takes for white space, and nothing else.
fn is_space(pattern: &str) -> bool {
    if regex_syntax::parse(pattern).is_err() {
        return false;
    }
    let mut languages = Languages::new();
    let space = languages.regex("[ \\t\\n\\r]*".into());
    let Some(pattern) = languages.written(pattern) else { return false };
    let others = languages.minus(&pattern, &space);
    languages.is_empty(&others)
}

/// Explains what llguidance said about a schema's grammar: that it met one of its limits.
pub(crate) fn fault(message: &str) -> Fault {
    let first = message.lines().next().unwrap_or_default();
    let first = first
        .strip_prefix("at ")
        .and_then(|rest| rest.split_once("): "))
        .map_or(first, |(_, said)| said);
    Fault {
        message: first.to_owned(),
        place: None,
        hint: "Make the schema smaller; see docs/grammar.md.",
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let place = Some(Place::at(text, error.line(), error.column()));
    let hint = if message.contains("recursion limit") {
        "Nest it less deeply: 128 levels are the most."
    } else {
        "A schema is JSON: names and texts in double quotes, no comma after the last item."
    };
    Fault { message: format!("not JSON: {message}"), place, hint }
}

fn whole(text: &str, message: &str, hint: &'static str) -> Fault {
    let start = text.len() - text.trim_start().len();
    Fault { message: message.into(), place: Some(Place::of(text, start, text.len())), hint }
}

/// Keywords whose values are data. What looks like a schema in there is none.
const DATA: [&str; 5] = ["const", "enum", "default", "example", "examples"];

/// Keywords whose values are schemas by names, which may be those of keywords.
const BY_NAME: [&str; 6] =
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Whether item schemas are written as a list, which 2020-12 calls `prefixItems`.
fn lists_items(schema: &Value) -> bool {
    match schema {
        Value::Object(object) => object.iter().any(|(keyword, value)| match value {
            _ if DATA.contains(&keyword.as_str()) => false,
            Value::Array(_) if keyword == "items" => true,
            Value::Object(named) if BY_NAME.contains(&keyword.as_str()) => {
                named.values().any(lists_items)
            }
            value => lists_items(value),
        }),
        Value::Array(schemas) => schemas.iter().any(lists_items),
        _ => false,
    }
}

/// The same JSON with 1 for numbers that are too large or too small for float64, which is what serde_json reads.
/// [`Document`] has them as they are. Places stay.
fn within_float64(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = Cow::Borrowed(text);
    let (mut place, mut in_string) = (0, false);
    while let Some(byte) = bytes.get(place) {
        let mut end = place + 1;
        match byte {
            b'"' => in_string = !in_string,
            b'\\' => end += 1,
            b'-' | b'0'..=b'9' if !in_string => {
                let is_part =
                    |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                end = place + bytes[place..].iter().take_while(is_part).count();
                let literal = &text[place..end];
                let mantissa = literal.split(['e', 'E']).next().unwrap_or_default();
                let is_zero = !mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
                let is_beyond = |number: f64| number.is_infinite() || number == 0.0 && !is_zero;
                if is_json_number(literal) && literal.parse().is_ok_and(is_beyond) {
                    let sign = if literal.starts_with('-') { "-1" } else { "1" };
                    out.to_mut().replace_range(place..end, &format!("{sign:<0$}", literal.len()));
                }
            }
            _ => {}
        }
        place = end;
    }
    out
}

/// Whether a text is a number as JSON writes one.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(fraction)
        && digits(exponent)
}

/// Checks a schema against the schema of its draft.
fn check(text: &str, schema: &Value) -> Result<(), Fault> {
    let Err(error) = jsonschema::meta::validate(schema) else { return Ok(()) };
    let path = error.instance_path().as_str().to_owned();
    let keyword = path.rsplit('/').next().unwrap_or_default().to_owned();
    let place = at_path(text, &path);
    let message = match keyword.as_str() {
        "" => error.to_string(),
        "type" => format!("type: {} is none of {TYPES}", error.instance()),
        _ => format!("{keyword}: {error}"),
    };
    let hint = "See json-schema.org for what a keyword takes.";
    Err(Fault { message, place, hint })
}

fn parsed(text: &str) -> Option<Node<'_>> {
    parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).ok()?.value
}

fn place_of(text: &str, range: Range) -> Place {
    Place::of(text, range.start, range.end)
}

/// The place of the value at a JSON pointer (RFC 6901).
fn at_path(text: &str, pointer: &str) -> Option<Place> {
    let root = parsed(text)?;
    let mut node = &root;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        node = match node {
            Node::Object(object) => {
                &object.properties.iter().find(|p| p.name.as_str() == step)?.value
            }
            Node::Array(array) => array.elements.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(place_of(text, node.range()))
}
