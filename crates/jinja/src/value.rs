//! Python's values, as far as templates meet them. They never change once made, but for namespaces:
//! transformers runs templates in a sandbox that forbids it.

mod containers;
mod number;
mod running;

use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;

pub(crate) use containers::{Dict, Distinct, Generator, Items, Seq, SeqKind};
pub(crate) use number::Number;
pub(crate) use running::{Cycler, Function, Loop, Namespace, Scope};

use crate::error::{Result, failed, refused};

/// Lists in lists: walking them recurses.
///
/// Limit of chat templates: lists within each other; ended.
const MAX_NESTING: usize = 64;

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
