//! The parts of a schema that a place in a document is about.

use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::document::{DocumentPath, Step};
use crate::place::TextRange;

/// Most parts that are looked at for one step: references may lead back to where they came from, and
/// options may have options.
const MOST_PARTS: usize = 1000;

/// The keywords whose items are schemas for the same value.
const OPTIONS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// The parts of a schema's text that are about a place in a document: a property with its name, the schema
/// of an array's items, or the whole schema. They are in the order of the text, none within another. There
/// is none where the schema says nothing of the place, and there are several under options that have a
/// property in common: which of them counts is not known here.
pub fn schema_places(text: &str, path: &DocumentPath) -> Vec<TextRange> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let Some(root) = parsed.ok().and_then(|parsed| parsed.value) else { return Vec::new() };
    let mut parts = vec![Part { node: &root, range: root.range() }];
    for step in path.steps() {
        let Some(all) = all_about(&root, parts) else { return Vec::new() };
        parts = all.iter().filter_map(|part| part.below(step)).collect();
    }
    let mut ranges: Vec<Range> = parts.iter().map(|part| part.range).collect();
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    // Where one part is within another, the outer one says it all.
    ranges.dedup_by(|later, earlier| later.end <= earlier.end);
    ranges.iter().map(|range| TextRange::of(text, range.start, range.end)).collect()
}

/// A schema within the schema, and what to mark for it.
#[derive(Clone, Copy)]
struct Part<'a> {
    node: &'a Node<'a>,
    range: Range,
}

/// These schemas and all that count where they do: what they refer to, and their options. None if there
/// is no end of them.
fn all_about<'a>(root: &'a Node<'a>, parts: Vec<Part<'a>>) -> Option<Vec<Part<'a>>> {
    let mut all: Vec<Part<'_>> = Vec::new();
    let mut open = parts;
    while let Some(part) = open.pop() {
        if all.iter().any(|known| known.range == part.range) {
            continue;
        }
        all.push(part);
        if all.len() > MOST_PARTS {
            return None;
        }
        let Node::Object(object) = part.node else { continue };
        let target = match value(object, "$ref") {
            Some(Node::StringLit(pointer)) => at_pointer(root, &pointer.value),
            _ => None,
        };
        let options = OPTIONS.iter().filter_map(|keyword| match value(object, keyword) {
            Some(Node::Array(options)) => Some(&options.elements),
            _ => None,
        });
        let nodes = target.into_iter().chain(options.flatten());
        open.extend(nodes.map(|node| Part { node, range: node.range() }));
    }
    Some(all)
}

impl<'a> Part<'a> {
    /// The schema of what is one step below.
    fn below(&self, step: &Step) -> Option<Part<'a>> {
        let Node::Object(object) = self.node else { return None };
        let schema = |keyword| match value(object, keyword) {
            Some(node @ Node::Object(_)) => Some(Part { node, range: node.range() }),
            _ => None,
        };
        match step {
            Step::Key(key) => {
                if let Some(Node::Object(properties)) = value(object, "properties")
                    && let Some(property) =
                        properties.properties.iter().rfind(|p| p.name.as_str() == key)
                {
                    let node = &property.value;
                    let range = Range { start: property.name.range().start, end: node.range().end };
                    return Some(Part { node, range });
                }
                // Whether a pattern is that of the key is not looked at here.
                let has_patterns = value(object, "patternProperties").is_some();
                if has_patterns { None } else { schema("additionalProperties") }
            }
            Step::Index(index) => {
                let listed = ["prefixItems", "items"].into_iter().find_map(|keyword| {
                    match value(object, keyword) {
                        Some(Node::Array(items)) => Some(&items.elements),
                        _ => None,
                    }
                });
                match listed.and_then(|items| items.get(*index)) {
                    Some(node) => Some(Part { node, range: node.range() }),
                    None => schema("items").or_else(|| schema("additionalItems")),
                }
            }
        }
    }
}

/// Of several properties of one name, the last one counts.
fn value<'a>(object: &'a Object<'a>, name: &str) -> Option<&'a Node<'a>> {
    object.properties.iter().rfind(|p| p.name.as_str() == name).map(|property| &property.value)
}

