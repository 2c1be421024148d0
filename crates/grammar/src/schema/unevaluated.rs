//! `unevaluatedProperties` and `unevaluatedItems`: what no other keyword has said anything about.
//!
//! What counts as said depends on which schemas a value matches. So a schema is divided into cases, in each of
//! which it is known; where there would be too many, it is refused.

use super::document::{Value, ValueId};
use super::draft::Draft;
use super::reader::{Made, Reader};
use super::refusal::{REMOVE, Refusal};
use super::shape::{Array, Object, Property, SchemaId, Shape};
use super::strings;

/// Most options of `anyOf` that are told apart.
const MOST_OPTIONS: usize = 4;

/// Most cases of a schema.
const MOST_CASES: usize = 64;

/// So many items were said something about that it cannot be told how many.
const UNKNOWN: u64 = u64::MAX;

/// What was said something about.
#[derive(Debug, Clone, Default, PartialEq)]
struct Evaluated {
    names: Vec<String>,
    patterns: Vec<String>,
    all_properties: bool,
    items: u64,
    all_items: bool,
}

impl Evaluated {
    fn and(mut self, other: &Self) -> Self {
        self.names.extend(other.names.iter().cloned());
        self.patterns.extend(other.patterns.iter().cloned());
        self.all_properties |= other.all_properties;
        self.items = self.items.max(other.items);
        self.all_items |= other.all_items;
        self
    }
}

type Case = (Shape, Evaluated);

