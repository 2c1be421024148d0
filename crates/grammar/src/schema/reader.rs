//! Schemas → shapes, keyword by keyword.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::decimal::Decimal;
use super::document::{Document, Value, ValueId};
use super::draft::Draft;
use super::formats;
use super::language::Languages;
use super::numbers::Numbers;
use super::references::References;
use super::refusal::{REMOVE, Refusal};
use super::shape::{Array, Contains, Object, Property, Scalar, SchemaId, Shape};
use super::strings;

/// How a schema came to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Made {
    Any,
    Never,
    /// A schema of the document.
    Schema(ValueId),
    /// A value of the document, and no other.
    Value(ValueId),
    /// Value number so many of [`Reader::scalars`].
    Scalar(usize),
    /// All of these, in order.
    Both(Vec<SchemaId>),
    Not(SchemaId),
}

impl SchemaId {
    pub(super) const ANY: Self = SchemaId(0);
    pub(super) const NEVER: Self = SchemaId(1);
}

/// Most schemas that are made of a document's.
const MOST_SCHEMAS: usize = 20_000;

/// Reads a document's schemas as they are asked for.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) draft: Draft,
    pub(super) references: References,
    pub(super) languages: Languages,
    pub(super) scalars: Vec<Scalar>,
    /// How deep [`Reader::is_never`] has got.
    pub(super) depth: usize,
    made: Vec<Made>,
    ids: HashMap<Made, SchemaId>,
    shapes: HashMap<SchemaId, Rc<Shape>>,
    open: HashSet<SchemaId>,
}

