//! Python's values, as far as templates meet them. They never change once made, but for namespaces:
//! transformers runs templates in a sandbox that forbids it.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::ast::{For, Macro, Name};
use crate::error::{Result, failed, refused};

/// Lists in lists: walking them recurses.
///
/// Limit of chat templates: lists within each other; ended.
const MAX_NESTING: usize = 64;

/// A tuple as a key.
///
/// Limit of chat templates: bytes of a tuple as a key; ended.
const MAX_KEY_BYTES: usize = 1 << 16;

/// A value.
#[derive(Clone)]
pub(crate) enum Value {
    /// What a missing name, attribute or item gives; with the sentence that using it raises.
    Undefined(Rc<str>),
    /// `None`
    None,
    /// `True` and `False`, which count as 1 and 0.
    Bool(bool),
    /// A whole number. Python's have any size; here 38 digits are the most.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Str(Rc<str>),
    /// A list or a tuple.
    Seq(Rc<Seq>),
    /// A mapping, in the order in which it was written.
    Dict(Rc<Dict>),
    /// What `range` gives: first, end (exclusive), step.
    Range(i128, i128, i128),
    /// What `dict.items()` and its like give.
    Items(Rc<Items>),
    /// What filters such as `map` give: something that can be walked through once.
    Generator(Rc<Generator>),
    /// What `namespace()` gives.
    Namespace(Rc<Namespace>),
    /// Something that can be called.
    Function(Rc<Function>),
    /// The variable `loop`.
    Loop(Rc<Loop>),
    /// What `cycler()` gives.
    Cycler(Rc<Cycler>),
    /// What `joiner()` gives: the separator, and whether it was used.
    Joiner(Rc<(Rc<str>, Cell<bool>)>),
}

/// What a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeqKind {
    /// `[1, 2]`
    List,
    /// `(1, 2)`
    Tuple,
    /// A tuple of the filter `groupby`, whose items have the names `grouper` and `list`.
    Group,
}

/// A list or a tuple.
pub(crate) struct Seq {
    kind: SeqKind,
    items: Vec<Value>,
    extent: Extent,
}

impl Seq {
    /// # Errors
    /// If lists would nest too deeply.
    pub(crate) fn new(kind: SeqKind, items: Vec<Value>) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Seq { kind, items, extent })
    }

    pub(crate) fn kind(&self) -> SeqKind {
        self.kind
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.items
    }
}

/// A mapping. The keys that Python finds equal, such as `1`, `1.0` and `True`, are one.
#[derive(Default)]
pub(crate) struct Dict {
    entries: IndexMap<Key, (Value, Value)>,
    extent: Extent,
}

impl Dict {
    /// # Errors
    /// If a key cannot be one, or mappings would nest too deeply.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (Value, Value)>) -> Result<Self> {
        let mut entries: IndexMap<Key, (Value, Value)> = IndexMap::new();
        for (name, value) in pairs {
            let key = Key::of(&name)?;
            match entries.get_mut(&key) {
                // The key that came first stays.
                Some((_, old)) => *old = value,
                None => {
                    entries.insert(key, (name, value));
                }
            }
        }
        let extent = Extent::around(entries.values().flat_map(|(key, value)| [key, value]))?;
        Ok(Dict { entries, extent })
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, name: &Value) -> Result<Option<&Value>> {
        Ok(self.entries.get(&Key::of(name)?).map(|(_, value)| value))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> {
        self.entries.values().map(|(name, value)| (name, value))
    }
}

/// A value as a key: equal to what Python finds equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// Missing values are all the same key.
    Undefined,
    /// A function, a namespace or the like: equal to itself alone.
    Identity(usize),
    Range(i128, i128, i128),
    None,
    Int(i128),
    Float(u64),
    Str(Rc<str>),
    Tuple(Vec<Key>),
}

