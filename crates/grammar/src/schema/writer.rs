//! Shapes → rules.

use std::collections::HashMap;

use super::numbers::{Numbers, Range};
use super::reader::Reader;
use super::refusal::{REMOVE, Refusal};
use super::rules::{Alternative, Part, RuleId, Rules};
use super::shape::{Array, Object, Scalar, SchemaId, Shape};
use super::strings;

/// Most rules of a schema's grammar.
///
/// Limit of constraints: rules of the grammar that a schema becomes; 400.
const MOST_RULES: usize = 30_000;

/// Writes the rules for schemas that a reader reads.
pub(super) struct Writer<'r, 'a> {
    reader: &'r mut Reader<'a>,
    pub(super) rules: Rules,
    known: HashMap<SchemaId, RuleId>,
    open: Vec<(SchemaId, RuleId)>,
}

impl<'r, 'a> Writer<'r, 'a> {
    pub(super) fn new(reader: &'r mut Reader<'a>) -> Self {
        Writer { reader, rules: Rules::default(), known: HashMap::new(), open: Vec::new() }
    }

    /// The rule for a schema, and those for all that it is made of.
    ///
    /// # Errors
    /// What in them a mask cannot follow.
    pub(super) fn write(&mut self, schema: SchemaId) -> Result<RuleId, Refusal> {
        let start = self.rule(schema);
        // One after the other: schemas may nest deeper than a stack.
        while let Some((schema, rule)) = self.open.pop() {
            let shape = self.reader.shape(schema)?;
            let alternatives = self.shape(&shape)?;
            self.rules.define(rule, alternatives);
            if self.rules.len() > MOST_RULES {
                return Err(Refusal::of(
                    format!("it becomes more than {MOST_RULES} rules"),
                    "Make the schema smaller; allOf, oneOf and counts of properties cost most.",
                ));
            }
        }
        Ok(start)
    }

    fn rule(&mut self, schema: SchemaId) -> RuleId {
        if let Some(rule) = self.known.get(&schema) {
            return *rule;
        }
        let rule = self.rules.declare();
        self.known.insert(schema, rule);
        self.open.push((schema, rule));
        rule
    }

    fn shape(&mut self, shape: &Shape) -> Result<Vec<Alternative>, Refusal> {
        let mut alternatives: Vec<Alternative> = Vec::new();
        // All scalars are one terminal, as far as can be.
        let mut words = Vec::new();
        let languages = &mut self.reader.languages;
        for (allowed, word) in
            [(shape.null, "null"), (shape.booleans[0], "false"), (shape.booleans[1], "true")]
        {
            words.extend(allowed.then(|| languages.regex(word.into())));
        }
        for numbers in &shape.numbers {
            match numbers {
                Numbers::Range(range) if range.multiple.is_some() => {
                    alternatives.push(vec![multiples(range)?]);
                }
                numbers => words.push(numbers.written(languages)),
            }
        }
        words.extend(shape.strings.iter().map(|strings| strings.language.clone()));
        let words = languages.or(words);
        if !languages.is_empty(&words) {
            alternatives.push(vec![self.rules.terminal(&words)]);
        }
        for array in &shape.arrays {
            alternatives.extend(self.array(array)?);
        }
        for object in &shape.objects {
            alternatives.extend(self.object(object)?);
        }
        Ok(alternatives)
    }

    fn array(&mut self, array: &Array) -> Result<Option<Alternative>, Refusal> {
        if array.max.is_some_and(|max| max < array.min) {
            return Ok(None);
        }
        let is_plain = array.contains.is_empty()
            && (!array.is_unique || array.max.is_some_and(|max| max <= 1));
        let inner = if is_plain {
            self.items(array)
        } else {
            let start =
                ArrayState { index: 0, found: vec![0; array.contains.len()], used: Vec::new() };
            self.items_in_states(array, start, &mut HashMap::new())?
        };
        Ok(Some(vec![Part::Sign("["), Part::Rule(inner), Part::Sign("]")]))
    }

