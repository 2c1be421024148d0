//! Schemas' masks against what schemas mean: the JSON Schema Test Suite, and cases of our own.

use std::collections::BTreeMap;

use serde_json::Value;
use tokenscope_grammar::{Constraint, GrammarError, Grammars, Kind, Whitespace};
use tokenscope_tokens::{GgufVocabulary, TokenId, TokenKind, Tokenizer};

/// Every byte, and the end.
fn tokenizer() -> Tokenizer {
    let mut tokens: Vec<String> = (0..=255u8).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut kinds = vec![TokenKind::Byte; 256];
    tokens.extend(["<end>", "<unk>"].map(String::from));
    kinds.extend([TokenKind::Control, TokenKind::Unknown]);
    let source = GgufVocabulary {
        model: "llama".into(),
        scores: (0..tokens.len()).map(|id| id as f32).collect(),
        tokens,
        kinds,
        eos: Some(TokenId(256)),
        add_space_prefix: Some(false),
        ..GgufVocabulary::default()
    };
    Tokenizer::from_gguf(&source).unwrap()
}

struct Checker {
    tokenizer: Tokenizer,
    grammars: Grammars,
}

impl Checker {
    fn new() -> Self {
        let tokenizer = tokenizer();
        let grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
        Checker { tokenizer, grammars }
    }

    /// Whether a schema's mask lets a whole document through, byte by byte.
    fn accepts(&mut self, schema: &str, document: &str) -> Result<bool, GrammarError> {
        self.lets_through(Kind::JsonSchema, schema, document)
    }

    fn lets_through(
        &mut self,
        kind: Kind,
        text: &str,
        document: &str,
    ) -> Result<bool, GrammarError> {
        let constraint = Constraint { kind, text: text.into(), whitespace: Whitespace::Single };
        self.grammars.position(&self.tokenizer, &constraint, &[])?;
        let bytes: Vec<TokenId> = document.bytes().map(|byte| TokenId(byte.into())).collect();
        match self.grammars.position(&self.tokenizer, &constraint, &bytes) {
            Ok(position) => Ok(position.may_end),
            Err(GrammarError::Violated { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A document with the properties of its objects in other orders, as far as there are few.
fn orders(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let entries: Vec<(&String, Vec<String>)> =
                object.iter().map(|(name, value)| (name, orders(value))).collect();
            let mut texts = Vec::new();
            for order in permutations(entries.len()) {
                let mut wholes = vec![String::new()];
                for index in order {
                    let (name, values) = &entries[index];
                    wholes = wholes
                        .iter()
                        .flat_map(|whole| {
                            let comma = if whole.is_empty() { "" } else { "," };
                            values.iter().take(6).map(move |value| {
                                format!("{whole}{comma}{}:{value}", Value::from(name.as_str()))
                            })
                        })
                        .take(3_000)
                        .collect();
                }
                texts.extend(wholes.iter().map(|whole| format!("{{{whole}}}")));
            }
            texts
        }
        Value::Array(items) => {
            let mut wholes = vec![String::new()];
            for (index, item) in items.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let values = orders(item);
                wholes = wholes
                    .iter()
                    .flat_map(|whole| {
                        values.iter().map(move |value| format!("{whole}{comma}{value}"))
                    })
                    .take(3_000)
                    .collect();
            }
            wholes.iter().map(|whole| format!("[{whole}]")).collect()
        }
        scalar => vec![scalar.to_string()],
    }
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n > 5 {
        return vec![(0..n).collect()];
    }
    let mut all = vec![vec![]];
    for next in 0..n {
        all = all
            .iter()
            .flat_map(|order: &Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, next);
                    longer
                })
            })
            .collect();
    }
    all
}

