//! Intersections, unions and complements of schemas.
//!
//! They are exact, or refused: a mask that allows a document which a schema does not, or the other way round, would
//! be a wrong answer that nobody sees.

use std::rc::Rc;

use super::numbers::Numbers;
use super::reader::{Made, Reader};
use super::refusal::{REMOVE, Refusal};
use super::shape::{Array, Contains, Object, Property, SchemaId, Shape, Strings};
use super::strings;

/// Most alternatives of one type. They multiply where schemas are combined.
///
/// Limit of constraints: alternatives of one type in a schema, after its parts are combined; 400.
const MOST_ALTERNATIVES: usize = 256;

/// How deep within each other the parts of alternatives are looked at, to see that there is no such document.
const DEEPEST_LOOK: usize = 3;

impl Reader<'_> {
    pub(super) fn any_array(&self) -> Array {
        let rest = SchemaId::ANY;
        Array {
            prefix: Vec::new(),
            rest,
            min: 0,
            max: None,
            contains: Vec::new(),
            is_unique: false,
        }
    }

    pub(super) fn any_object(&mut self) -> Object {
        let all = self.languages.regex(strings::all());
        let cells = vec![(all, SchemaId::ANY)];
        Object { known: Vec::new(), cells, min: 0, max: None, needs: None }
    }

    pub(super) fn any_string(&mut self) -> Strings {
        Strings { language: self.languages.regex(strings::all()), values: None }
    }

    pub(super) fn these_strings(&mut self, values: Vec<String>) -> Strings {
        let parts =
            values.iter().map(|text| self.languages.regex(strings::literal(text))).collect();
        Strings { language: self.languages.or(parts), values: Some(Rc::new(values)) }
    }

    /// All documents.
    pub(super) fn any(&mut self) -> Shape {
        Shape {
            null: true,
            booleans: [true; 2],
            numbers: vec![Numbers::all(&mut self.languages)],
            strings: vec![self.any_string()],
            arrays: vec![self.any_array()],
            objects: vec![self.any_object()],
        }
    }

    /// What matches both schemas.
    pub(super) fn both(&mut self, a: SchemaId, b: SchemaId) -> SchemaId {
        if a == SchemaId::NEVER || b == SchemaId::NEVER {
            return SchemaId::NEVER;
        }
        let mut parts = Vec::new();
        for id in [a, b] {
            match self.made(id) {
                Made::Any => {}
                Made::Both(several) => parts.extend(several.iter().copied()),
                _ => parts.push(id),
            }
        }
        parts.sort_unstable();
        parts.dedup();
        for part in &parts {
            if let Made::Not(inner) = self.made(*part)
                && parts.contains(inner)
            {
                return SchemaId::NEVER;
            }
        }
        match parts[..] {
            [] => SchemaId::ANY,
            [one] => one,
            _ => self.make(Made::Both(parts)),
        }
    }

    /// What does not match a schema.
    pub(super) fn opposite(&mut self, id: SchemaId) -> SchemaId {
        match self.made(id) {
            Made::Any => SchemaId::NEVER,
            Made::Never => SchemaId::ANY,
            Made::Not(inner) => *inner,
            _ => self.make(Made::Not(id)),
        }
    }

    pub(super) fn and(&mut self, a: &Shape, b: &Shape) -> Result<Shape, Refusal> {
        let mut result = Shape {
            null: a.null && b.null,
            booleans: [a.booleans[0] && b.booleans[0], a.booleans[1] && b.booleans[1]],
            ..Shape::default()
        };
        let count = [
            a.numbers.len() * b.numbers.len(),
            a.strings.len() * b.strings.len(),
            a.arrays.len() * b.arrays.len(),
            a.objects.len() * b.objects.len(),
        ];
        if count.into_iter().any(|count| count > MOST_ALTERNATIVES) {
            return Err(too_many());
        }
        for one in &a.numbers {
            for other in &b.numbers {
                let both = one.and(other, &mut self.languages).map_err(unsupported)?;
                if !both.is_empty(&mut self.languages) {
                    result.numbers.push(both);
                }
            }
        }
        for one in &a.strings {
            for other in &b.strings {
                let both = self.strings_in_both(one, other);
                if !self.languages.is_empty(&both.language) {
                    result.strings.push(both);
                }
            }
        }
        for one in &a.arrays {
            for other in &b.arrays {
                let both = self.arrays_in_both(one, other);
                if self.is_possible_array(&both)? {
                    result.arrays.push(both);
                }
            }
        }
        for one in &a.objects {
            for other in &b.objects {
                let both = self.objects_in_both(one, other)?;
                if self.is_possible_object(&both)? {
                    result.objects.push(both);
                }
            }
        }
        Ok(result)
    }

    fn strings_in_both(&mut self, a: &Strings, b: &Strings) -> Strings {
        for (values, other) in [(&a.values, b), (&b.values, a)] {
            if let Some(values) = values {
                let mut kept = Vec::new();
                for value in values.iter() {
                    if self.languages.has(&other.language, &strings::quoted(value)) {
                        kept.push(value.clone());
                    }
                }
                return self.these_strings(kept);
            }
        }
        Strings { language: self.languages.and(&a.language, &b.language), values: None }
    }

    fn arrays_in_both(&mut self, a: &Array, b: &Array) -> Array {
        let item =
            |array: &Array, index: usize| array.prefix.get(index).copied().unwrap_or(array.rest);
        let len = a.prefix.len().max(b.prefix.len());
        let prefix = (0..len).map(|index| self.both(item(a, index), item(b, index))).collect();
        let mut contains = a.contains.clone();
        contains.extend(&b.contains);
        Array {
            prefix,
            rest: self.both(a.rest, b.rest),
            min: a.min.max(b.min),
            max: smaller(a.max, b.max),
            contains,
            is_unique: a.is_unique || b.is_unique,
        }
    }

    fn objects_in_both(&mut self, a: &Object, b: &Object) -> Result<Object, Refusal> {
        let mut known: Vec<Property> = Vec::new();
        for (one, other) in [(a, b), (b, a)] {
            for property in &one.known {
                if known.iter().any(|there| there.name == property.name) {
                    continue;
                }
                let counterpart = other.known.iter().find(|there| there.name == property.name);
                let (schema, is_required) = match counterpart {
                    Some(there) => (there.schema, there.is_required),
                    None => (self.cell_of(other, &property.name), false),
                };
                if let (None, Some(needed)) = (counterpart, &other.needs)
                    && self.languages.has(needed, &strings::quoted(&property.name))
                {
                    return Err(Refusal::unsupported(
                        "properties beside a schema that asks for one that is not named",
                        REMOVE,
                    ));
                }
                known.push(Property {
                    name: property.name.clone(),
                    schema: self.both(property.schema, schema),
                    is_required: property.is_required || is_required,
                });
            }
        }
        let mut cells = Vec::new();
        for (one, schema) in &a.cells {
            for (other, second) in &b.cells {
                let both = self.languages.and(one, other);
                let schema = self.both(*schema, *second);
                if schema != SchemaId::NEVER && !self.languages.is_empty(&both) {
                    cells.push((both, schema));
                }
            }
        }
        let needs = match (&a.needs, &b.needs) {
            (Some(_), Some(_)) => {
                return Err(Refusal::unsupported(
                    "two properties to be there that are not named",
                    REMOVE,
                ));
            }
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let (min, max) = (a.min.max(b.min), smaller(a.max, b.max));
        Ok(Object { known, cells, min, max, needs })
    }

    /// The schema of a property that is not named.
    pub(super) fn cell_of(&mut self, object: &Object, name: &str) -> SchemaId {
        let name = strings::quoted(name);
        let cell = object.cells.iter().find(|(language, _)| self.languages.has(language, &name));
        cell.map_or(SchemaId::NEVER, |(_, schema)| *schema)
    }

    pub(super) fn or(&mut self, a: &Shape, b: &Shape) -> Result<Shape, Refusal> {
        let mut result = a.clone();
        result.null |= b.null;
        for (one, other) in result.booleans.iter_mut().zip(b.booleans) {
            *one |= other;
        }
        for other in &b.numbers {
            let values = result.numbers.iter_mut().find_map(|numbers| match numbers {
                Numbers::Values(values) => Some(values),
                Numbers::Range(_) => None,
            });
            match (values, other) {
                (Some(values), Numbers::Values(more)) => values.extend(more.iter().cloned()),
                _ => result.numbers.push(other.clone()),
            }
        }
        if let Some(all) = result.numbers.iter().position(is_all) {
            result.numbers = vec![result.numbers[all].clone()];
        }
        for other in &b.strings {
            let place = result.strings.iter().position(|strings| strings.values.is_some());
            match (place, &other.values) {
                (Some(place), Some(more)) => {
                    let mut values =
                        result.strings[place].values.as_deref().cloned().unwrap_or_default();
                    let known: std::collections::HashSet<&String> = values.iter().collect();
                    let new: Vec<String> =
                        more.iter().filter(|text| !known.contains(text)).cloned().collect();
                    values.extend(new);
                    result.strings[place] = self.these_strings(values);
                }
                _ if result.strings.iter().any(|there| there.language == other.language) => {}
                _ => result.strings.push(other.clone()),
            }
        }
        result.arrays.extend(b.arrays.iter().cloned());
        result.objects.extend(b.objects.iter().cloned());
        if result.arrays.len().max(result.objects.len()) > MOST_ALTERNATIVES {
            return Err(too_many());
        }
        Ok(result)
    }

    pub(super) fn not(&mut self, shape: &Shape) -> Result<Shape, Refusal> {
        let mut result = Shape {
            null: !shape.null,
            booleans: shape.booleans.map(|allowed| !allowed),
            numbers: vec![Numbers::all(&mut self.languages)],
            arrays: vec![self.any_array()],
            objects: vec![self.any_object()],
            ..Shape::default()
        };
        if shape.numbers.iter().any(is_all) {
            result.numbers.clear();
        }
        for numbers in &shape.numbers {
            let Some(rest) = result.numbers.pop() else { break };
            let others = numbers.not(&mut self.languages).map_err(unsupported)?;
            let rest = rest.and(&others, &mut self.languages).map_err(unsupported)?;
            if !rest.is_empty(&mut self.languages) {
                result.numbers.push(rest);
            }
        }
        let parts = shape.strings.iter().map(|strings| strings.language.clone()).collect();
        let excluded = self.languages.or(parts);
        let all = self.languages.regex(strings::all());
        let language =
            if shape.strings.is_empty() { all } else { self.languages.minus(&all, &excluded) };
        if !self.languages.is_empty(&language) {
            result.strings.push(Strings { language, values: None });
        }
        for array in &shape.arrays {
            let others = Shape { arrays: self.other_arrays(array)?, ..Shape::default() };
            let rest = Shape { arrays: result.arrays, ..Shape::default() };
            result.arrays = self.and(&rest, &others)?.arrays;
        }
        for object in &shape.objects {
            let others = Shape { objects: self.other_objects(object)?, ..Shape::default() };
            let rest = Shape { objects: result.objects, ..Shape::default() };
            result.objects = self.and(&rest, &others)?.objects;
        }
        Ok(result)
    }

    /// The arrays that are none of these.
    fn other_arrays(&mut self, array: &Array) -> Result<Vec<Array>, Refusal> {
        let any = self.any_array();
        let mut others = Vec::new();
        if array.is_unique {
            return Err(Refusal::unsupported("not with uniqueItems", REMOVE));
        }
        if let Some(fewer) = array.min.checked_sub(1) {
            others.push(Array { max: Some(fewer), ..any.clone() });
        }
        if let Some(max) = array.max {
            others.push(Array { min: max + 1, ..any.clone() });
        }
        for (index, schema) in array.prefix.iter().enumerate() {
            let other = self.opposite(*schema);
            if other == SchemaId::NEVER {
                continue;
            }
            let mut prefix = vec![SchemaId::ANY; index];
            prefix.push(other);
            others.push(Array { prefix, min: index as u64 + 1, ..any.clone() });
        }
        let len = array.prefix.len() as u64;
        // Items that cannot be there need no schema.
        if array.rest != SchemaId::ANY && array.max.is_none_or(|max| max > len) {
            let schema = self.opposite(array.rest);
            if array.rest == SchemaId::NEVER {
                others.push(Array { min: len + 1, ..any.clone() });
            } else if len == 0 {
                let contains = vec![Contains { schema, min: 1, max: None }];
                others.push(Array { contains, min: 1, ..any.clone() });
            } else {
                return Err(Refusal::unsupported("not with items after prefixItems", REMOVE));
            }
        }
        for contains in &array.contains {
            if let Some(fewer) = contains.min.checked_sub(1) {
                if fewer == 0 {
                    let rest = self.opposite(contains.schema);
                    others.push(Array { rest, ..any.clone() });
                } else {
                    let contains = vec![Contains { min: 0, max: Some(fewer), ..*contains }];
                    others.push(Array { contains, ..any.clone() });
                }
            }
            if let Some(max) = contains.max {
                let contains = vec![Contains { min: max + 1, max: None, ..*contains }];
                others.push(Array { contains, min: max + 1, ..any.clone() });
            }
        }
        Ok(others)
    }

    /// The objects that are none of these.
    fn other_objects(&mut self, object: &Object) -> Result<Vec<Object>, Refusal> {
        let any = self.any_object();
        let mut others = Vec::new();
        let with = |name: &str, schema, is_required, any: &Object| Object {
            known: vec![Property { name: name.to_owned(), schema, is_required }],
            ..any.clone()
        };
        for Property { name, schema, is_required } in &object.known {
            if *is_required {
                others.push(with(name, SchemaId::NEVER, false, &any));
            }
            let other = self.opposite(*schema);
            if other != SchemaId::NEVER {
                others.push(with(name, other, true, &any));
            }
        }
        if object.cells.iter().any(|(_, schema)| *schema != SchemaId::ANY) {
            // Another property of the same name may follow, and then it counts.
            return Err(Refusal::unsupported(
                "not with a schema for properties that are not named",
                "Allow them all or none with additionalProperties.",
            ));
        }
        let covered = object.cells.iter().map(|(language, _)| language.clone()).collect();
        let covered = self.languages.or(covered);
        let named = object
            .known
            .iter()
            .map(|property| self.languages.regex(strings::literal(&property.name)))
            .collect();
        let named = self.languages.or(named);
        let all = self.languages.regex(strings::all());
        let rest = self.languages.minus(&all, &covered);
        let rest = self.languages.minus(&rest, &named);
        if !self.languages.is_empty(&rest) {
            let known = object.known.iter().map(|property| Property {
                name: property.name.clone(),
                schema: SchemaId::ANY,
                is_required: false,
            });
            others.push(Object { known: known.collect(), needs: Some(rest), ..any.clone() });
        }
        if let Some(fewer) = object.min.checked_sub(1) {
            others.push(Object { max: Some(fewer), ..any.clone() });
        }
        if let Some(max) = object.max {
            others.push(Object { min: max + 1, ..any.clone() });
        }
        if let Some(needed) = &object.needs {
            let allowed = self.languages.minus(&all, needed);
            let known = object.known.iter().map(|property| Property {
                name: property.name.clone(),
                schema: SchemaId::ANY,
                is_required: false,
            });
            let cells = vec![(allowed, SchemaId::ANY)];
            others.push(Object { known: known.collect(), cells, ..any });
        }
        Ok(others)
    }

    fn is_possible_array(&mut self, array: &Array) -> Result<bool, Refusal> {
        if array.max.is_some_and(|max| max < array.min) {
            return Ok(false);
        }
        for index in 0..array.min.min(array.prefix.len() as u64 + 1) {
            let schema = array.prefix.get(index as usize).copied().unwrap_or(array.rest);
            if self.is_never(schema)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_possible_object(&mut self, object: &Object) -> Result<bool, Refusal> {
        if object.max.is_some_and(|max| max < object.min) {
            return Ok(false);
        }
        for property in object.known.iter().filter(|property| property.is_required) {
            if self.is_never(property.schema)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether no document matches a schema, as far as that can be seen without looking deep.
    pub(super) fn is_never(&mut self, id: SchemaId) -> Result<bool, Refusal> {
        match self.made(id) {
            Made::Any => return Ok(false),
            Made::Never => return Ok(true),
            _ if self.depth >= DEEPEST_LOOK => return Ok(false),
            _ => {}
        }
        self.depth += 1;
        let shape = self.shape(id);
        self.depth -= 1;
        match shape {
            Ok(shape) => {
                let is_scalar = shape.null
                    || shape.booleans.contains(&true)
                    || !shape.numbers.is_empty()
                    || !shape.strings.is_empty();
                Ok(!is_scalar && shape.arrays.is_empty() && shape.objects.is_empty())
            }
            Err(refusal) if refusal.is_circular => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }
}

fn is_all(numbers: &Numbers) -> bool {
    matches!(numbers, Numbers::Range(range) if range.is_all)
}

fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn too_many() -> Refusal {
    Refusal::of(
        format!("its parts combine to more than {MOST_ALTERNATIVES} alternatives"),
        "Write the alternatives that matter out, or leave some of the keywords out.",
    )
}

fn unsupported(what: String) -> Refusal {
    Refusal::unsupported(what, REMOVE)
}