    /// Items each of which is its own business.
    fn items(&mut self, array: &Array) -> RuleId {
        let len = array.prefix.len() as u64;
        let max = array.max.unwrap_or(u64::MAX);
        // From the last to the first: what may follow after so many items of the prefix.
        let least = array.min.saturating_sub(len);
        let most = array.max.map(|max| max.saturating_sub(len));
        let mut after = if most == Some(0) || array.rest == SchemaId::NEVER {
            self.rules.add(if least == 0 { vec![vec![]] } else { vec![] })
        } else {
            let item = Part::Rule(self.rule(array.rest));
            let more = self.rules.add(vec![vec![Part::Sign(","), item.clone()]]);
            if len > 0 {
                self.rules.add(vec![vec![Part::Repeat(more, least, most)]])
            } else {
                let most = most.map(|most| most - 1);
                let more = Part::Repeat(more, least.saturating_sub(1), most);
                let mut alternatives = vec![vec![item, more]];
                if least == 0 {
                    alternatives.push(vec![]);
                }
                self.rules.add(alternatives)
            }
        };
        for (index, schema) in array.prefix.iter().enumerate().rev() {
            let index = index as u64;
            let mut alternatives = Vec::new();
            if index < max {
                let mut parts = Vec::new();
                if index > 0 {
                    parts.push(Part::Sign(","));
                }
                parts.push(Part::Rule(self.rule(*schema)));
                parts.push(Part::Rule(after));
                alternatives.push(parts);
            }
            if index >= array.min {
                alternatives.push(vec![]);
            }
            after = self.rules.add(alternatives);
        }
        after
    }

    /// Items that are counted, or may not come twice.
    fn items_in_states(
        &mut self,
        array: &Array,
        start: ArrayState,
        states: &mut HashMap<ArrayState, RuleId>,
    ) -> Result<RuleId, Refusal> {
        // Beyond these numbers nothing changes.
        let last = (array.prefix.len() as u64).max(array.max.unwrap_or(array.min)).max(1);
        let enough: Vec<u64> =
            array.contains.iter().map(|part| part.max.map_or(part.min, |max| max + 1)).collect();
        let mut open = vec![start.clone()];
        let first = self.rules.declare();
        states.insert(start, first);
        while let Some(state) = open.pop() {
            if states.len() > MOST_RULES {
                return Err(Refusal::unsupported("counts of items that are so large", REMOVE));
            }
            let mut alternatives = Vec::new();
            let is_full = array.max.is_some_and(|max| state.index >= max);
            let counts_are_right = array.contains.iter().zip(&state.found).all(|(part, found)| {
                *found >= part.min && part.max.is_none_or(|max| *found <= max)
            });
            if counts_are_right && state.index >= array.min {
                alternatives.push(vec![]);
            }
            for chosen in 0..if is_full { 0 } else { 1usize << array.contains.len() } {
                let index = usize::try_from(state.index).unwrap_or(usize::MAX);
                let mut item = array.prefix.get(index).copied().unwrap_or(array.rest);
                let mut found = state.found.clone();
                for (place, part) in array.contains.iter().enumerate() {
                    let schema = if chosen >> place & 1 == 1 {
                        found[place] = (found[place] + 1).min(enough[place]);
                        part.schema
                    } else {
                        self.reader.opposite(part.schema)
                    };
                    item = self.reader.both(item, schema);
                }
                let is_over = |(part, found): (&super::shape::Contains, &u64)| {
                    part.max.is_some_and(|max| *found > max)
                };
                if array.contains.iter().zip(&found).any(is_over) || self.reader.is_never(item)? {
                    continue;
                }
                let mut choices = vec![(item, None)];
                if array.is_unique {
                    let shape = self.reader.shape(item)?;
                    let values = shape.scalars().ok_or_else(|| {
                        Refusal::unsupported(
                            "uniqueItems where items may be anything but a few scalars",
                            REMOVE,
                        )
                    })?;
                    choices = Vec::new();
                    for value in values {
                        choices.push((self.reader.scalar(&value), Some(value)));
                    }
                }
                for (item, value) in choices {
                    let mut used = state.used.clone();
                    if let Some(value) = value {
                        let place = self.place(&value);
                        if used.contains(&place) {
                            continue;
                        }
                        used.push(place);
                        used.sort_unstable();
                    }
                    let next = ArrayState {
                        index: (state.index + 1).min(last),
                        found: found.clone(),
                        used,
                    };
                    let rule = match states.get(&next) {
                        Some(rule) => *rule,
                        None => {
                            let rule = self.rules.declare();
                            states.insert(next.clone(), rule);
                            open.push(next);
                            rule
                        }
                    };
                    let mut parts = Vec::new();
                    if state.index > 0 {
                        parts.push(Part::Sign(","));
                    }
                    parts.push(Part::Rule(self.rule(item)));
                    parts.push(Part::Rule(rule));
                    alternatives.push(parts);
                }
            }
            self.rules.define(states[&state], alternatives);
        }
        Ok(first)
    }