/// Why a document that is valid may be refused: what docs/grammar.md calls canonical.
fn other_form(file: &str, document: &str) -> Option<&'static str> {
    let numbers = || document.split(|c: char| !(c.is_ascii_digit() || ".-+eE".contains(c)));
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if numbers().any(|number| number.ends_with(".0")) {
        return Some("an integer has no fraction");
    }
    if numbers().any(|number| is_number(number) && number.contains(['e', 'E'])) {
        return Some("a number with bounds has no exponent");
    }
    match file {
        "format" => Some("formats count"),
        "vocabulary" => Some("a $schema that is not known means 2020-12"),
        _ => None,
    }
}

/// What the suite says of a draft's schemas, and what the masks say.
#[derive(Default)]
struct Tally {
    schemas: usize,
    accepted: usize,
    documents: usize,
    /// Valid documents that are refused, by the reason for it.
    other_forms: BTreeMap<&'static str, usize>,
}

/// A schema that says which draft it is of. (Those of the older suite don't.)
fn named_draft(schema: &str, draft: &str) -> String {
    match schema.strip_prefix('{') {
        Some(rest) if draft == "draft7" && !schema.contains("\"$schema\"") => {
            let comma = if rest == "}" { "" } else { "," };
            format!(r#"{{"$schema": "http://json-schema.org/draft-07/schema#"{comma}{rest}"#)
        }
        _ => schema.to_owned(),
    }
}

fn run_suite(draft: &str) -> Tally {
    let path =
        format!("{}/../../fixtures/json_schema_suite/{draft}.json", env!("CARGO_MANIFEST_DIR"));
    let groups: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut checker = Checker::new();
    let mut tally = Tally::default();
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for group in groups.as_array().unwrap() {
        let schema = &named_draft(group["schema"].as_str().unwrap(), draft);
        tally.schemas += 1;
        let name = format!("{}: {}", group["file"].as_str().unwrap(), group["description"]);
        match checker.accepts(schema, "") {
            Ok(_) => tally.accepted += 1,
            Err(error) => {
                let tests = group["tests"].as_array().unwrap();
                let is_unsatisfiable = error.to_string().contains("no document")
                    || error.to_string().contains("allows no document");
                assert!(
                    !is_unsatisfiable || tests.iter().all(|test| test[1] == false),
                    "{name}: {error}"
                );
                if is_unsatisfiable {
                    // That is what it means.
                    tally.accepted += 1;
                    continue;
                }
                *refusals.entry(error.to_string()).or_default() += 1;
                continue;
            }
        }
        for test in group["tests"].as_array().unwrap() {
            let (text, is_valid) = (test[0].as_str().unwrap(), test[1].as_bool().unwrap());
            let mut texts = vec![text.to_owned()];
            if text.contains('{') {
                texts.extend(orders(&serde_json::from_str(text).unwrap()));
            }
            tally.documents += 1;
            let accepted = texts.iter().any(|text| checker.accepts(schema, text).unwrap());
            if accepted && !is_valid {
                wrong.push(format!("{name}: {text} is accepted"));
            }
            if !accepted && is_valid {
                let reason = other_form(group["file"].as_str().unwrap(), text);
                let reason =
                    reason.unwrap_or_else(|| panic!("{name}: {text} is refused for {schema}"));
                *tally.other_forms.entry(reason).or_default() += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut refusals: Vec<_> = refusals.into_iter().collect();
    refusals.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (refusal, count) in refusals {
        eprintln!("{count:4} {refusal}");
    }
    eprintln!(
        "{draft}: {} of {} schemas accepted, {} documents, valid ones refused: {:?}",
        tally.accepted, tally.schemas, tally.documents, tally.other_forms
    );
    tally
}

#[test]
fn masks_say_what_the_suite_says() {
    for (draft, at_least) in [("draft2020-12", 370), ("draft7", 200)] {
        let tally = run_suite(draft);
        assert!(tally.accepted >= at_least, "{draft}: {}", tally.accepted);
    }
}

/// Inputs made after reports of wrong masks elsewhere: a schema, a document, and whether it is let through.
#[test]
fn names_and_numbers_are_exact() {
    let mut checker = Checker::new();
    let object = r#"{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}"#;
    let by_pattern = r#"{"type":"object","patternProperties":{"^n":{"type":"integer"}},
        "additionalProperties":{"type":"string"}}"#;
    let range =
        r#"{"type":"integer","minimum":-9223372036854775808,"maximum":18446744073709551615}"#;
    let small = r#"{"type":"number","minimum":1e-7,"exclusiveMaximum":1e21}"#;
    let large = r#"{"enum":[9007199254740993,"é",123456789012345678901234567890,1.50,-0.0]}"#;
    for (schema, document, expected) in [
        // An escaped name is another way to write a property that has a schema.
        (object, r#"{"id":1,"\u0069d":"x"}"#, false),
        (object, r#"{"id":1,"i\u0064":2}"#, false),
        (object, r#"{"id":1,"id":2}"#, false),
        (object, r#"{"id":1,"ID":"x"}"#, true),
        (object, r#"{"id":"1"}"#, false),
        (by_pattern, r#"{"\u006e":"x"}"#, false),
        (by_pattern, r#"{"n":1,"a\nb":"x"}"#, true),
        (by_pattern, r#"{"n":"x"}"#, false),
        // Names that JSON must escape are still found.
        (
            r#"{"properties":{"a\"b":{"type":"null"}},"required":["a\"b"]}"#,
            r#"{"a\"b":null}"#,
            true,
        ),
        (r#"{"properties":{"a\"b":{"type":"null"}},"required":["a\"b"]}"#, r#"{"a\"b":1}"#, false),
        (r#"{"properties":{"a\/b":{"type":"null"}}}"#, r#"{"a/b":null}"#, true),
        (r#"{"properties":{"a\/b":{"type":"null"}}}"#, r#"{"a/b":1}"#, false),
        (r#"{"properties":{"\ud83d\ude00":{"type":"null"}}}"#, "{\"\u{1f600}\":1}", false),
        (r#"{"properties":{"a":{"type":"null"},"a":{"type":"string"}}}"#, r#"{"a":"x"}"#, true),
        // Integers of any size.
        (large, "9007199254740993", true),
        (large, "9007199254740992", false),
        (large, "123456789012345678901234567890", true),
        (large, "123456789012345678901234567891", false),
        (large, "1.5", true),
        (large, "0", true),
        (range, "18446744073709551615", true),
        (range, "18446744073709551616", false),
        (range, "-9223372036854775808", true),
        (range, "-9223372036854775809", false),
        (r#"{"type":"integer","exclusiveMinimum":9007199254740992}"#, "9007199254740993", true),
        (r#"{"type":"integer","exclusiveMinimum":9007199254740992}"#, "9007199254740992", false),
        (r#"{"type":"integer","maximum":2.5}"#, "2", true),
        (r#"{"type":"integer","maximum":2.5}"#, "3", false),
        (r#"{"type":"integer","multipleOf":1e2}"#, "1200", true),
        (r#"{"type":"integer","multipleOf":7,"minimum":-20,"maximum":20}"#, "-14", true),
        (r#"{"type":"integer","multipleOf":7,"minimum":-20,"maximum":20}"#, "21", false),
        (small, "1", true),
        (small, "0.0000001", true),
        (small, "0.00000009", false),
        (small, "999999999999999999999", true),
        (small, "1000000000000000000000", false),
        (r#"{"multipleOf":0.01}"#, "1.25", true),
        (r#"{"multipleOf":0.01}"#, "1.255", false),
        (r#"{"const":1e3}"#, "1000", true),
        (r#"{"type":"integer","maximum":1e400}"#, "5", true),
        // Control characters have one spelling, too, or an escaped name would pass by its property.
        (r#"{"properties":{"\u001f":{"type":"integer"}}}"#, r#"{"\u001F":"x"}"#, false),
        (r#"{"not":{"const":"\u001f"}}"#, r#""\u001F""#, false),
        // A list in an example says nothing about the draft.
        (r#"{"prefixItems":[{"type":"string"}],"examples":[{"items":[1]}]}"#, "[1]", false),
        (r#"{"pattern":"^[\\w-]+$"}"#, "\"a-b\"", true),
        // What asks for nothing is no reason to refuse.
        (r#"{"type":"array","uniqueItems":false}"#, "[1,1]", true),
        (r#"{"type":"object","dependentRequired":{}}"#, "{}", true),
        (r#"{"type":"object","dependentRequired":{"a":[]}}"#, r#"{"a":1}"#, true),
        (r#"{"type":"string","format":"colour"}"#, "\"red\"", true),
        (r#"{"not":false,"allOf":[true],"x-note":1}"#, "1", true),
        (r#"{"minContains":0,"contains":false}"#, "[1]", true),
        // One name twice is one property.
        (r#"{"minProperties":1,"additionalProperties":{"type":"integer"}}"#, "{}", false),
        (r#"{"minProperties":1,"additionalProperties":{"type":"integer"}}"#, r#"{"a":1}"#, true),
        // A pattern is one of ECMAScript.
        (r#"{"pattern":"^\\S+$"}"#, "\"a\u{feff}\"", false),
        (r#"{"pattern":"^\\d$"}"#, "\"\u{664}\"", false),
        (r#"{"pattern":"b"}"#, "\"abc\"", true),
        (r#"{"minLength":2,"maxLength":2}"#, "\"\u{1f600}\u{1f600}\"", true),
        (r#"{"type":"string"}"#, r#""\u0061""#, false),
        // References.
        (r##"{"$defs":{"a/b~c%d":{"type":"null"}},"$ref":"#/$defs/a~1b~0c%25d"}"##, "null", true),
        (r##"{"$defs":{"x":{"$anchor":"here","type":"null"}},"$ref":"#here"}"##, "1", false),
        (r##"{"$defs":{"n":{"type":"integer"}},"$ref":"#/$defs/n","minimum":3}"##, "2", false),
        (
            r##"{"properties":{"next":{"anyOf":[{"type":"null"},{"$ref":"#"}]}},"required":["next"]}"##,
            r#"{"next":{"next":null}}"#,
            true,
        ),
    ] {
        let found =
            checker.accepts(schema, document).unwrap_or_else(|error| panic!("{schema}: {error}"));
        assert_eq!(found, expected, "{document} for {schema}");
    }
    for schema in [
        r#"{"minProperties":2}"#,
        r#"{"const":1e1001}"#,
        r#"{"uniqueItems":true}"#,
        r#"{"multipleOf":12345678912}"#,
    ] {
        let error = checker.accepts(schema, "").unwrap_err();
        assert!(
            matches!(error, GrammarError::Unusable { .. } | GrammarError::Invalid(_)),
            "{schema}: {error}"
        );
    }
}

/// A schema within a grammar has the masks that it has alone.
#[test]
fn schemas_within_grammars_are_as_exact() {
    let mut checker = Checker::new();
    let grammar = r#"start: "<" %json {
        "type": "object", "properties": {"id": {"enum": [9007199254740993]}}, "required": ["id"]
    } ">" more?
more: "!" %json {"type": "integer", "multipleOf": 3}"#;
    for (text, expected) in [
        (r#"<{"id":9007199254740993}>"#, true),
        (r#"<{ "id": 9007199254740993,"x" : 1 }>!12"#, true),
        (r#"<{"id":9007199254740992}>"#, false),
        (r#"<{"id":9007199254740993,"\u0069d":1}>"#, false),
        (r#"<{"id":9007199254740993}>!13"#, false),
        (r#"{"id":9007199254740993}"#, false),
    ] {
        assert_eq!(checker.lets_through(Kind::Cfg, grammar, text).unwrap(), expected, "{text}");
    }
    let error =
        checker.lets_through(Kind::Cfg, "start: a\na: %json {\n\"not\": {}} b", "").unwrap_err();
    assert!(error.to_string().contains("no document can satisfy it"), "{error}");
    let error =
        checker.lets_through(Kind::Cfg, "start: %json {\n\"const\": 1} a\na: b", "").unwrap_err();
    assert!(error.to_string().contains("unknown name: \"b\" (line 3, column 4)"), "{error}");
}

/// Deterministic luck (Knuth's MMIX generator).
struct Luck(u64);

impl Luck {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    fn one<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

const NAMES: [&str; 5] = ["a", "b", "ab", "c\"", "é"];

/// A small document.
fn document(luck: &mut Luck, depth: usize) -> Value {
    match luck.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => luck.chance(2).into(),
        2 => (luck.below(9) as i64 - 4).into(),
        3 => (*luck.one(&[0.5, -1.5, 2.25])).into(),
        4 => (*luck.one(&["", "a", "b", "ab", "ba", "é\n", "\"x"])).into(),
        5 | 6 => {
            // Few, since all orders of them are tried.
            let names = NAMES.into_iter().filter(|_| luck.chance(2)).take(3);
            let names: Vec<&str> = names.collect();
            names.into_iter().map(|name| (name.to_owned(), document(luck, depth - 1))).collect()
        }
        _ => (0..luck.below(4)).map(|_| document(luck, depth - 1)).collect(),
    }
}

/// A small schema of any keywords.
fn schema(luck: &mut Luck, depth: usize) -> Value {
    if luck.chance(8) {
        return (!luck.chance(4)).into();
    }
    let mut object = serde_json::Map::new();
    for _ in 0..1 + luck.below(3) {
        let inner = |luck: &mut Luck| schema(luck, depth.saturating_sub(1));
        let list = |luck: &mut Luck| -> Value {
            (0..1 + luck.below(3)).map(|_| schema(luck, depth.saturating_sub(1))).collect()
        };
        let named = |luck: &mut Luck, names: &[&str]| -> Value {
            let names: Vec<&str> = names.iter().copied().filter(|_| luck.chance(2)).collect();
            names
                .into_iter()
                .map(|name| (name.to_owned(), schema(luck, depth.saturating_sub(1))))
                .collect()
        };
        let names = |luck: &mut Luck| -> Value {
            NAMES.into_iter().filter(|_| luck.chance(3)).map(Value::from).collect()
        };
        let count = |luck: &mut Luck| Value::from(luck.below(4));
        let bound = |luck: &mut Luck| Value::from(*luck.one(&[-2.0, -0.5, 0.0, 1.0, 2.25, 3.0]));
        let types = ["null", "boolean", "integer", "number", "string", "array", "object"];
        let deep = if depth == 0 { 15 } else { 36 };
        let (key, value) = match luck.below(deep) {
            0..3 => ("type", (*luck.one(&types)).into()),
            3 => {
                let types: Vec<&str> = types.into_iter().filter(|_| luck.chance(2)).collect();
                ("type", if types.is_empty() { "null".into() } else { types.into() })
            }
            4 => ("const", document(luck, depth.min(1))),
            5 => ("enum", (0..1 + luck.below(4)).map(|_| document(luck, depth.min(1))).collect()),
            6 => ("minimum", bound(luck)),
            7 => ("exclusiveMaximum", bound(luck)),
            8 => ("multipleOf", (*luck.one(&[1.0, 2.0, 3.0, 0.5])).into()),
            9 => ("minLength", count(luck)),
            10 => ("maxLength", count(luck)),
            11 => ("pattern", (*luck.one(&["^a", "b$", "a|é", "^[^a]*$", "^\\w+$"])).into()),
            12 => ("maxItems", count(luck)),
            13 => ("minItems", count(luck)),
            14 => ("required", names(luck)),
            15 | 16 => ("properties", named(luck, &NAMES)),
            17 => ("additionalProperties", inner(luck)),
            18 => ("patternProperties", named(luck, &["^a", "b$", "é"])),
            19 => ("propertyNames", inner(luck)),
            20 => ("minProperties", count(luck)),
            21 => ("maxProperties", count(luck)),
            22 => ("dependentRequired", [("a".to_owned(), names(luck))].into_iter().collect()),
            23 => ("dependentSchemas", named(luck, &NAMES[..2])),
            24 => ("items", inner(luck)),
            25 => ("prefixItems", list(luck)),
            26 => ("contains", inner(luck)),
            27 => ("uniqueItems", luck.chance(2).into()),
            28 => ("allOf", list(luck)),
            29 => ("anyOf", list(luck)),
            30 => ("oneOf", list(luck)),
            31 => ("not", inner(luck)),
            32 => {
                object.insert("then".into(), inner(luck));
                object.insert("else".into(), inner(luck));
                ("if", inner(luck))
            }
            33 => ("unevaluatedProperties", inner(luck)),
            34 => ("unevaluatedItems", inner(luck)),
            _ => {
                object.insert("maxContains".into(), count(luck));
                ("minContains", count(luck))
            }
        };
        object.insert(key.into(), value);
    }
    object.into()
}

/// Some document that a mask lets through, if one is found in few steps.
fn written(checker: &mut Checker, schema: &str, luck: &mut Luck) -> Option<String> {
    let constraint =
        Constraint { kind: Kind::JsonSchema, text: schema.into(), whitespace: Whitespace::Single };
    let mut completion: Vec<TokenId> = Vec::new();
    for _ in 0..60 {
        let position =
            checker.grammars.position(&checker.tokenizer, &constraint, &completion).unwrap();
        let ends = position.may_end && luck.chance(2);
        // Letters that mean something come more often than the others.
        let likely = b"\"ab{}[],:0123.-nulltrefas";
        let is_likely = |id: &TokenId| likely.contains(&(id.0 as u8));
        let legal: Vec<TokenId> =
            (0..256).map(TokenId).filter(|id| position.mask.allows(*id)).collect();
        let some: Vec<TokenId> = legal.iter().copied().filter(is_likely).collect();
        if ends || legal.is_empty() {
            assert!(position.may_end, "{schema} leads nowhere after {completion:?}");
            let bytes = completion.iter().map(|id| id.0 as u8).collect();
            return Some(String::from_utf8(bytes).unwrap());
        }
        completion.push(*luck.one(if some.is_empty() { &legal } else { &some }));
    }
    None
}

/// Random schemas: what masks let through is valid, and what is valid is let through. Another program's judgement
/// (the crate jsonschema) is what is believed.
#[test]
fn masks_agree_with_another_validator_about_random_schemas() {
    let n: usize = std::env::var("SCHEMAS").map_or(2_000, |n| n.parse().unwrap());
    let mut checker = Checker::new();
    let mut luck = Luck(2020);
    let (mut accepted, mut documents, mut valid, mut texts) = (0, 0, 0, 0);
    for _ in 0..n {
        let schema = schema(&mut luck, 2);
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let text = schema.to_string();
        match checker.accepts(&text, "") {
            Ok(_) => accepted += 1,
            Err(error) => {
                let is_unsatisfiable = error.to_string().contains("no document");
                for _ in 0..20 {
                    let document = document(&mut luck, 2);
                    let is_right = !is_unsatisfiable || !validator.is_valid(&document);
                    assert!(is_right, "{document} for {text}: {error}");
                }
                continue;
            }
        }
        for _ in 0..25 {
            let document = document(&mut luck, 2);
            let is_valid = validator.is_valid(&document);
            let orders = orders(&document);
            let found = orders.iter().any(|order| checker.accepts(&text, order).unwrap());
            assert_eq!(found, is_valid, "{document} for {text}");
            documents += 1;
            valid += usize::from(is_valid);
        }
        for _ in 0..2 {
            let Some(written) = written(&mut checker, &text, &mut luck) else { continue };
            // Numbers beyond float64 are beyond this validator.
            let Ok(document) = serde_json::from_str(&written) else { continue };
            let is_exact =
                !written.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 15);
            assert!(!is_exact || validator.is_valid(&document), "{written} for {text}");
            texts += 1;
        }
    }
    eprintln!(
        "{accepted} of {n} schemas accepted, {documents} documents, {valid} of them valid; {texts} written"
    );
    assert!(accepted > n / 2);
}
