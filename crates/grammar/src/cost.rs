//! What a constraint will cost to compile: which ones are plainly cheap, and what is dear about the others.
//!
//! Nobody can tell from a constraint's text what it costs: `multipleOf` takes as many states as it has
//! remainders, repeated patterns are as large as what they repeat. So the estimate errs on one side: what
//! it calls cheap is, and everything else is tried in a process that can be ended (`trial.rs`).

use regex_syntax::hir::{Hir, HirKind};
use serde_json::Value;

use crate::error::Fault;
use crate::{Constraint, Kind, Place, pattern};

/// Longest cheap text, in bytes.
const SHORT: usize = 4_000;

/// Most characters and classes of a cheap pattern after its repetitions are written out.
const SMALL: u64 = 500;

/// Whether compiling a constraint takes no more than some milliseconds and megabytes.
pub(crate) fn is_cheap(constraint: &Constraint) -> bool {
    let text = constraint.text.as_str();
    if text.len() > SHORT {
        return false;
    }
    match constraint.kind {
        Kind::MultipleChoice => true,
        Kind::Regex => pattern::checked(text).map_or(true, |pattern| is_small(&pattern)),
        Kind::Cfg => is_plain_grammar(text),
        Kind::JsonSchema => {
            serde_json::from_str(text).is_ok_and(|schema: Value| is_plain_schema(&schema))
        }
    }
}

/// Whether a pattern is small when its repetitions are written out; what is no pattern is refused soon.
fn is_small(pattern: &str) -> bool {
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(100).build();
    parser.parse(pattern).map_or(true, |hir| expanded(&hir) <= SMALL)
}

/// How many characters and classes a pattern has when its repetitions are written out.
fn expanded(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(_) => 1,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            expanded(&repetition.sub).max(1).saturating_mul(times.into())
        }
        HirKind::Capture(capture) => expanded(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(expanded).fold(parts.len() as u64, u64::saturating_add)
        }
    }
}

/// Whether a grammar repeats little and has nothing in it that is a grammar of another kind.
fn is_plain_grammar(text: &str) -> bool {
    let (rules, patterns) = rules_and_patterns(text);
    // Repetitions may be nested through names, so they multiply.
    let times = counts(&rules).map(|(_, count)| count.max(1)).fold(1, u64::saturating_mul);
    patterns.iter().all(|pattern| is_small(pattern))
        && has_only_ignores(&rules)
        && !has_deep_terminals(&rules)
        && times.saturating_mul(text.len() as u64) <= 40_000
}

/// A grammar without its texts in quotes, its patterns and comments; and its patterns.
fn rules_and_patterns(text: &str) -> (String, Vec<String>) {
    let (mut rules, mut patterns) = (String::new(), Vec::new());
    let mut rest = text.chars();
    while let Some(opening) = rest.next() {
        if !matches!(opening, '"' | '/') {
            rules.push(opening);
            continue;
        }
        let mut inside = String::new();
        while let Some(c) = rest.next().filter(|c| *c != opening) {
            inside.push(c);
            if c == '\\' {
                inside.extend(rest.next());
            }
        }
        // What stands for it is no operator.
        rules.push('_');
        if opening == '/' {
            patterns.push(inside);
        }
    }
    (rules, patterns)
}

/// Whether `%ignore` is all that a grammar uses beyond rules.
fn has_only_ignores(rules: &str) -> bool {
    !rules.replace("%ignore ", "").contains(['&', '~', '%'])
}

/// Whether terminals are made of terminals so that their length may double with every line.
fn has_deep_terminals(text: &str) -> bool {
    let is_definition = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().trim();
        line.contains(':') && !name.is_empty() && !name.contains(char::is_lowercase)
    };
    text.lines().filter(is_definition).count() > 12
}

