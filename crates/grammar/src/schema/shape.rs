//! A schema as the documents it allows: for each type of JSON, alternatives whose parts are schemas again.

use std::rc::Rc;

use super::decimal::Decimal;
use super::language::Language;
use super::numbers::Numbers;

/// A schema whose shape is found when it is asked for, so that schemas may contain themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SchemaId(pub(super) usize);

/// What a document may be. Alternatives may overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) null: bool,
    /// Whether false is allowed, and true.
    pub(super) booleans: [bool; 2],
    pub(super) numbers: Vec<Numbers>,
    pub(super) strings: Vec<Strings>,
    pub(super) arrays: Vec<Array>,
    pub(super) objects: Vec<Object>,
}

/// A set of strings, as texts of JSON.
#[derive(Debug, Clone)]
pub(super) struct Strings {
    pub(super) language: Language,
    /// The strings themselves if there are few.
    pub(super) values: Option<Rc<Vec<String>>>,
}

/// Arrays.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) prefix: Vec<SchemaId>,
    /// Of the items after the prefix.
    pub(super) rest: SchemaId,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
    /// How many items must match a schema.
    pub(super) contains: Vec<Contains>,
    /// Whether no two items may be equal.
    pub(super) is_unique: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Contains {
    pub(super) schema: SchemaId,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
}

/// Objects.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// Properties that are named, in the order in which they are written.
    pub(super) known: Vec<Property>,
    /// Languages of the names of all other properties, none of which overlap, with the schemas of their values. A
    /// name in none of them is not allowed.
    pub(super) cells: Vec<(Language, SchemaId)>,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
    /// Names of which one at least must be there, beyond those that are known.
    pub(super) needs: Option<Language>,
}

#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) schema: SchemaId,
    pub(super) is_required: bool,
}

impl Shape {
    /// The values of a shape that has few, all of them scalars.
    pub(super) fn scalars(&self) -> Option<Vec<Scalar>> {
        let mut values = Vec::new();
        if !self.arrays.is_empty() || !self.objects.is_empty() {
            return None;
        }
        values.extend(self.null.then_some(Scalar::Null));
        for (allowed, value) in self.booleans.into_iter().zip([false, true]) {
            values.extend(allowed.then_some(Scalar::Boolean(value)));
        }
        for numbers in &self.numbers {
            let Numbers::Values(numbers) = numbers else { return None };
            values.extend(numbers.iter().cloned().map(Scalar::Number));
        }
        for strings in &self.strings {
            values.extend(strings.values.as_ref()?.iter().cloned().map(Scalar::String));
        }
        let mut different: Vec<Scalar> = Vec::new();
        for value in values {
            if !different.contains(&value) {
                different.push(value);
            }
        }
        Some(different)
    }
}

/// A value without parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Boolean(bool),
    Number(Decimal),
    String(String),
}
