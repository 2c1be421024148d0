//! Reading the metadata below an architecture's name, with errors that name the key.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::family::LARGEST_COUNT;
use crate::{GgufFile, ModelError, Value};

/// The settings `ARCHITECTURE.key` of a file. Remembers which were asked for.
pub(super) struct Settings<'a> {
    file: &'a GgufFile,
    architecture: &'static str,
    read: RefCell<HashSet<String>>,
}

impl<'a> Settings<'a> {
    pub(super) fn of(file: &'a GgufFile, architecture: &'static str) -> Self {
        Settings { file, architecture, read: RefCell::default() }
    }

    fn full(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    fn unusable(&self, key: &str, expected: &'static str) -> ModelError {
        ModelError::Metadata { key: self.full(key), expected }
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.read.borrow_mut().insert(self.full(key));
        self.file.value(&self.full(key))
    }

    pub(super) fn optional_text(&self, key: &str) -> Result<Option<&'a str>, ModelError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.unusable(key, "text")),
        }
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, ModelError> {
        let flag = |value| flag_of(value).ok_or_else(|| self.unusable(key, "true or false"));
        self.value(key).map(flag).transpose()
    }

    pub(super) fn count(&self, key: &str) -> Result<usize, ModelError> {
        self.optional_count(key)?.ok_or_else(|| self.unusable(key, "a positive integer"))
    }

    /// Absent and unusable are different: an absent count may have a default, an odd one (zero, a
    /// list per layer) means a model we would get wrong.
    pub(super) fn optional_count(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let count = |value: &Value| match value {
            Value::Int(count) => usize::try_from(*count).ok(),
            _ => None,
        };
        let count = |value| count(value).filter(|count| (1..=LARGEST_COUNT).contains(count));
        let count = |value| count(value).ok_or_else(|| self.unusable(key, "a positive integer"));
        self.value(key).map(count).transpose()
    }

    /// A count of which zero, too, means that there is none.
    pub(super) fn count_or_none(&self, key: &str) -> Result<Option<usize>, ModelError> {
        match self.value(key) {
            Some(Value::Int(0)) => Ok(None),
            _ => self.optional_count(key),
        }
    }

    pub(super) fn number(&self, key: &str, default: f32) -> Result<f32, ModelError> {
        Ok(self.optional_number(key)?.unwrap_or(default))
    }

    pub(super) fn needed_number(&self, key: &str) -> Result<f32, ModelError> {
        self.optional_number(key)?.ok_or_else(|| self.unusable(key, "a finite number"))
    }

    pub(super) fn positive(&self, key: &str) -> Result<f32, ModelError> {
        let number = self.optional_number(key)?.filter(|number| *number > 0.0);
        number.ok_or_else(|| self.unusable(key, "a positive number"))
    }

    pub(super) fn optional_number(&self, key: &str) -> Result<Option<f32>, ModelError> {
        let number = |value: &Value| match value {
            Value::Float(number) => Some(*number as f32),
            Value::Int(number) => Some(*number as f32),
            _ => None,
        };
        let number = |value| number(value).filter(|number| number.is_finite());
        let number = |value| number(value).ok_or_else(|| self.unusable(key, "a finite number"));
        self.value(key).map(number).transpose()
    }

    /// A list with a truth value per layer.
    pub(super) fn flags(&self, key: &str, n: usize) -> Result<Option<Vec<bool>>, ModelError> {
        let flags = |value: &Value| match value {
            Value::Array(values) if values.len() == n => values.iter().map(flag_of).collect(),
            _ => None,
        };
        let expected = "a list of true or false with an entry per layer";
        let flags = |value| flags(value).ok_or_else(|| self.unusable(key, expected));
        self.value(key).map(flags).transpose()
    }

    /// Fails if a feature is on that is not implemented.
    pub(super) fn refuse(&self, key: &str, feature: &str) -> Result<(), ModelError> {
        match self.value(key) {
            Some(value) if !is_off(value) => {
                let what = format!("{feature} ({} = {})", self.full(key), shown(value));
                Err(ModelError::Feature { what })
            }
            _ => Ok(()),
        }
    }

    /// Fails if a setting below the architecture's name is on and nobody asked for it, unless it is
    /// known to be `harmless`: it may change the numbers.
    pub(super) fn refuse_unread(
        &self,
        harmless: impl Fn(&str, &Value) -> bool,
    ) -> Result<(), ModelError> {
        let prefix = self.full("");
        let mut unread: Vec<&str> =
            self.file.keys().filter_map(|key| key.strip_prefix(&prefix)).collect();
        unread.retain(|key| !self.read.borrow().contains(&self.full(key)));
        unread.sort_unstable();
        for key in unread {
            if !self.value(key).is_some_and(|value| harmless(key, value)) {
                self.refuse(key, "a setting")?;
            }
        }
        Ok(())
    }
}

fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

/// Zero and false, and lists of them, are how converters say that there is no such feature.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Int(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Bool(flag) => !flag,
        Value::Text(_) => false,
        Value::Array(values) => values.iter().all(is_off),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Array(values) => format!("a list of {}", values.len()),
    }
}