/// What a reference within the schema refers to: `#`, or a JSON pointer (RFC 6901) after it.
fn at_pointer<'a>(root: &'a Node<'a>, reference: &str) -> Option<&'a Node<'a>> {
    let pointer = reference.strip_prefix('#')?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return None;
    }
    pointer.split('/').skip(1).try_fold(root, |node, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match node {
            Node::Object(object) => value(object, &step),
            Node::Array(array) => array.elements.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document_path;

    #[test]
    fn the_part_of_the_schema_that_is_about_the_place_is_found() {
        let person = r##"{"$defs": {"p": {"properties": {"name": {"type": "string"}, "of": {"$ref": "#/$defs/p"}}}}, "$ref": "#/$defs/p"}"##;
        let list = r#"{"properties": {"items": {"items": {"properties": {"a b": true}}}}}"#;
        let tuple = r#"{"prefixItems": [{"const": 1}], "items": {"const": 2}}"#;
        let old_tuple = r#"{"items": [{"const": 1}], "additionalItems": {"const": 2}}"#;
        let options = r#"{"anyOf": [{"properties": {"x": {"const": 1}}}, {"properties": {"x": {"const": 2}, "y": {"const": 3}}}]}"#;
        let others = r#"{"properties": {"a": {}}, "additionalProperties": {"type": "null"}}"#;
        let patterns =
            r#"{"patternProperties": {"^a": {}}, "additionalProperties": {"type": "null"}}"#;
        let same = r##"{"anyOf": [{"$ref": "#/$defs/p"}, {"$ref": "#/$defs/p"}], "$defs": {"p": {"properties": {"x": {}}}}}"##;
        let endless = r##"{"anyOf": [{"$ref": "#"}, {"properties": {"x": {"const": 1}}}]}"##;
        let escaped = r##"{"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"properties": {"x": {}}}}}"##;
        for (schema, document, expected) in [
            (person, "", vec![person]),
            (person, "{", vec![person]),
            (person, r#"{"name": "J"#, vec![r#""name": {"type": "string"}"#]),
            (person, r#"{"of": {"of": {"name": "#, vec![r#""name": {"type": "string"}"#]),
            (person, r#"{"of": {"#, vec![r##""of": {"$ref": "#/$defs/p"}"##]),
            (person, r#"{"age": "#, vec![]),
            (list, r#"{"items": [{"#, vec![r#"{"properties": {"a b": true}}"#]),
            (list, r#"{"items": [{}, {"a b": 1"#, vec![r#""a b": true"#]),
            (list, r#"{"items": "#, vec![r#""items": {"items": {"properties": {"a b": true}}}"#]),
            (tuple, "[", vec![r#"{"const": 1}"#]),
            (tuple, "[1, ", vec![r#"{"const": 2}"#]),
            (old_tuple, "[", vec![r#"{"const": 1}"#]),
            (old_tuple, "[1, ", vec![r#"{"const": 2}"#]),
            (options, r#"{"y": "#, vec![r#""y": {"const": 3}"#]),
            // Either of two.
            (options, r#"{"x": "#, vec![r#""x": {"const": 1}"#, r#""x": {"const": 2}"#]),
            (others, r#"{"b": "#, vec![r#"{"type": "null"}"#]),
            (patterns, r#"{"b": "#, vec![]),
            (same, r#"{"x": "#, vec![r#""x": {}"#]),
            (endless, r#"{"x": "#, vec![r#""x": {"const": 1}"#]),
            (escaped, r#"{"x": "#, vec![r#""x": {}"#]),
            (r##"{"$ref": "https://example.org/a"}"##, r#"{"x": "#, vec![]),
            ("not a schema", "{", vec![]),
        ] {
            let path = document_path(document.as_bytes()).unwrap();
            // All of these are on one line of ASCII.
            let text = |range: TextRange| &schema[range.column - 1..range.end_column - 1];
            let found: Vec<&str> = schema_places(schema, &path).into_iter().map(text).collect();
            assert_eq!(found, expected, "{schema} {document}");
        }
    }

    #[test]
    fn places_are_told_by_line_and_column() {
        let schema =
            "{\n  \"properties\": {\n    \"é\": {\n      \"type\": \"null\"\n    }\n  }\n}";
        let path = document_path("{\"é\": ".as_bytes()).unwrap();
        let expected = TextRange { line: 3, column: 5, end_line: 5, end_column: 6 };
        assert_eq!(schema_places(schema, &path), [expected]);
    }
}