impl Key {
    fn of(value: &Value) -> Result<Key> {
        Ok(match value {
            Value::Undefined(_) => Key::Undefined,
            Value::Function(this) => Key::Identity(Rc::as_ptr(this).addr()),
            Value::Generator(this) => Key::Identity(Rc::as_ptr(this).addr()),
            Value::Namespace(this) => Key::Identity(Rc::as_ptr(this).addr()),
            Value::Loop(this) => Key::Identity(Rc::as_ptr(this).addr()),
            Value::Cycler(this) => Key::Identity(Rc::as_ptr(this).addr()),
            Value::Joiner(this) => Key::Identity(Rc::as_ptr(this).addr()),
            Value::Range(first, end, step) => Key::Range(*first, *end, *step),
            Value::None => Key::None,
            Value::Bool(flag) => Key::Int(i128::from(*flag)),
            Value::Int(number) => Key::Int(*number),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e38 => {
                Key::Int(*number as i128)
            }
            Value::Float(number) => Key::Float(number.to_bits()),
            Value::Str(text) => Key::Str(Rc::clone(text)),
            Value::Seq(seq) if seq.kind != SeqKind::List => {
                if seq.extent.weight > MAX_KEY_BYTES {
                    return refused("a key of a mapping is too large");
                }
                Key::Tuple(seq.items.iter().map(Key::of).collect::<Result<_>>()?)
            }
            other => return failed(format!("unhashable type: '{}'", other.type_name())),
        })
    }
}

/// Values found equal by Python, for filters that look for them.
pub(crate) struct Distinct(HashMap<Key, ()>);

impl Distinct {
    pub(crate) fn new() -> Self {
        Distinct(HashMap::new())
    }

    /// Whether it is new.
    pub(crate) fn insert(&mut self, value: &Value) -> Result<bool> {
        Ok(self.0.insert(Key::of(value)?, ()).is_none())
    }
}

/// What walks over a mapping: its keys, its values or both.
pub(crate) struct Items {
    /// `dict_keys`, `dict_values` or `dict_items`
    pub(crate) kind: &'static str,
    items: Vec<Value>,
    extent: Extent,
}

impl Items {
    pub(crate) fn new(kind: &'static str, items: Vec<Value>) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Items { kind, items, extent })
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.items.iter()
    }
}

/// Values that are given out once.
pub(crate) struct Generator {
    left: RefCell<std::vec::IntoIter<Value>>,
    extent: Extent,
}

impl Generator {
    pub(crate) fn new(items: Vec<Value>) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Generator { left: RefCell::new(items.into_iter()), extent })
    }

    /// What has not been given out.
    pub(crate) fn drain(&self) -> Vec<Value> {
        self.left.borrow_mut().by_ref().collect()
    }

    /// The next value.
    pub(crate) fn next(&self) -> Option<Value> {
        self.left.borrow_mut().next()
    }
}

/// Named values that may change.
#[derive(Default)]
pub(crate) struct Namespace {
    pub(crate) values: RefCell<IndexMap<Rc<str>, Value>>,
}

/// Something that can be called.
pub(crate) enum Function {
    /// A function by its name, such as `range`.
    Global(&'static str),
    /// A method of a value, not yet called.
    Method(Value, Rc<str>),
    /// A macro with the variables around it.
    Macro(std::sync::Arc<Macro>, Rc<Scope>),
}

/// Items that are given out one after the other, again and again.
pub(crate) struct Cycler {
    pub(crate) items: Vec<Value>,
    /// The place of the current one.
    pub(crate) at: Cell<usize>,
    extent: Extent,
}

impl Cycler {
    pub(crate) fn new(items: Vec<Value>) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Cycler { items, at: Cell::new(0), extent })
    }
}

/// Where a loop stands.
pub(crate) struct Loop {
    pub(crate) items: Vec<Value>,
    pub(crate) at: Cell<usize>,
    /// 0 for the outermost turn of a recursive loop.
    pub(crate) depth: usize,
    /// Set where the loop is recursive: its text, and the variables around it.
    pub(crate) again: Option<(std::sync::Arc<For>, Rc<Scope>)>,
    /// What `loop.changed` was asked about last.
    pub(crate) last_changed: RefCell<Option<Vec<Value>>>,
    extent: Extent,
}