impl Reader<'_> {
    pub(super) fn read_with_unevaluated(&mut self, id: ValueId) -> Result<Shape, Refusal> {
        let mut shape = Shape::default();
        for (case, _) in self.cases(id, 0)? {
            shape = self.or(&shape, &case)?;
        }
        Ok(shape)
    }

    /// The cases of a schema, its own unevaluated keywords applied.
    fn cases(&mut self, id: ValueId, depth: usize) -> Result<Vec<Case>, Refusal> {
        if depth > 16 {
            return Err(Refusal::unsupported(
                "unevaluated keywords in a schema within itself",
                REMOVE,
            ));
        }
        let document = self.document;
        let own = self.own(id)?;
        let mut cases = vec![(own, self.own_evaluations(id)?)];
        let list = |key: &str| document.get(id, key).map_or(&[][..], |at| document.array(at));
        for reference in self.referred(id)? {
            let others = self.cases_of(reference, depth)?;
            cases = self.product(cases, &others)?;
        }
        for schema in list("allOf") {
            let others = self.cases(*schema, depth + 1)?;
            cases = self.product(cases, &others)?;
        }
        if let Some(at) = document.get(id, "anyOf") {
            let others = self.any_of(list("anyOf"), depth).map_err(|refusal| refusal.at(at))?;
            cases = self.product(cases, &others)?;
        }
        if document.get(id, "oneOf").is_some() {
            let options = list("oneOf");
            let mut others = Vec::new();
            for (index, option) in options.iter().enumerate() {
                for (mut shape, evaluated) in self.cases(*option, depth + 1)? {
                    for (other_index, other) in options.iter().enumerate() {
                        if other_index != index {
                            let (option, other) = (self.schema(*option), self.schema(*other));
                            shape = self.without(&shape, option, other)?;
                        }
                    }
                    others.push((shape, evaluated));
                }
            }
            cases = self.product(cases, &others)?;
        }
        if let Some(at) = document.get(id, "not") {
            let schema = self.schema(at);
            let schema = self.opposite(schema);
            let shape = Shape::clone(&*self.shape(schema)?);
            cases = self.product(cases, &[(shape, Evaluated::default())])?;
        }
        if let Some(at) = document.get(id, "if") {
            let mut others = Vec::new();
            let matching = self.cases(at, depth + 1)?;
            let then = match document.get(id, "then") {
                Some(then) => self.cases(then, depth + 1)?,
                None => vec![(self.any(), Evaluated::default())],
            };
            others.extend(self.product(matching, &then)?);
            let condition = self.schema(at);
            let opposite = self.opposite(condition);
            let shape = Shape::clone(&*self.shape(opposite)?);
            let otherwise = match document.get(id, "else") {
                Some(otherwise) => self.cases(otherwise, depth + 1)?,
                None => vec![(self.any(), Evaluated::default())],
            };
            others.extend(self.product(vec![(shape, Evaluated::default())], &otherwise)?);
            cases = self.product(cases, &others)?;
        }
        for (name, schema) in self.dependent(id) {
            let (absent, present) = self.absent_or_present(&name);
            let mut others = vec![(absent, Evaluated::default())];
            let there = self.cases_of(schema, depth)?;
            others.extend(self.product(vec![(present, Evaluated::default())], &there)?);
            cases = self.product(cases, &others)?;
        }
        let mut closed = Vec::new();
        for (shape, evaluated) in cases {
            closed.push(self.close(id, shape, evaluated)?);
        }
        Ok(closed)
    }

    fn cases_of(&mut self, schema: SchemaId, depth: usize) -> Result<Vec<Case>, Refusal> {
        match *self.made(schema) {
            Made::Schema(id) => self.cases(id, depth + 1),
            _ => Ok(vec![(Shape::clone(&*self.shape(schema)?), Evaluated::default())]),
        }
    }

    /// Which options match, and which don't, where it makes a difference.
    fn any_of(&mut self, options: &[ValueId], depth: usize) -> Result<Vec<Case>, Refusal> {
        let mut by_option = Vec::new();
        for option in options {
            by_option.push(self.cases(*option, depth + 1)?);
        }
        let says_nothing = |case: &Case| case.1 == Evaluated::default();
        if by_option.iter().flatten().all(says_nothing) {
            let mut any = Shape::default();
            for (shape, _) in by_option.iter().flatten() {
                any = self.or(&any, shape)?;
            }
            return Ok(vec![(any, Evaluated::default())]);
        }
        if options.len() > MOST_OPTIONS {
            let what =
                format!("unevaluated keywords beside anyOf with more than {MOST_OPTIONS} options");
            return Err(Refusal::unsupported(what, REMOVE));
        }
        let mut cases = Vec::new();
        for chosen in 1..1usize << options.len() {
            let mut some = vec![(self.any(), Evaluated::default())];
            for (index, option) in options.iter().enumerate() {
                if chosen >> index & 1 == 1 {
                    some = self.product(some, &by_option[index])?;
                } else {
                    let schema = self.schema(*option);
                    let schema = self.opposite(schema);
                    let shape = Shape::clone(&*self.shape(schema)?);
                    some = self.product(some, &[(shape, Evaluated::default())])?;
                }
            }
            cases.extend(some);
        }
        Ok(cases)
    }

    fn product(&mut self, one: Vec<Case>, other: &[Case]) -> Result<Vec<Case>, Refusal> {
        let mut cases = Vec::new();
        for (a, evaluated) in &one {
            for (b, more) in other {
                let shape = self.and(a, b)?;
                cases.push((shape, evaluated.clone().and(more)));
            }
        }
        if cases.len() > MOST_CASES {
            let what = format!("unevaluated keywords with more than {MOST_CASES} cases");
            return Err(Refusal::unsupported(what, REMOVE));
        }
        Ok(cases)
    }

    fn own_evaluations(&mut self, id: ValueId) -> Result<Evaluated, Refusal> {
        let document = self.document;
        let names = |key: &str| -> Vec<String> {
            let entries = document.get(id, key).map_or(&[][..], |at| document.object(at));
            entries.iter().map(|(name, _)| name.clone()).collect()
        };
        let has = |key: &str| document.get(id, key).is_some();
        let mut evaluated = Evaluated {
            names: names("properties"),
            patterns: names("patternProperties"),
            all_properties: has("additionalProperties"),
            ..Evaluated::default()
        };
        let prefix = if self.draft >= Draft::Draft202012 { "prefixItems" } else { "items" };
        if let Some(list) = document.get(id, prefix)
            && let Value::Array(items) = document.value(list)
        {
            evaluated.items = items.len() as u64;
            evaluated.all_items =
                if prefix == "items" { has("additionalItems") } else { has("items") };
        } else {
            evaluated.all_items = has("items");
        }
        if self.draft >= Draft::Draft202012 && has("contains") && !evaluated.all_items {
            // Which items it is about depends on the items.
            evaluated.items = UNKNOWN;
        }
        Ok(evaluated)
    }

    /// Applies a schema's unevaluated keywords to one of its cases.
    fn close(
        &mut self,
        id: ValueId,
        shape: Shape,
        mut evaluated: Evaluated,
    ) -> Result<Case, Refusal> {
        let document = self.document;
        let mut shape = shape;
        if let Some(at) = document.get(id, "unevaluatedProperties") {
            if !evaluated.all_properties {
                let mut patterns = Vec::new();
                for expression in &evaluated.patterns {
                    let pattern = strings::found(expression).expect("it was read before");
                    patterns.push((self.languages.regex(pattern), SchemaId::ANY));
                }
                let rest = self.schema(at);
                let cells = self.cells(&patterns, rest);
                let mut known: Vec<Property> = Vec::new();
                for name in &evaluated.names {
                    if known.iter().all(|property| property.name != *name) {
                        let (name, schema) = (name.clone(), SchemaId::ANY);
                        known.push(Property { name, schema, is_required: false });
                    }
                }
                let object = Object { known, cells, ..self.any_object() };
                let any = self.any();
                shape = self.and(&shape, &Shape { objects: vec![object], ..any })?;
            }
            evaluated.all_properties = true;
        }
        if let Some(at) = document.get(id, "unevaluatedItems") {
            if !evaluated.all_items && !shape.arrays.is_empty() {
                if evaluated.items == UNKNOWN {
                    return Err(
                        Refusal::unsupported("unevaluatedItems beside contains", REMOVE).at(at)
                    );
                }
                let prefix = vec![SchemaId::ANY; evaluated.items as usize];
                let array = Array { prefix, rest: self.schema(at), ..self.any_array() };
                let any = self.any();
                shape = self.and(&shape, &Shape { arrays: vec![array], ..any })?;
            }
            evaluated.all_items = true;
        }
        Ok((shape, evaluated))
    }
}
