//! JSON schemas: what is wrong with one, and where.

use jsonc_parser::ast::{ObjectPropName, Value as Node};
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};

use crate::error::Fault;
use crate::{Place, Whitespace};

/// The key under which llguidance takes its options from a schema.
const OPTIONS: &str = "x-guidance";

/// The key that names the draft a schema is written in.
const DRAFT: &str = "$schema";

/// The types of JSON.
const TYPES: &str = "array, boolean, integer, null, number, object and string";

const DRAFT_7: &str = "http://json-schema.org/draft-07/schema#";

/// Reads a schema and makes it what llguidance compiles: an object, with the options for white space,
/// and with the draft it seems to be written in (2020-12, or draft 7 if it lists item schemas the
/// old way).
///
/// # Errors
/// If it is no JSON or no schema.
pub(crate) fn read(text: &str, whitespace: Whitespace) -> Result<Value, Fault> {
    if text.trim().is_empty() {
        let hint = "Write a schema such as {\"type\": \"object\", \"properties\": {…}}.";
        return Err(Fault { message: "JSON schema is required".into(), place: None, hint });
    }
    let schema: Value = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    let mut schema = match schema {
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
    if !schema.contains_key(DRAFT) && lists_items(&Value::Object(schema.clone())) {
        schema.insert(DRAFT.into(), DRAFT_7.into());
    }
    let schema = Value::Object(schema);
    check(text, &schema)?;
    Ok(with_whitespace(schema, whitespace))
}

/// Explains why llguidance did not take a schema that is one. What it says is made for programmers of
/// its options, so it is said again in the words of schemas where that is possible.
pub(crate) fn fault(text: &str, message: &str) -> Fault {
    let first = message.lines().next().unwrap_or_default();
    let between = |before: &str, after: &str| {
        let rest = first.split_once(before)?.1;
        Some(rest.split_once(after).map_or(rest, |(inside, _)| inside))
    };
    let (message, hint, place) = if let Some(keys) = between("Unimplemented keys: [", "]") {
        let hint = "Such keywords cannot be enforced; remove them, and check the result yourself.";
        (format!("not supported: {}", keys.replace('"', "")), hint, None)
    } else if first.contains("oneOf constraints are not supported") {
        let hint = "Which option a text will match cannot be told while it is written: use anyOf, or \
                    give the options different types or consts.";
        ("not supported: oneOf with options that overlap".into(), hint, find(text, "oneOf"))
    } else if let Some(uri) = between("Resource '", "'") {
        let hint = "Nothing is fetched for a schema: copy the definition into $defs, and refer to it \
                    as #/$defs/name.";
        (format!("$ref to another document: {uri}"), hint, find(text, uri))
    } else if let Some(pointer) = between("Pointer '", "'") {
        let hint = "A $ref such as #/$defs/name needs that name under $defs.";
        (format!("$ref to a definition that is not there: #{pointer}"), hint, find(text, pointer))
    } else if let Some(format) = between("Unknown format: ", "\n") {
        let hint = "Remove the format, or describe it with a pattern.";
        (format!("not supported: the format {format}"), hint, find(text, format))
    } else if let Some(reason) = between("Unsatisfiable schema: ", "\n") {
        let hint = "Look at limits and enums that exclude each other.";
        (format!("no document can satisfy it: {reason}"), hint, None)
    } else if message.contains("regex parse error") {
        let hint = "Patterns have the syntax of Rust's regex crate, without look-around and \
                    back-references.";
        // The last line says what is wrong; the others draw it.
        let last = message.lines().next_back().unwrap_or_default();
        let reason = last.trim_start_matches("error: ");
        (format!("pattern: {reason}"), hint, bad_pattern(text))
    } else {
        (first.to_owned(), "Simplify the schema; see docs/grammar.md.", None)
    };
    let by_name = || words(&message).into_iter().find_map(|word| find(text, word));
    let place = place.or_else(by_name);
    Fault { message, place, hint }
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

/// Whether item schemas are written as a list, which 2020-12 calls `prefixItems`.
fn lists_items(schema: &Value) -> bool {
    match schema {
        Value::Object(object) => {
            object.get("items").is_some_and(Value::is_array) || object.values().any(lists_items)
        }
        Value::Array(items) => items.iter().any(lists_items),
        _ => false,
    }
}

/// Checks a schema against the schema of its draft. A draft that is not known is not checked.
fn check(text: &str, schema: &Value) -> Result<(), Fault> {
    let Err(error) = jsonschema::meta::validate(schema) else { return Ok(()) };
    if matches!(error.kind(), ValidationErrorKind::Referencing(_)) {
        return Ok(());
    }
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

fn with_whitespace(mut schema: Value, whitespace: Whitespace) -> Value {
    let object = schema.as_object_mut().expect("a schema is an object");
    if !object.contains_key(OPTIONS) {
        let options = match whitespace {
            // llguidance takes it once between two parts.
            Whitespace::Single => json!({ "whitespace_pattern": " " }),
            Whitespace::Flexible => json!({ "whitespace_flexible": true }),
        };
        object.insert(OPTIONS.into(), options);
    }
    schema
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

/// What a message may name: its words, the last first.
fn words(message: &str) -> Vec<&str> {
    let is_end = |c: char| c.is_whitespace() || ",:()".contains(c);
    let mut words: Vec<&str> = message.split(is_end).filter(|word| word.len() > 2).collect();
    words.reverse();
    words
}

/// The first property with that name, or else the first text that contains it.
fn find(text: &str, name: &str) -> Option<Place> {
    let root = parsed(text)?;
    let mut property = None;
    let mut value = None;
    walk(&root, &mut |key, node| {
        if key.is_some_and(|key| key.as_str() == name) {
            property = property.or(key.map(ObjectPropName::range));
        }
        if let Node::StringLit(literal) = node
            && literal.value.contains(name)
        {
            value = value.or(Some(literal.range));
        }
    });
    property.or(value).map(|range| place_of(text, range))
}

/// The first pattern that is no regular expression.
fn bad_pattern(text: &str) -> Option<Place> {
    let root = parsed(text)?;
    let is_bad = |pattern: &str| regex_syntax::Parser::new().parse(pattern).is_err();
    let mut found = None;
    walk(&root, &mut |key, node| {
        let Some(key) = key else { return };
        match node {
            Node::StringLit(literal) if key.as_str() == "pattern" && is_bad(&literal.value) => {
                found = found.or(Some(literal.range));
            }
            Node::Object(object) if key.as_str() == "patternProperties" => {
                let bad = object.properties.iter().find(|p| is_bad(p.name.as_str()));
                found = found.or(bad.map(|property| property.name.range()));
            }
            _ => {}
        }
    });
    found.map(|range| place_of(text, range))
}

/// Visits every value, with the name of the property whose value it is.
fn walk<'a>(root: &'a Node<'a>, visit: &mut impl FnMut(Option<&ObjectPropName<'a>>, &Node<'a>)) {
    let mut open: Vec<(Option<&ObjectPropName<'_>>, &Node<'_>)> = vec![(None, root)];
    while let Some((key, node)) = open.pop() {
        visit(key, node);
        // The last comes off first.
        match node {
            Node::Object(object) => {
                open.extend(object.properties.iter().rev().map(|p| (Some(&p.name), &p.value)));
            }
            Node::Array(array) => open.extend(array.elements.iter().rev().map(|e| (None, e))),
            _ => {}
        }
    }
}
