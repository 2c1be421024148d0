//! Reading `config.json` with errors that name the key.

use serde_json::Value;

use crate::ModelError;
use crate::family::LARGEST_COUNT;

/// A JSON object of settings. `null` counts as absent.
pub(super) struct Settings<'a> {
    object: &'a Value,
}

impl<'a> Settings<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        Settings { object }
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, ModelError> {
        self.value(key).and_then(Value::as_str).ok_or_else(|| unusable(key, "text"))
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, ModelError> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| unusable(key, "true or false"));
        self.value(key).map(flag).transpose()
    }

    pub(super) fn count(&self, key: &str) -> Result<usize, ModelError> {
        self.optional_count(key)?.ok_or_else(|| unusable(key, "a positive integer"))
    }

    pub(super) fn optional_count(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let count = |value: &Value| {
            let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| (1..=LARGEST_COUNT).contains(count));
            count.ok_or_else(|| unusable(key, "a positive integer"))
        };
        self.value(key).map(count).transpose()
    }

    pub(super) fn number(&self, key: &str, default: f32) -> Result<f32, ModelError> {
        Ok(self.optional_number(key)?.unwrap_or(default))
    }

    pub(super) fn needed_number(&self, key: &str) -> Result<f32, ModelError> {
        self.optional_number(key)?.ok_or_else(|| unusable(key, "a number"))
    }

    pub(super) fn optional_number(&self, key: &str) -> Result<Option<f32>, ModelError> {
        let number = |value: &Value| {
            value.as_f64().map(|number| number as f32).ok_or_else(|| unusable(key, "a number"))
        };
        self.value(key).map(number).transpose()
    }

    pub(super) fn optional_object(&self, key: &str) -> Result<Option<Settings<'a>>, ModelError> {
        match self.value(key) {
            None => Ok(None),
            Some(object) if object.is_object() => Ok(Some(Settings { object })),
            Some(_) => Err(unusable(key, "an object")),
        }
    }

    /// A list with one entry per layer.
    pub(super) fn per_layer(
        &self,
        key: &str,
        n_layers: usize,
    ) -> Result<Option<&'a [Value]>, ModelError> {
        match self.value(key).map(|value| value.as_array()) {
            None => Ok(None),
            Some(Some(list)) if list.len() == n_layers => Ok(Some(list)),
            Some(_) => Err(unusable(key, "a list with an entry per layer")),
        }
    }
}

fn unusable(key: &str, expected: &'static str) -> ModelError {
    ModelError::Metadata { key: key.to_owned(), expected }
}
