//! Values that hold others: lists, tuples, mappings, and what walks over them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use super::{Extent, Value};
use crate::error::{Result, failed, refused};

/// A tuple as a key.
///
/// Limit of chat templates: bytes of a tuple as a key; ended.
const MAX_KEY_BYTES: usize = 1 << 16;

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
    pub(super) kind: SeqKind,
    pub(super) items: Vec<Value>,
    pub(super) extent: Extent,
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
    pub(super) entries: IndexMap<Key, (Value, Value)>,
    pub(super) extent: Extent,
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
pub(super) enum Key {
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
    pub(super) items: Vec<Value>,
    pub(super) extent: Extent,
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
    pub(super) extent: Extent,
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