/// The types of JSON, and numbers without a fraction.
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a Document, draft: Draft) -> Self {
        let mut reader = Reader {
            document,
            draft,
            references: References::read(document, draft),
            languages: Languages::new(),
            scalars: Vec::new(),
            depth: 0,
            made: Vec::new(),
            ids: HashMap::new(),
            shapes: HashMap::new(),
            open: HashSet::new(),
        };
        reader.make(Made::Any);
        reader.make(Made::Never);
        reader
    }

    pub(super) fn made(&self, id: SchemaId) -> &Made {
        &self.made[id.0]
    }

    pub(super) fn make(&mut self, made: Made) -> SchemaId {
        let next = SchemaId(self.made.len());
        let id = *self.ids.entry(made.clone()).or_insert(next);
        if id == next {
            self.made.push(made);
        }
        id
    }

    /// A schema of the document; those that say nothing are one.
    pub(super) fn schema(&mut self, id: ValueId) -> SchemaId {
        match self.document.value(id) {
            Value::Boolean(true) => SchemaId::ANY,
            Value::Boolean(false) => SchemaId::NEVER,
            Value::Object(properties) if properties.is_empty() => SchemaId::ANY,
            _ => self.make(Made::Schema(id)),
        }
    }

    pub(super) fn scalar(&mut self, value: &Scalar) -> SchemaId {
        let known = self.scalars.iter().position(|there| there == value);
        let place = known.unwrap_or_else(|| {
            self.scalars.push(value.clone());
            self.scalars.len() - 1
        });
        self.make(Made::Scalar(place))
    }

    /// # Errors
    /// What in it a mask cannot follow.
    pub(super) fn shape(&mut self, id: SchemaId) -> Result<Rc<Shape>, Refusal> {
        if let Some(shape) = self.shapes.get(&id) {
            return Ok(Rc::clone(shape));
        }
        if self.made.len() > MOST_SCHEMAS {
            return Err(Refusal::of(
                format!("its parts combine to more than {MOST_SCHEMAS} schemas"),
                "Leave some of allOf, not, oneOf or $ref out.",
            ));
        }
        if !self.open.insert(id) {
            return Err(Refusal {
                is_circular: true,
                ..Refusal::of(
                    "a $ref that leads back to itself before it says anything",
                    "Let it say a type, or put it within properties or items.",
                )
            });
        }
        let shape = self.find_shape(id);
        self.open.remove(&id);
        let shape = Rc::new(shape?);
        self.shapes.insert(id, Rc::clone(&shape));
        Ok(shape)
    }

    fn find_shape(&mut self, id: SchemaId) -> Result<Shape, Refusal> {
        match self.made(id).clone() {
            Made::Any => Ok(self.any()),
            Made::Never => Ok(Shape::default()),
            Made::Schema(value) => self.read(value).map_err(|refusal| refusal.at(value)),
            Made::Value(value) => self.only(value).map_err(|refusal| refusal.at(value)),
            Made::Scalar(place) => {
                let scalar = self.scalars[place].clone();
                Ok(self.only_scalar(scalar))
            }
            Made::Both(parts) => {
                let mut shape = self.any();
                for part in parts {
                    let other = self.shape(part)?;
                    shape = self.and(&shape, &other)?;
                }
                Ok(shape)
            }
            Made::Not(inner) => {
                let shape = self.shape(inner)?;
                self.not(&shape)
            }
        }
    }

    fn only_scalar(&mut self, scalar: Scalar) -> Shape {
        match scalar {
            Scalar::Null => Shape { null: true, ..Shape::default() },
            Scalar::Boolean(value) => Shape { booleans: [!value, value], ..Shape::default() },
            Scalar::Number(number) => Shape {
                numbers: vec![Numbers::Values(BTreeSet::from([number]))],
                ..Shape::default()
            },
            Scalar::String(text) => {
                Shape { strings: vec![self.these_strings(vec![text])], ..Shape::default() }
            }
        }
    }

    /// One value.
    fn only(&mut self, id: ValueId) -> Result<Shape, Refusal> {
        let document = self.document;
        Ok(match document.value(id) {
            Value::Null => self.only_scalar(Scalar::Null),
            Value::Boolean(value) => self.only_scalar(Scalar::Boolean(*value)),
            Value::Number(number) => {
                let number = number.clone().ok_or_else(|| too_long().at(id))?;
                self.only_scalar(Scalar::Number(number))
            }
            Value::String(text) => self.only_scalar(Scalar::String(text.clone())),
            Value::Array(items) => {
                let prefix: Vec<SchemaId> =
                    items.iter().map(|item| self.make(Made::Value(*item))).collect();
                let len = prefix.len() as u64;
                let rest = SchemaId::NEVER;
                let array = Array { prefix, rest, min: len, max: Some(len), ..self.any_array() };
                Shape { arrays: vec![array], ..Shape::default() }
            }
            Value::Object(properties) => {
                let known = properties.iter().map(|(name, value)| Property {
                    name: name.clone(),
                    schema: self.make(Made::Value(*value)),
                    is_required: true,
                });
                let known = known.collect();
                let object = Object { known, cells: Vec::new(), ..self.any_object() };
                Shape { objects: vec![object], ..Shape::default() }
            }
        })
    }

    /// A schema of the document.
    fn read(&mut self, id: ValueId) -> Result<Shape, Refusal> {
        let unevaluated = ["unevaluatedProperties", "unevaluatedItems"]
            .iter()
            .any(|key| self.draft >= Draft::Draft201909 && self.document.get(id, key).is_some());
        if unevaluated {
            return self.read_with_unevaluated(id);
        }
        let mut shape = self.own(id)?;
        for part in self.applied(id)? {
            shape = self.and(&shape, &part)?;
        }
        Ok(shape)
    }

    /// Whether keywords beside the schema's `$ref` count for nothing.
    pub(super) fn is_only_ref(&self, id: ValueId) -> bool {
        self.draft.ref_stands_alone() && self.document.get(id, "$ref").is_some()
    }

    /// What a schema's own keywords say, those that apply other schemas to the same value aside.
    pub(super) fn own(&mut self, id: ValueId) -> Result<Shape, Refusal> {
        let document = self.document;
        let mut shape = match document.value(id) {
            Value::Boolean(true) => return Ok(self.any()),
            Value::Boolean(false) => return Ok(Shape::default()),
            Value::Object(_) => self.any(),
            _ => {
                return Err(Refusal::of(
                    "a schema that is neither an object nor true or false",
                    "Write {…} with a type and its properties.",
                ));
            }
        };
        if self.is_only_ref(id) {
            return Ok(shape);
        }
        for key in ["$recursiveRef"] {
            if let Some(at) = document.get(id, key) {
                return Err(Refusal::unsupported(key, "Use $ref.").at(at));
            }
        }
        if let Some(types) = document.get(id, "type") {
            let typed = self.of_types(types)?;
            shape = self.and(&shape, &typed)?;
        }
        let mut values = document.get(id, "const").map(|value| vec![value]);
        if let Some(list) = document.get(id, "enum") {
            let listed = document.array(list).iter().copied();
            values = Some(match values {
                Some(only) => listed
                    .filter(|value| only.iter().all(|one| document.equal(*one, *value)))
                    .collect(),
                None => listed.collect(),
            });
        }
        if let Some(values) = values {
            let mut allowed = Shape::default();
            for value in values {
                let only = self.only(value)?;
                allowed = self.or(&allowed, &only)?;
            }
            shape = self.and(&shape, &allowed)?;
        }
        self.read_numbers(id, &mut shape)?;
        self.read_strings(id, &mut shape)?;
        if !shape.arrays.is_empty() {
            let array = self.read_array(id)?;
            let any = self.any();
            shape = self.and(&shape, &Shape { arrays: vec![array], ..any })?;
        }
        if !shape.objects.is_empty() {
            for objects in self.read_objects(id)? {
                let any = self.any();
                shape = self.and(&shape, &Shape { objects, ..any })?;
            }
        }
        Ok(shape)
    }

    fn of_types(&mut self, id: ValueId) -> Result<Shape, Refusal> {
        let document = self.document;
        let names: Vec<&str> = match document.value(id) {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(|name| document.string(*name)).collect(),
            _ => Vec::new(),
        };
        if let Some(unknown) = names.iter().find(|name| !TYPES.contains(name)) {
            let message = format!("type: {unknown:?} is none of {}", TYPES.join(", "));
            return Err(
                Refusal::of(message, "See json-schema.org for what a keyword takes.").at(id)
            );
        }
        let has = |name: &str| names.contains(&name);
        let any = self.any();
        let mut shape =
            Shape { null: has("null"), booleans: [has("boolean"); 2], ..Shape::default() };
        if has("number") {
            shape.numbers = any.numbers;
        } else if has("integer") {
            shape.numbers = vec![Numbers::integers(&mut self.languages)];
        }
        if has("string") {
            shape.strings = any.strings;
        }
        if has("array") {
            shape.arrays = any.arrays;
        }
        if has("object") {
            shape.objects = any.objects;
        }
        Ok(shape)
    }

    fn number(&self, id: ValueId, key: &str) -> Result<Option<Decimal>, Refusal> {
        let Some(at) = self.document.get(id, key) else { return Ok(None) };
        match self.document.value(at) {
            Value::Number(Some(number)) => Ok(Some(number.clone())),
            Value::Number(None) => Err(too_long().at(at)),
            _ => Err(Refusal::of(format!("{key}: not a number"), "Write a number.").at(at)),
        }
    }

    /// A count of characters, items or properties.
    pub(super) fn count(&self, id: ValueId, key: &str) -> Result<Option<u64>, Refusal> {
        let Some(number) = self.number(id, key)? else { return Ok(None) };
        let count = number.small_integer().and_then(|count| u64::try_from(count).ok());
        let count = count.ok_or_else(|| {
            let message = format!("{key}: {} is no count that can be followed", number.plain());
            Refusal::of(message, "Write an integer of a few digits.")
        });
        count.map(Some).map_err(|refusal| match self.document.get(id, key) {
            Some(at) => refusal.at(at),
            None => refusal,
        })
    }

    fn read_numbers(&mut self, id: ValueId, shape: &mut Shape) -> Result<(), Refusal> {
        if shape.numbers.is_empty() {
            return Ok(());
        }
        let mut limits = Vec::new();
        let flag = |reader: &Self, key: &str| {
            let flag = reader.document.get(id, key).map(|at| reader.document.value(at));
            reader.draft.has_exclusive_flags() && matches!(flag, Some(Value::Boolean(true)))
        };
        let has_flags = self.draft.has_exclusive_flags();
        if let Some(bound) = self.number(id, "minimum")? {
            let exclusive = flag(self, "exclusiveMinimum");
            limits.push(("minimum", Numbers::above(&mut self.languages, bound, exclusive)));
        }
        if let Some(bound) = self.number(id, "maximum")? {
            let exclusive = flag(self, "exclusiveMaximum");
            limits.push(("maximum", Numbers::below(&mut self.languages, bound, exclusive)));
        }
        if !has_flags {
            if let Some(bound) = self.number(id, "exclusiveMinimum")? {
                limits.push(("exclusiveMinimum", Numbers::above(&mut self.languages, bound, true)));
            }
            if let Some(bound) = self.number(id, "exclusiveMaximum")? {
                limits.push(("exclusiveMaximum", Numbers::below(&mut self.languages, bound, true)));
            }
        }
        if let Some(of) = self.number(id, "multipleOf")? {
            limits.push(("multipleOf", Numbers::multiples(&mut self.languages, of)));
        }
        for (key, limit) in limits {
            let others = std::mem::take(&mut shape.numbers);
            for numbers in others {
                let both = numbers.and(&limit, &mut self.languages).map_err(|what| {
                    let refusal = Refusal::unsupported(what, REMOVE);
                    self.document.get(id, key).map_or(refusal.clone(), |at| refusal.at(at))
                })?;
                if !both.is_empty(&mut self.languages) {
                    shape.numbers.push(both);
                }
            }
        }
        Ok(())
    }

    fn read_strings(&mut self, id: ValueId, shape: &mut Shape) -> Result<(), Refusal> {
        if shape.strings.is_empty() {
            return Ok(());
        }
        let document = self.document;
        let mut patterns = Vec::new();
        let least = self.count(id, "minLength")?.unwrap_or(0);
        let most = self.count(id, "maxLength")?;
        if least > 0 || most.is_some() {
            if most.is_some_and(|most| most < least) {
                shape.strings.clear();
                return Ok(());
            }
            patterns.push(strings::of_length(least, most));
        }
        if let Some(at) = document.get(id, "pattern") {
            let expression = document.string(at).unwrap_or_default();
            patterns.push(strings::found(expression).map_err(|what| bad_pattern(what, at))?);
        }
        let format = document.get(id, "format").and_then(|at| document.string(at));
        if let Some(expression) = format.and_then(formats::expression) {
            patterns.push(strings::whole(&expression));
        }
        let any = self.any();
        for pattern in patterns {
            let language = self.languages.regex(pattern);
            let limit = super::shape::Strings { language, values: None };
            let strings = Shape { strings: vec![limit], ..any.clone() };
            let limited = self.and(shape, &strings)?;
            shape.strings = limited.strings;
        }
        Ok(())
    }

    fn read_array(&mut self, id: ValueId) -> Result<Array, Refusal> {
        let document = self.document;
        let (mut prefix, mut rest) = (None, document.get(id, "items"));
        if let Some(list) = rest.filter(|items| matches!(document.value(*items), Value::Array(_))) {
            if !self.draft.lists_items() {
                return Err(Refusal::of(
                    "items: a list, which this version of JSON Schema calls prefixItems",
                    "Write prefixItems, or name an older version with $schema.",
                )
                .at(list));
            }
            prefix = Some(list);
            rest = document.get(id, "additionalItems");
        } else if self.draft >= Draft::Draft202012 {
            prefix = document.get(id, "prefixItems");
        }
        let prefix: Vec<SchemaId> = prefix
            .map_or(&[][..], |list| document.array(list))
            .iter()
            .map(|item| self.schema(*item))
            .collect();
        let rest = rest.map_or(SchemaId::ANY, |rest| self.schema(rest));
        let mut contains = Vec::new();
        if self.draft >= Draft::Draft6
            && let Some(at) = document.get(id, "contains")
        {
            let has_counts = self.draft >= Draft::Draft201909;
            let (mut min, mut max) = (1, None);
            if has_counts {
                min = self.count(id, "minContains")?.unwrap_or(1);
                max = self.count(id, "maxContains")?;
            }
            if min > 0 || max.is_some() {
                contains.push(Contains { schema: self.schema(at), min, max });
            }
        }
        let is_unique = document.get(id, "uniqueItems");
        let is_unique =
            is_unique.is_some_and(|at| matches!(document.value(at), Value::Boolean(true)));
        let min = self.count(id, "minItems")?.unwrap_or(0);
        Ok(Array { prefix, rest, min, max: self.count(id, "maxItems")?, contains, is_unique })
    }

    /// What a schema says of objects: each entry is one demand, as alternatives.
    fn read_objects(&mut self, id: ValueId) -> Result<Vec<Vec<Object>>, Refusal> {
        let document = self.document;
        let mut demands = Vec::new();
        let any = self.any_object();
        let entries = |key: &str| document.get(id, key).map_or(&[][..], |at| document.object(at));
        let mut patterns = Vec::new();
        for (expression, schema) in entries("patternProperties") {
            let pattern = strings::found(expression).map_err(|what| bad_pattern(what, *schema))?;
            patterns.push((self.languages.regex(pattern), self.schema(*schema)));
        }
        let rest = document.get(id, "additionalProperties");
        let rest = rest.map_or(SchemaId::ANY, |rest| self.schema(rest));
        let cells = self.cells(&patterns, rest);
        let mut known: Vec<Property> = Vec::new();
        for (name, schema) in entries("properties") {
            let mut schema = self.schema(*schema);
            for (language, other) in &patterns {
                if self.languages.has(language, &strings::quoted(name)) {
                    schema = self.both(schema, *other);
                }
            }
            known.push(Property { name: name.clone(), schema, is_required: false });
        }
        let shaped = Object { known, cells, ..any.clone() };
        let required = document.get(id, "required");
        let required = required.map_or(&[][..], |list| document.array(list));
        let required: Vec<&str> =
            required.iter().filter_map(|name| document.string(*name)).collect();
        let mut object = shaped;
        for name in required {
            self.require(&mut object, name);
        }
        object.min = self.count(id, "minProperties")?.unwrap_or(0);
        object.max = self.count(id, "maxProperties")?;
        demands.push(vec![object]);
        if self.draft >= Draft::Draft6
            && let Some(at) = document.get(id, "propertyNames")
        {
            let names = self.schema(at);
            let shape = self.shape(names)?;
            let parts = shape.strings.iter().map(|strings| strings.language.clone()).collect();
            let names = self.languages.or(parts);
            let cells = if self.languages.is_empty(&names) {
                Vec::new()
            } else {
                vec![(names, SchemaId::ANY)]
            };
            demands.push(vec![Object { cells, ..any.clone() }]);
        }
        // Newer versions know the older keyword, too, where an implementation likes to; silence would be worse.
        for key in ["dependentRequired", "dependencies"] {
            for (name, others) in entries(key) {
                let names =
                    document.array(*others).iter().filter_map(|name| document.string(*name));
                let names: Vec<&str> = names.collect();
                if names.is_empty() {
                    continue;
                }
                let absent =
                    Property { name: name.clone(), schema: SchemaId::NEVER, is_required: false };
                let absent = Object { known: vec![absent], ..any.clone() };
                let mut present = any.clone();
                for name in std::iter::once(name.as_str()).chain(names) {
                    self.require(&mut present, name);
                }
                demands.push(vec![absent, present]);
            }
        }
        Ok(demands)
    }

    /// Divides the names of properties by the patterns that they match.
    pub(super) fn cells(
        &mut self,
        patterns: &[(super::language::Language, SchemaId)],
        rest: SchemaId,
    ) -> Vec<(super::language::Language, SchemaId)> {
        let mut cells = vec![(self.languages.regex(strings::all()), None)];
        for (pattern, schema) in patterns {
            let mut divided = Vec::new();
            for (language, known) in cells {
                let inside = self.languages.and(&language, pattern);
                if !self.languages.is_empty(&inside) {
                    let schema = known.map_or(*schema, |known| self.both(known, *schema));
                    divided.push((inside, Some(schema)));
                }
                let outside = self.languages.minus(&language, pattern);
                if !self.languages.is_empty(&outside) {
                    divided.push((outside, known));
                }
            }
            cells = divided;
        }
        let cells = cells.into_iter().map(|(language, schema)| (language, schema.unwrap_or(rest)));
        cells.filter(|(_, schema)| *schema != SchemaId::NEVER).collect()
    }

    /// Makes a property required.
    pub(super) fn require(&mut self, object: &mut Object, name: &str) {
        if let Some(property) = object.known.iter_mut().find(|property| property.name == name) {
            property.is_required = true;
            return;
        }
        let schema = self.cell_of(object, name);
        object.known.push(Property { name: name.to_owned(), schema, is_required: true });
    }

    /// What a schema that is referred to is.
    pub(super) fn target(&mut self, id: ValueId, at: ValueId) -> Result<SchemaId, Refusal> {
        let hint = "Nothing is fetched for a schema: copy the definition into $defs, and refer to it as \
                    #/$defs/name.";
        let reference = self.document.string(at).unwrap_or_default();
        let found = self.references.find(self.document, id, reference);
        let found = found.map_err(|message| Refusal::of(message, hint).at(at))?;
        Ok(self.schema(found))
    }

    /// What schemas say that a schema applies to the same value.
    fn applied(&mut self, id: ValueId) -> Result<Vec<Shape>, Refusal> {
        let document = self.document;
        let mut parts = Vec::new();
        for reference in self.referred(id)? {
            let shape = self.shape(reference);
            let at = document.get(id, "$ref").unwrap_or(id);
            parts.push(Shape::clone(&*shape.map_err(|refusal| refusal.at(at))?));
        }
        if self.is_only_ref(id) {
            return Ok(parts);
        }
        let list = |key: &str| document.get(id, key).map_or(&[][..], |at| document.array(at));
        for schema in list("allOf") {
            let schema = self.schema(*schema);
            parts.push(Shape::clone(&*self.shape(schema)?));
        }
        if document.get(id, "anyOf").is_some() {
            let mut any = Shape::default();
            for schema in list("anyOf") {
                let schema = self.schema(*schema);
                let shape = self.shape(schema)?;
                any = self.or(&any, &shape)?;
            }
            parts.push(any);
        }
        if let Some(at) = document.get(id, "oneOf") {
            let options: Vec<SchemaId> = list("oneOf").iter().map(|id| self.schema(*id)).collect();
            let one = self.exactly_one(&options).map_err(|refusal| refusal.at(at))?;
            parts.push(one);
        }
        if let Some(at) = document.get(id, "not") {
            let schema = self.schema(at);
            let schema = self.opposite(schema);
            parts.push(Shape::clone(&*self.shape(schema).map_err(|refusal| refusal.at(at))?));
        }
        if self.draft >= Draft::Draft7
            && let Some(at) = document.get(id, "if")
        {
            let [then, otherwise] = ["then", "else"].map(|key| document.get(id, key));
            if then.is_some() || otherwise.is_some() {
                // Its properties come first.
                let condition = self.schema(at);
                let [then, otherwise] =
                    [then, otherwise].map(|at| at.map_or(SchemaId::ANY, |at| self.schema(at)));
                let shape = self.choice(condition, then, otherwise);
                parts.push(shape.map_err(|refusal| refusal.at(at))?);
            }
        }
        for (name, schema) in self.dependent(id) {
            let (absent, mut present) = self.absent_or_present(&name);
            let schema = self.shape(schema)?;
            present = self.and(&present, &schema)?;
            parts.push(self.or(&absent, &present)?);
        }
        Ok(parts)
    }

    /// The schemas that `$ref` and its like mean.
    pub(super) fn referred(&mut self, id: ValueId) -> Result<Vec<SchemaId>, Refusal> {
        let mut found = Vec::new();
        if let Some(at) = self.document.get(id, "$ref") {
            found.push(self.target(id, at)?);
        }
        if self.draft >= Draft::Draft202012
            && let Some(at) = self.document.get(id, "$dynamicRef")
        {
            if !self.references.is_plain(self.document.string(at).unwrap_or_default()) {
                let hint = "Use $ref, or give the name to one $dynamicAnchor only.";
                return Err(Refusal::unsupported("$dynamicRef with several meanings", hint).at(at));
            }
            found.push(self.target(id, at)?);
        }
        Ok(found)
    }

    /// Schemas that count where a property is there.
    pub(super) fn dependent(&mut self, id: ValueId) -> Vec<(String, SchemaId)> {
        let entries = ["dependentSchemas", "dependencies"].into_iter().flat_map(|key| {
            self.document.get(id, key).map_or(&[][..], |at| self.document.object(at))
        });
        let is_list = |id| matches!(self.document.value(id), Value::Array(_));
        let entries: Vec<_> = entries.filter(|(_, value)| !is_list(*value)).cloned().collect();
        entries.into_iter().map(|(name, value)| (name, self.schema(value))).collect()
    }

    /// All values, objects only without a property; and objects with it.
    pub(super) fn absent_or_present(&mut self, name: &str) -> (Shape, Shape) {
        let any = self.any();
        let absent =
            Property { name: name.to_owned(), schema: SchemaId::NEVER, is_required: false };
        let absent = Object { known: vec![absent], ..self.any_object() };
        let absent = Shape { objects: vec![absent], ..any };
        let mut object = self.any_object();
        self.require(&mut object, name);
        (absent, Shape { objects: vec![object], ..Shape::default() })
    }

    /// What matches one of the options and no other.
    fn exactly_one(&mut self, options: &[SchemaId]) -> Result<Shape, Refusal> {
        let mut any = Shape::default();
        for (index, option) in options.iter().enumerate() {
            let mut shape = Shape::clone(&*self.shape(*option)?);
            for (other_index, other) in options.iter().enumerate() {
                if index != other_index {
                    shape = self.without(&shape, *option, *other)?;
                }
            }
            any = self.or(&any, &shape)?;
        }
        Ok(any)
    }

    /// What matches a shape, which is a schema or part of one, and not another schema.
    pub(super) fn without(
        &mut self,
        shape: &Shape,
        schema: SchemaId,
        other: SchemaId,
    ) -> Result<Shape, Refusal> {
        let both = self.both(schema, other);
        // Nothing has to be taken away where nothing is common.
        if self.is_never(both)? {
            return Ok(shape.clone());
        }
        let other = self.opposite(other);
        let others = self.shape(other)?;
        self.and(shape, &others)
    }

    fn choice(
        &mut self,
        condition: SchemaId,
        then: SchemaId,
        otherwise: SchemaId,
    ) -> Result<Shape, Refusal> {
        let positive = self.both(condition, then);
        let positive = self.shape(positive)?;
        let negative = self.opposite(condition);
        let negative = self.both(negative, otherwise);
        let negative = self.shape(negative)?;
        self.or(&positive, &negative)
    }
}

fn bad_pattern(what: String, at: ValueId) -> Refusal {
    let hint = "Patterns are regular expressions of ECMAScript, without look-around, back-references and \
                word boundaries.";
    Refusal::of(format!("pattern: {what}"), hint).at(at)
}

fn too_long() -> Refusal {
    let message = format!("a number of more than {} digits", super::decimal::MOST_DIGITS);
    Refusal::of(message, "Write a smaller number.")
}