/// The numbers in `{n}`, `{n,}` and `{n,m}` (the larger one), and `~ n..m` of Lark, with their offsets.
fn counts(text: &str) -> impl Iterator<Item = (usize, u64)> {
    text.match_indices('{').filter_map(|(offset, _)| {
        let inside = text[offset + 1..].split('}').next()?;
        let number = |part: &str| {
            let digits = part.trim();
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().unwrap_or(u64::MAX))
        };
        Some((offset, inside.split(',').filter_map(number).max()?))
    })
}

/// Keywords whose values are schemas, by name or in a list, or say nothing that costs.
const PLAIN: [&str; 18] = [
    "$schema",
    "$id",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "items",
    "prefixItems",
    "additionalProperties",
    "anyOf",
    "format",
    "default",
    "examples",
    "$ref",
    "minimum",
    "maximum",
    "required",
];

/// Keywords whose values are counts.
const COUNTS: [&str; 4] = ["minItems", "maxItems", "minLength", "maxLength"];

/// Keywords with properties.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// Whether a schema uses only keywords whose cost is that of their text.
fn is_plain_schema(schema: &Value) -> bool {
    let Value::Object(object) = schema else { return true };
    object.iter().all(|(keyword, value)| match keyword.as_str() {
        name if NAMED.contains(&name) => {
            value.as_object().is_none_or(|named| named.values().all(is_plain_schema))
        }
        name if COUNTS.contains(&name) => value.as_u64().is_none_or(|count| count <= 200),
        "minimum" | "maximum" => value.to_string().len() <= 20,
        "enum" | "const" | "default" | "examples" => true,
        "pattern" => value.as_str().is_none_or(is_small),
        "anyOf" | "prefixItems" => {
            value.as_array().is_none_or(|options| options.iter().all(is_plain_schema))
        }
        "items" => match value {
            Value::Array(items) => items.iter().all(is_plain_schema),
            item => is_plain_schema(item),
        },
        "additionalProperties" => is_plain_schema(value),
        name => PLAIN.contains(&name),
    })
}

/// Explains why a constraint that met a limit is refused: what is probably dear about it, where, and what
/// to do. `limit` is what it met, as in "more than a second of computing".
pub(crate) fn too_dear(constraint: &Constraint, limit: &str) -> Fault {
    let text = constraint.text.as_str();
    let said = |what: String| format!("it takes {limit} to compile; {what}");
    let at = |offset: usize, len: usize| Some(Place::of(text, offset, offset + len));
    if constraint.kind == Kind::JsonSchema
        && let Some((offset, keyword, number)) = dearest_keyword(text)
    {
        let hint = if keyword == "multipleOf" {
            "Every remainder is a state of its own: take a smaller multipleOf, or leave it out and check the \
             number afterwards."
        } else {
            "Take a smaller count, or leave it out and check the document afterwards."
        };
        let message = said(format!("what is dear is probably {keyword}: {number}"));
        return Fault { message, place: at(offset, keyword.len() + 2), hint };
    }
    if constraint.kind != Kind::MultipleChoice
        && let Some((offset, count)) = counts(text).max_by_key(|(_, count)| *count)
        && count > 20
    {
        let message = said(format!("what is dear is probably what is repeated {count} times"));
        let len = text[offset..].find('}').map_or(1, |end| end + 1);
        let hint = "Repeat it less often, or write * or + for any number of times.";
        return Fault { message, place: at(offset, len), hint };
    }
    let message = said(format!("its text has {} bytes", text.len()));
    let hint = match constraint.kind {
        Kind::MultipleChoice => "Give fewer or shorter choices.",
        Kind::Regex => "Make the pattern shorter, or write what repeats with *, + or a small {n}.",
        Kind::Cfg => "Make terminals shorter, and give what repeats a rule of its own.",
        Kind::JsonSchema => "Make the schema smaller; allOf, oneOf and patterns cost most.",
    };
    Fault { message, place: None, hint }
}