    fn place(&self, value: &Scalar) -> usize {
        self.reader.scalars.iter().position(|there| there == value).expect("it was made a schema")
    }

    fn object(&mut self, object: &Object) -> Result<Option<Alternative>, Refusal> {
        let known: Vec<_> = object
            .known
            .iter()
            .filter(|property| property.is_required || property.schema != SchemaId::NEVER)
            .collect();
        let n_required = known.iter().filter(|property| property.is_required).count() as u64;
        let names: Vec<_> = object
            .known
            .iter()
            .map(|property| self.reader.languages.regex(strings::literal(&property.name)))
            .collect();
        let names = self.reader.languages.or(names);
        let mut cells = Vec::new();
        for (language, schema) in &object.cells {
            let language = self.reader.languages.minus(language, &names);
            if !self.reader.languages.is_empty(&language) {
                cells.push((language, *schema));
            }
        }
        let counts = object.min > n_required
            || object.max.is_some_and(|max| max < known.len() as u64 || !cells.is_empty());
        if object.min > n_required + 1 && !cells.is_empty() {
            return Err(Refusal::unsupported(
                "minProperties above 1 beside what is required, where names are free",
                "A text may repeat a name, which counts once: require the names, or forbid others with \
                 additionalProperties: false.",
            ));
        }
        if object.needs.is_some() && counts {
            return Err(Refusal::unsupported("counts of properties beside not", REMOVE));
        }
        let tail = Tail::of(self, object, &cells);
        // States from the last property to the first: whether something was written, and how many.
        let max = object.max.unwrap_or(u64::MAX);
        let most = if counts { known.len() as u64 } else { 0 };
        let mut after: HashMap<(bool, u64), RuleId> = HashMap::new();
        for written in [false, true] {
            for count in 0..=most {
                let alternatives = tail.alternatives(written, counts.then_some(count), object);
                let rule = self.rules.add(alternatives);
                after.insert((written, count), rule);
            }
        }
        for property in known.iter().rev() {
            let name = self.reader.languages.regex(strings::literal(&property.name));
            let name = self.rules.terminal(&name);
            let value = self.rule(property.schema);
            let pair = self.rules.add(vec![vec![name, Part::Sign(":"), Part::Rule(value)]]);
            let mut before = HashMap::new();
            for written in [false, true] {
                for count in 0..=most {
                    let next = if counts { count + 1 } else { 0 };
                    let mut alternatives = Vec::new();
                    if next <= most.min(max)
                        && let Some(rest) = after.get(&(true, next))
                    {
                        let mut parts = Vec::new();
                        if written {
                            parts.push(Part::Sign(","));
                        }
                        parts.push(Part::Rule(pair));
                        parts.push(Part::Rule(*rest));
                        alternatives.push(parts);
                    }
                    if !property.is_required {
                        alternatives.push(vec![Part::Rule(after[&(written, count)])]);
                    }
                    before.insert((written, count), self.rules.add(alternatives));
                }
            }
            after = before;
        }
        let inner = after[&(false, 0)];
        Ok(Some(vec![Part::Sign("{"), Part::Rule(inner), Part::Sign("}")]))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ArrayState {
    /// Items so far, as far as they count.
    index: u64,
    /// How many of them are what must be contained.
    found: Vec<u64>,
    /// Values that were there, by their place among all scalars.
    used: Vec<usize>,
}

/// What may follow after all properties that are named: those that are not.
struct Tail {
    /// A pair of a name and a value, and one with a comma before it.
    pair: Option<(RuleId, RuleId)>,
    /// The same for names that must not be, and for those of which one must be there.
    needed: Option<[(RuleId, RuleId); 2]>,
}

impl Tail {
    fn of(
        writer: &mut Writer<'_, '_>,
        object: &Object,
        cells: &[(super::language::Language, SchemaId)],
    ) -> Self {
        let pair = (!cells.is_empty()).then(|| Self::pair(writer, cells));
        let needed = object.needs.as_ref().map(|needed| {
            [false, true].map(|inside| {
                let mut part = Vec::new();
                for (language, schema) in cells {
                    let languages = &mut writer.reader.languages;
                    let language = match inside {
                        true => languages.and(language, needed),
                        false => languages.minus(language, needed),
                    };
                    if !languages.is_empty(&language) {
                        part.push((language, *schema));
                    }
                }
                Self::pair(writer, &part)
            })
        });
        Tail { pair, needed }
    }

    fn pair(
        writer: &mut Writer<'_, '_>,
        cells: &[(super::language::Language, SchemaId)],
    ) -> (RuleId, RuleId) {
        let mut alternatives = Vec::new();
        for (language, schema) in cells {
            let name = writer.rules.terminal(language);
            let value = writer.rule(*schema);
            alternatives.push(vec![name, Part::Sign(":"), Part::Rule(value)]);
        }
        let pair = writer.rules.add(alternatives);
        (pair, writer.rules.add(vec![vec![Part::Sign(","), Part::Rule(pair)]]))
    }

    /// What may follow where `count` properties were written, if they are counted.
    fn alternatives(&self, written: bool, count: Option<u64>, object: &Object) -> Vec<Alternative> {
        if let Some([(_, other), (first, needed)]) = self.needed {
            let any = self.pair.map(|(_, more)| Part::Repeat(more, 0, None));
            let others = self.needed.map(|[(other, _), _]| other);
            let rest = |mut parts: Vec<Part>| {
                parts.extend(any.clone());
                parts
            };
            let others_first = Part::Repeat(other, 0, None);
            return if written {
                vec![rest(vec![others_first, Part::Rule(needed)])]
            } else {
                let mut alternatives = vec![rest(vec![Part::Rule(first)])];
                alternatives.extend(
                    others.map(|one| rest(vec![Part::Rule(one), others_first, Part::Rule(needed)])),
                );
                alternatives
            };
        }
        let count = count.unwrap_or(0);
        let is_counted = |bound: u64| bound.saturating_sub(count);
        let room = object.max.map(is_counted);
        // Without counting, the minimum was met by what is required.
        let missing =
            if object.min > count && self.counts(object) { object.min - count } else { 0 };
        let mut alternatives = Vec::new();
        if missing == 0 {
            alternatives.push(vec![]);
        }
        if let Some((pair, more)) = self.pair
            && missing <= 1
            && room != Some(0)
        {
            alternatives.push(if written {
                vec![Part::Repeat(more, 1, room)]
            } else {
                vec![Part::Rule(pair), Part::Repeat(more, 0, room.map(|room| room - 1))]
            });
        }
        alternatives
    }

    fn counts(&self, object: &Object) -> bool {
        let n_required = object.known.iter().filter(|property| property.is_required).count() as u64;
        object.min > n_required
    }
}

/// Multiples within bounds, as a schema: llguidance follows remainders.
fn multiples(range: &Range) -> Result<Part, Refusal> {
    let of = range.multiple.as_ref().expect("it has one");
    let refuse = |what: &str| Refusal::unsupported(what, REMOVE);
    if !range.is_interval {
        return Err(refuse("multipleOf together with not, oneOf or anyOf"));
    }
    // Its remainders are 32-bit numbers that are multiplied by ten.
    match of.small_parts() {
        Some((coefficient, places)) if coefficient <= 200_000_000 && places <= 8 => {}
        _ => return Err(refuse("multipleOf with so many digits")),
    }
    let mut schema = serde_json::Map::new();
    let kind = if range.is_integer { "integer" } else { "number" };
    schema.insert("type".into(), kind.into());
    let number = |text: String| serde_json::from_str::<serde_json::Value>(&text);
    let mut put = |key: &str, bound: &super::decimal::Decimal| {
        // Others would be rounded.
        let is_exact = bound.small_integer().is_some() || bound.plain().len() <= 12;
        match number(bound.plain()) {
            Ok(value) if is_exact => {
                schema.insert(key.into(), value);
                Ok(())
            }
            _ => Err(refuse("multipleOf beside bounds with so many digits")),
        }
    };
    put("multipleOf", of)?;
    for (bound, keys) in [
        (&range.low, ["minimum", "exclusiveMinimum"]),
        (&range.high, ["maximum", "exclusiveMaximum"]),
    ] {
        if let Some((bound, exclusive)) = bound {
            put(keys[usize::from(*exclusive)], bound)?;
        }
    }
    Ok(Part::Json(serde_json::Value::Object(schema).to_string()))
}
