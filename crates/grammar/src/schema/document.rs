//! A schema's text as a tree whose numbers are exact and whose values know their places.

use std::collections::HashMap;
use std::ops::Range;

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::decimal::Decimal;

/// A value of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ValueId(usize);

pub(super) enum Value {
    Null,
    Boolean(bool),
    /// None if it has too many digits.
    Number(Option<Decimal>),
    String(String),
    Array(Vec<ValueId>),
    /// Of two properties of one name the last counts, in the place of the first.
    Object(Vec<(String, ValueId)>),
}

/// All values of a text.
pub(super) struct Document {
    values: Vec<(Value, Range<usize>)>,
    /// Where the names of properties stand, by their values.
    names: HashMap<ValueId, Range<usize>>,
}

impl Document {
    /// Reads a text that is JSON, as was seen before.
    pub(super) fn read(text: &str) -> Option<Self> {
        let root = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
        let root = root.ok()?.value?;
        let mut document = Document { values: Vec::new(), names: HashMap::new() };
        document.add(text, &root)?;
        Some(document)
    }

    /// Children come after their parents.
    fn add(&mut self, text: &str, node: &Node<'_>) -> Option<ValueId> {
        let range = node.range();
        let id = ValueId(self.values.len());
        self.values.push((Value::Null, range.start..range.end));
        let value = match node {
            Node::NullKeyword(_) => Value::Null,
            Node::BooleanLit(literal) => Value::Boolean(literal.value),
            Node::NumberLit(literal) => Value::Number(Decimal::parse(literal.value)),
            // Pairs of surrogates are put together by whoever knows JSON.
            Node::StringLit(literal) => {
                let range = literal.range;
                Value::String(serde_json::from_str(text.get(range.start..range.end)?).ok()?)
            }
            Node::Array(array) => {
                let items = array.elements.iter().map(|element| self.add(text, element));
                Value::Array(items.collect::<Option<_>>()?)
            }
            Node::Object(object) => {
                let mut properties: Vec<(String, ValueId)> = Vec::new();
                let mut places: HashMap<String, usize> = HashMap::new();
                for property in &object.properties {
                    let range = property.name.range();
                    let name: String =
                        serde_json::from_str(text.get(range.start..range.end)?).ok()?;
                    let value = self.add(text, &property.value)?;
                    self.names.insert(value, range.start..range.end);
                    match places.get(&name) {
                        Some(place) => properties[*place].1 = value,
                        None => {
                            places.insert(name.clone(), properties.len());
                            properties.push((name, value));
                        }
                    }
                }
                Value::Object(properties)
            }
        };
        self.values[id.0].0 = value;
        Some(id)
    }

    pub(super) fn root(&self) -> ValueId {
        ValueId(0)
    }

    pub(super) fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0].0
    }

    /// Where it stands in the text, in bytes.
    pub(super) fn range(&self, id: ValueId) -> Range<usize> {
        self.values[id.0].1.clone()
    }

    /// Where the name of a property stands, by its value.
    pub(super) fn name_range(&self, id: ValueId) -> Option<Range<usize>> {
        self.names.get(&id).cloned()
    }

    /// The first property of a name, anywhere.
    pub(super) fn find(&self, name: &str) -> Option<ValueId> {
        (0..self.values.len()).find_map(|place| self.get(ValueId(place), name))
    }

    pub(super) fn object(&self, id: ValueId) -> &[(String, ValueId)] {
        match self.value(id) {
            Value::Object(properties) => properties,
            _ => &[],
        }
    }

    pub(super) fn array(&self, id: ValueId) -> &[ValueId] {
        match self.value(id) {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn string(&self, id: ValueId) -> Option<&str> {
        match self.value(id) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn get(&self, id: ValueId, name: &str) -> Option<ValueId> {
        self.object(id).iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Whether two values are the same, as JSON Schema has it: numbers by value, objects in any order.
    pub(super) fn equal(&self, a: ValueId, b: ValueId) -> bool {
        match (self.value(a), self.value(b)) {
            (Value::Null, Value::Null) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.is_some() && a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.equal(*a, *b))
            }
            (Value::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(name, value)| {
                        self.get(b, name).is_some_and(|found| self.equal(*value, found))
                    })
            }
            _ => false,
        }
    }
}
