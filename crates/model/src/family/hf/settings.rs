//! Reading `config.json` with errors that name the key.

use serde_json::Value;

use crate::ModelError;
use crate::family::LARGEST_COUNT;

/// A JSON object of settings, with the values of those that it does not mention. What is `null`,
/// has no value, whatever the default.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    object: &'a Value,
    defaults: &'a Value,
}

impl<'a> Settings<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        Settings { object, defaults: &Value::Null }
    }

    /// The same settings with a family's defaults: those of its configuration class in
    /// transformers.
    pub(super) fn or<'b>(&self, defaults: &'b Value) -> Settings<'b>
    where
        'a: 'b,
    {
        Settings { object: self.object, defaults }
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        let mentioned = self.object.get(key).or_else(|| self.defaults.get(key));
        mentioned.filter(|value| !value.is_null())
    }

    /// Whether some setting is itself an object.
    pub(super) fn holds_objects(&self) -> bool {
        self.object.as_object().is_some_and(|object| object.values().any(Value::is_object))
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, ModelError> {
        self.optional_text(key)?.ok_or_else(|| unusable(key, "text"))
    }

    pub(super) fn optional_text(&self, key: &str) -> Result<Option<&'a str>, ModelError> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| unusable(key, "text"));
        self.value(key).map(text).transpose()
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, ModelError> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| unusable(key, "true or false"));
        self.value(key).map(flag).transpose()
    }

    pub(super) fn count(&self, key: &str) -> Result<usize, ModelError> {
        self.optional_count(key)?.ok_or_else(|| unusable(key, "a positive integer"))
    }

    pub(super) fn optional_count(&self, key: &str) -> Result<Option<usize>, ModelError> {
        self.whole(key, 1, "a positive integer")
    }

    /// A count that may be 0.
    pub(super) fn optional_index(&self, key: &str) -> Result<Option<usize>, ModelError> {
        self.whole(key, 0, "0 or a positive integer")
    }

    fn whole(
        &self,
        key: &str,
        least: usize,
        expected: &'static str,
    ) -> Result<Option<usize>, ModelError> {
        let whole = |value: &Value| {
            let whole = value.as_u64().and_then(|whole| usize::try_from(whole).ok());
            let whole = whole.filter(|whole| (least..=LARGEST_COUNT).contains(whole));
            whole.ok_or_else(|| unusable(key, expected))
        };
        self.value(key).map(whole).transpose()
    }

    pub(super) fn number(&self, key: &str, default: f32) -> Result<f32, ModelError> {
        Ok(self.optional_number(key)?.unwrap_or(default))
    }

    pub(super) fn optional_number(&self, key: &str) -> Result<Option<f32>, ModelError> {
        let number = |value: &Value| {
            value.as_f64().map(|number| number as f32).ok_or_else(|| unusable(key, "a number"))
        };
        self.value(key).map(number).transpose()
    }

    pub(super) fn positive(&self, key: &str) -> Result<f64, ModelError> {
        self.optional_positive(key)?.ok_or_else(|| unusable(key, "a positive number"))
    }

    pub(super) fn optional_positive(&self, key: &str) -> Result<Option<f64>, ModelError> {
        self.value(key).map(|value| positive(key, value)).transpose()
    }

    /// A list of so many positive numbers.
    pub(super) fn positive_list(&self, key: &str, n: usize) -> Result<Vec<f32>, ModelError> {
        let list = self.value(key).and_then(Value::as_array).filter(|list| list.len() == n);
        let list = list.ok_or_else(|| unusable(key, "a list with a number per rotated pair"))?;
        list.iter().map(|value| positive(key, value).map(|number| number as f32)).collect()
    }

    pub(super) fn object(&self, key: &str) -> Result<Settings<'a>, ModelError> {
        self.optional_object(key)?.ok_or_else(|| unusable(key, "an object"))
    }

    pub(super) fn optional_object(&self, key: &str) -> Result<Option<Settings<'a>>, ModelError> {
        match self.value(key) {
            None => Ok(None),
            Some(object) if object.is_object() => Ok(Some(Settings::of(object))),
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

fn positive(key: &str, value: &Value) -> Result<f64, ModelError> {
    // As float32, too, it must be more than nothing and less than infinite.
    let usable = |number: &f64| (*number as f32) > 0.0 && (*number as f32).is_finite();
    value.as_f64().filter(usable).ok_or_else(|| unusable(key, "a positive number"))
}

pub(super) fn unusable(key: &str, expected: &'static str) -> ModelError {
    ModelError::Metadata { key: key.to_owned(), expected }
}
