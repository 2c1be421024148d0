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

/// Explains why llguidance did not take a schema that is one.
pub(crate) fn fault(text: &str, message: &str) -> Fault {
    let hint = if message.contains("Unimplemented keys") {
        "Tokenscope cannot enforce these keywords; remove them, and check the result yourself."
    } else if message.contains("oneOf") {
        "Its options overlap, and which one a text will match cannot be told while it is written; \
         use anyOf, or make the options differ in a const or a type."
    } else if message.contains("not present in a registry") || message.contains("retriev") {
        "Nothing is fetched for a schema; copy the definition into $defs and refer to #/$defs/…."
    } else if message.contains("does not exist") {
        "A $ref such as #/$defs/name needs that name under $defs."
    } else if message.contains("Unsatisfiable") {
        "No document can satisfy it; look at limits and enums that exclude each other."
    } else if message.contains("regex parse error") {
        "Patterns have the syntax of Rust's regex crate, without look-around and back-references."
    } else if message.contains("Unknown format") {
        "Remove the format, or describe it with a pattern."
    } else {
        "Simplify the schema; docs/grammar.md lists what is supported."
    };
    // The last line of a regex error says what is wrong; the others draw it.
    let last_line = message.lines().next_back().unwrap_or_default();
    let message = if message.contains("regex parse error") {
        format!("pattern: {}", last_line.trim_start_matches("error: "))
    } else {
        message.lines().next().unwrap_or_default().to_owned()
    };
    let place = bad_pattern(text)
        .filter(|_| message.starts_with("pattern"))
        .or_else(|| named_in(&message).into_iter().find_map(|name| find(text, &name)));
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
    let message =
        if keyword.is_empty() { error.to_string() } else { format!("{keyword}: {error}") };
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

/// The names that a message quotes, and the last word of one that names without quoting.
fn named_in(message: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for quote in ['"', '\''] {
        names.extend(message.split(quote).skip(1).step_by(2).map(str::to_owned));
    }
    if names.is_empty() {
        names.extend(
            message
                .split([' ', ':'])
                .filter(|word| word.len() > 3)
                .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()),
        );
        names.reverse();
    }
    names.retain(|name| !name.is_empty());
    names
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
