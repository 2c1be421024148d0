//! Bodies made from a schema: at random, and with one thing changed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use super::document::Document;

/// Makes values of a schema, the same ones each time.
pub(crate) struct Maker<'a> {
    document: &'a Document,
    luck: ChaCha8Rng,
}

/// Texts of all kinds: some are constraints, some are none.
const TEXTS: [&str; 9] = [
    "",
    "a",
    "yes\nno",
    "(yes|no)",
    "(",
    "start: \"a\"",
    "{\"type\": \"object\"}",
    "\u{0}ü🙂",
    " ",
];

/// Numbers at which something begins or ends.
const INTEGERS: [i64; 10] = [0, 1, -1, 2, 50, 51, 319, 320, i64::MIN, i64::MAX];

const NUMBERS: [f64; 8] = [0.0, 1.0, -1.0, 0.5, 1e-300, 1e300, -1e300, 1e15];

impl<'a> Maker<'a> {
    pub(crate) fn new(document: &'a Document, seed: u64) -> Self {
        Maker { document, luck: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn below(&mut self, end: usize) -> usize {
        (self.luck.next_u64() % end as u64) as usize
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let place = self.below(choices.len());
        choices[place].clone()
    }

    /// Some value that the schema accepts.
    pub(crate) fn value(&mut self, schema: &Value) -> Value {
        let schema = self.document.resolve(schema);
        if let Some(values) = schema["enum"].as_array() {
            return self.one_of(values);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(options) = schema[keyword].as_array() {
                let option = self.one_of(options);
                return self.value(&option);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in parts {
                let Value::Object(fields) = self.value(part) else { panic!("{part} is no object") };
                whole.extend(fields);
            }
            return whole.into();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => self.one_of(kinds),
            kind => kind.clone(),
        };
        match kind.as_str() {
            Some("null") => Value::Null,
            Some("boolean") => self.one_of(&[true, false]).into(),
            Some("integer") => self.one_of(&INTEGERS).into(),
            Some("number") => self.one_of(&NUMBERS).into(),
            Some("string") => self.one_of(&TEXTS).into(),
            Some("array") => (0..self.below(4)).map(|_| self.value(&schema["items"])).collect(),
            Some("object") => {
                let fields = schema["properties"].as_object();
                let mut object = Map::new();
                for (name, field) in fields.into_iter().flatten() {
                    let required = schema["required"].as_array();
                    let is_required = required.is_some_and(|names| names.contains(&json!(name)));
                    if is_required || self.below(3) == 0 {
                        object.insert(name.clone(), self.value(field));
                    }
                }
                object.into()
            }
            _ => panic!("no value is known for {schema}"),
        }
    }
}

/// An example with the defaults of all fields that it leaves out.
pub(crate) fn with_defaults(document: &Document, schema: &Value, example: &Value) -> Value {
    let schema = document.resolve(schema);
    let mut whole = example.clone();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        whole = with_defaults(document, part, &whole);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let given = whole.get(name).or_else(|| field.get("default"));
        if let Some(given) = given.cloned() {
            let value =
                if given.is_object() { with_defaults(document, field, &given) } else { given };
            whole[name] = value;
        }
    }
    whole
}

/// All bodies that differ from one in one place: a value of another type or size, a field too few or too many.
pub(crate) fn changed(body: &Value) -> Vec<Value> {
    let others = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(5.0),
        json!(1.5),
        json!(1e300),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!("5"),
        json!("no such name"),
        json!("x".repeat(10_000)),
        json!([]),
        json!([5]),
        json!([null]),
        json!(["a"]),
        json!({}),
        json!({"standard": null}),
    ];
    let mut bodies = Vec::new();
    for place in places(body) {
        for other in &others {
            let mut changed = body.clone();
            *changed.pointer_mut(&place).unwrap() = other.clone();
            bodies.push(changed);
        }
        if body.pointer(&place).is_some_and(Value::is_object) {
            let mut changed = body.clone();
            changed.pointer_mut(&place).unwrap()["no_such_field"] = json!(1);
            bodies.push(changed);
        }
        let (parent, name) = place.rsplit_once('/').unwrap_or(("", ""));
        let mut changed = body.clone();
        if let Some(Value::Object(fields)) = changed.pointer_mut(parent)
            && fields.remove(name).is_some()
        {
            bodies.push(changed);
        }
    }
    bodies.retain(|changed| changed != body);
    bodies
}

/// JSON pointers to a value and everything in it.
fn places(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), field)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    for (name, inner) in inner {
        all.extend(places(inner).into_iter().map(|place| format!("/{name}{place}")));
    }
    all
}