/// The keyword with the largest number, of those whose number is a number of states.
fn dearest_keyword(text: &str) -> Option<(usize, &'static str, f64)> {
    let keywords = [
        "multipleOf",
        "maxLength",
        "minLength",
        "maxItems",
        "minItems",
        "minProperties",
        "maxProperties",
    ];
    let found = keywords.iter().flat_map(|keyword| {
        let quoted = format!("\"{keyword}\"");
        let places: Vec<usize> = text.match_indices(&quoted).map(|(offset, _)| offset).collect();
        places.into_iter().filter_map(move |offset| {
            let rest = text[offset + quoted.len()..].trim_start().strip_prefix(':')?.trim_start();
            let is_end = |c: char| !(c.is_ascii_digit() || "+-.eE".contains(c));
            let number: f64 = rest.split(is_end).next()?.parse().ok()?;
            Some((offset, *keyword, number))
        })
    });
    found
        .filter(|(.., number)| *number > 20.0 || number.fract() != 0.0)
        .max_by(|a, b| a.2.total_cmp(&b.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EXAMPLES, Whitespace};

    fn constraint(kind: Kind, text: &str) -> Constraint {
        Constraint { kind, text: text.into(), whitespace: Whitespace::Single }
    }

    #[test]
    fn what_is_called_cheap_is_small_and_plain() {
        for example in EXAMPLES {
            let constraint = constraint(example.kind, example.text);
            assert!(is_cheap(&constraint), "{}: {}", example.label, example.text);
        }
        use Kind::{Cfg, JsonSchema, MultipleChoice, Regex};
        for (kind, text, expected) in [
            (Regex, "(a|b)*c{3,5}", true),
            (Regex, "((a{30}){30}){30}", false),
            (Regex, "a{501}", false),
            (Regex, "(?x)[ ]a {501}", false),
            (Regex, &"x*".repeat(60_000), false),
            (Cfg, "start: \"a\" start | \"b\"", true),
            (Cfg, "start: A{99999}\nA: \"a\"", false),
            (Cfg, "start: A\nA: /a{999}/ /b{999}/", false),
            (Cfg, "start: \"%\" a{3}\na: /[^\"]{40}/", true),
            (Cfg, "start: b{30}\nb: c{30}\nc: d{30}\nd: \"{9}\"", false),
            (Cfg, "start: A & B\nA: /a/\nB: /b/", false),
            (Cfg, "start: %json {\"multipleOf\": 99999989}", false),
            (JsonSchema, r#"{"type":"integer","multipleOf":99999989}"#, false),
            (JsonSchema, r#"{"type":"integer","minimum":1}"#, true),
            (JsonSchema, r#"{"items":{"maxLength":100000}}"#, false),
            (JsonSchema, r#"{"properties":{"multipleOf":{"type":"string"}}}"#, true),
            (JsonSchema, r#"{"properties":{"a":{"pattern":"a{9999}"}}}"#, false),
            (JsonSchema, r#"{"allOf":[{"type":"string"}]}"#, false),
            (MultipleChoice, "a\nb", true),
        ] {
            assert_eq!(is_cheap(&constraint(kind, text)), expected, "{text:.80}");
        }
    }

    #[test]
    fn refusals_name_what_is_dear() {
        use Kind::{Cfg, JsonSchema, Regex};
        for (kind, text, what, column) in [
            (
                JsonSchema,
                r#"{"multipleOf":99999989,"maxLength":30}"#,
                "multipleOf: 99999989",
                Some(2),
            ),
            (Regex, "ab{3}(c{77777}d{5,9})", "repeated 77777 times", Some(8)),
            (Cfg, "start: \"a\"{5,9000}", "repeated 9000 times", Some(11)),
            (Regex, "x*x*", "its text has 4 bytes", None),
        ] {
            let fault = too_dear(&constraint(kind, text), "more than a second of computing");
            assert!(fault.message.contains(what), "{text}: {}", fault.message);
            assert!(
                fault.message.starts_with("it takes more than a second of computing to compile")
            );
            assert_eq!(fault.place.map(|place| place.column), column, "{text}");
        }
    }
}