impl Loop {
    pub(crate) fn new(
        items: Vec<Value>,
        depth: usize,
        again: Option<(std::sync::Arc<For>, Rc<Scope>)>,
    ) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Loop { items, at: Cell::new(0), depth, again, last_changed: RefCell::default(), extent })
    }
}

/// Variables of a block, and the block around it.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) values: RefCell<HashMap<Name, Value>>,
    pub(crate) around: Option<Rc<Scope>>,
}

impl Scope {
    /// A scope within another one.
    pub(crate) fn inside(around: &Rc<Scope>) -> Rc<Scope> {
        Rc::new(Scope { values: RefCell::default(), around: Some(Rc::clone(around)) })
    }

    pub(crate) fn set(&self, name: &Name, value: Value) {
        self.values.borrow_mut().insert(Name::clone(name), value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let mut scope = Some(self);
        while let Some(this) = scope {
            if let Some(value) = this.values.borrow().get(name) {
                return Some(value.clone());
            }
            scope = this.around.as_deref();
        }
        None
    }
}

/// How deep a value is and how much is in it, known when it is made: lists that share their items may hold
/// more than could ever be walked through.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    nesting: usize,
    /// In bytes.
    weight: usize,
}

/// What a value takes besides its text.
pub(crate) const VALUE_BYTES: usize = 16;

impl Extent {
    /// # Errors
    /// If values would nest too deeply.
    fn around<'v>(parts: impl Iterator<Item = &'v Value>) -> Result<Extent> {
        let mut extent = Extent { nesting: 1, weight: VALUE_BYTES };
        for part in parts {
            let Extent { nesting, weight } = part.extent();
            extent.nesting = extent.nesting.max(1 + nesting);
            extent.weight = extent.weight.saturating_add(weight);
        }
        if extent.nesting > MAX_NESTING {
            refused("its values nest too deeply")
        } else {
            Ok(extent)
        }
    }
}

impl Value {
    /// A list.
    ///
    /// # Errors
    /// If lists would nest too deeply.
    pub(crate) fn list(items: Vec<Value>) -> Result<Value> {
        Ok(Value::Seq(Rc::new(Seq::new(SeqKind::List, items)?)))
    }

    pub(crate) fn tuple(items: Vec<Value>) -> Result<Value> {
        Ok(Value::Seq(Rc::new(Seq::new(SeqKind::Tuple, items)?)))
    }

    pub(crate) fn generator(items: Vec<Value>) -> Result<Value> {
        Ok(Value::Generator(Rc::new(Generator::new(items)?)))
    }

    /// What stands for a name that is not there.
    pub(crate) fn undefined(why: impl Into<Rc<str>>) -> Value {
        Value::Undefined(why.into())
    }

    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined(_))
    }

    fn extent(&self) -> Extent {
        let leaf = |weight| Extent { nesting: 0, weight };
        match self {
            Value::Seq(seq) => seq.extent,
            Value::Dict(dict) => dict.extent,
            Value::Items(items) => items.extent,
            Value::Generator(generator) => generator.extent,
            Value::Loop(state) => state.extent,
            Value::Cycler(cycler) => cycler.extent,
            Value::Function(function) => match &**function {
                Function::Method(value, _) => {
                    let Extent { nesting, weight } = value.extent();
                    Extent { nesting: nesting + 1, weight }
                }
                _ => leaf(VALUE_BYTES),
            },
            Value::Str(text) => leaf(VALUE_BYTES + text.len()),
            _ => leaf(VALUE_BYTES),
        }
    }

    /// Bytes in it, all of which printing or comparing it touches.
    pub(crate) fn weight(&self) -> usize {
        self.extent().weight
    }

    /// The name of its type in Python.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::Undefined(_) => "Undefined",
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::Seq(seq) => match seq.kind {
                SeqKind::List => "list",
                SeqKind::Tuple => "tuple",
                SeqKind::Group => "_GroupTuple",
            },
            Value::Dict(_) => "dict",
            Value::Range(..) => "range",
            Value::Items(items) => items.kind,
            Value::Generator(_) => "generator",
            Value::Namespace(_) => "Namespace",
            Value::Function(function) => match &**function {
                Function::Global(_) => "function",
                Function::Method(..) => "method",
                Function::Macro(..) => "Macro",
            },
            Value::Loop(_) => "LoopContext",
            Value::Cycler(_) => "Cycler",
            Value::Joiner(_) => "Joiner",
        }
    }

    /// Whether it counts as true.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Undefined(_) | Value::None => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Seq(seq) => !seq.items.is_empty(),
            Value::Dict(dict) => dict.len() > 0,
            Value::Range(..) => range_len(self).is_some_and(|len| len > 0),
            Value::Items(items) => !items.items.is_empty(),
            _ => true,
        }
    }

    /// The number that it is; `True` and `False` are 1 and 0.
    pub(crate) fn as_number(&self) -> Option<Number> {
        match self {
            Value::Bool(flag) => Some(Number::Int(i128::from(*flag))),
            Value::Int(number) => Some(Number::Int(*number)),
            Value::Float(number) => Some(Number::Float(*number)),
            _ => None,
        }
    }

    /// The whole number that it is, for places where Python takes only those.
    pub(crate) fn as_int(&self) -> Option<i128> {
        match self.as_number() {
            Some(Number::Int(number)) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&Rc<str>> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// How many items it has.
    ///
    /// # Errors
    /// If it has no length.
    pub(crate) fn len(&self) -> Result<usize> {
        match self {
            Value::Undefined(_) => Ok(0),
            Value::Str(text) => Ok(text.chars().count()),
            Value::Seq(seq) => Ok(seq.items.len()),
            Value::Dict(dict) => Ok(dict.len()),
            Value::Items(items) => Ok(items.items.len()),
            Value::Range(..) => Ok(range_len(self).unwrap_or(0)),
            Value::Loop(inner) => Ok(inner.items.len()),
            other => failed(format!("object of type '{}' has no len()", other.type_name())),
        }
    }

    /// What a loop over it meets. The names of a mapping, the characters of a text.
    ///
    /// # Errors
    /// If it cannot be walked through.
    pub(crate) fn items(&self) -> Result<Vec<Value>> {
        match self {
            Value::Undefined(_) => Ok(Vec::new()),
            Value::Str(text) => Ok(text.chars().map(Value::from).collect()),
            Value::Seq(seq) => Ok(seq.items.clone()),
            Value::Dict(dict) => Ok(dict.iter().map(|(name, _)| name.clone()).collect()),
            Value::Items(items) => Ok(items.items.clone()),
            Value::Generator(generator) => Ok(generator.drain()),
            &Value::Range(first, _, step) => {
                let len = range_len(self).unwrap_or(0) as i128;
                Ok((0..len).map(|at| Value::Int(first + at * step)).collect())
            }
            other => failed(format!("'{}' object is not iterable", other.type_name())),
        }
    }

    /// Python's `==`.
    pub(crate) fn equals(&self, other: &Value) -> bool {
        if let (Some(left), Some(right)) = (self.as_number(), other.as_number()) {
            return left.compare(right) == Some(Ordering::Equal);
        }
        match (self, other) {
            (Value::Undefined(_), Value::Undefined(_)) | (Value::None, Value::None) => true,
            (Value::Str(left), Value::Str(right)) => left == right,
            (Value::Seq(left), Value::Seq(right)) => {
                (left.kind == SeqKind::List) == (right.kind == SeqKind::List)
                    && left.items.len() == right.items.len()
                    && left.items.iter().zip(&right.items).all(|(left, right)| left.equals(right))
            }
            (Value::Dict(left), Value::Dict(right)) => {
                left.len() == right.len()
                    && left.entries.iter().all(|(key, (_, value))| {
                        right.entries.get(key).is_some_and(|(_, other)| value.equals(other))
                    })
            }
            (Value::Range(..), Value::Range(..)) => {
                let (mine, others) = (self.items(), other.items());
                matches!((mine, others), (Ok(mine), Ok(others)) if mine.len() == others.len()
                    && mine.iter().zip(&others).all(|(left, right)| left.equals(right)))
            }
            _ => self.is_same(other),
        }
    }

    /// Python's `is`, for what has an identity here.
    pub(crate) fn is_same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Undefined(left), Value::Undefined(right)) => Rc::ptr_eq(left, right),
            (Value::None, Value::None) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::Str(left), Value::Str(right)) => left == right,
            (Value::Seq(left), Value::Seq(right)) => Rc::ptr_eq(left, right),
            (Value::Dict(left), Value::Dict(right)) => Rc::ptr_eq(left, right),
            (Value::Items(left), Value::Items(right)) => Rc::ptr_eq(left, right),
            (Value::Generator(left), Value::Generator(right)) => Rc::ptr_eq(left, right),
            (Value::Namespace(left), Value::Namespace(right)) => Rc::ptr_eq(left, right),
            (Value::Loop(left), Value::Loop(right)) => Rc::ptr_eq(left, right),
            (Value::Cycler(left), Value::Cycler(right)) => Rc::ptr_eq(left, right),
            (Value::Joiner(left), Value::Joiner(right)) => Rc::ptr_eq(left, right),
            (Value::Function(left), Value::Function(right)) => match (&**left, &**right) {
                (Function::Global(left), Function::Global(right)) => left == right,
                _ => Rc::ptr_eq(left, right),
            },
            _ => false,
        }
    }

    /// Python's `<`, `==` and `>`; None for numbers that are no numbers.
    ///
    /// # Errors
    /// If the two cannot be ordered.
    pub(crate) fn compare(&self, other: &Value) -> Result<Option<Ordering>> {
        if let (Some(left), Some(right)) = (self.as_number(), other.as_number()) {
            return Ok(left.compare(right));
        }
        match (self, other) {
            (Value::Str(left), Value::Str(right)) => Ok(Some(left.cmp(right))),
            (Value::Seq(left), Value::Seq(right))
                if (left.kind == SeqKind::List) == (right.kind == SeqKind::List) =>
            {
                for (left, right) in left.items.iter().zip(&right.items) {
                    if !left.equals(right) {
                        return left.compare(right);
                    }
                }
                Ok(Some(left.items.len().cmp(&right.items.len())))
            }
            (Value::Undefined(why), _) | (_, Value::Undefined(why)) => failed(&**why),
            _ => failed(format!(
                "'<' not supported between instances of '{}' and '{}'",
                self.type_name(),
                other.type_name()
            )),
        }
    }
}

/// How many numbers a range has.
pub(crate) fn range_len(range: &Value) -> Option<usize> {
    let &Value::Range(first, end, step) = range else { return None };
    let span = if step > 0 { end.saturating_sub(first) } else { first.saturating_sub(end) };
    let len = span.max(0).unsigned_abs().div_ceil(step.unsigned_abs());
    Some(usize::try_from(len).unwrap_or(usize::MAX))
}

/// A number of either kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
            (Number::Int(left), Number::Float(right)) => int_and_float(left, right),
            (Number::Float(left), Number::Int(right)) => {
                int_and_float(right, left).map(Ordering::reverse)
            }
            (Number::Float(left), Number::Float(right)) => left.partial_cmp(&right),
        }
    }
}

/// Exactly, as Python does: not by rounding the whole number.
fn int_and_float(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() || float.abs() >= 1e38 {
        return 0.0.partial_cmp(&float);
    }
    let floor = float.floor();
    Some(int.cmp(&(floor as i128)).then(0.0.partial_cmp(&(float - floor))?))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Str(text.into())
    }
}

impl From<char> for Value {
    fn from(c: char) -> Self {
        Value::Str(Rc::from(c.encode_utf8(&mut [0; 4]) as &str))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Value::Int(number as i128)
    }
}
