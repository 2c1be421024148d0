//! One of several names in JSON, and nothing else, as an enum. What serde derives would also take an object
//! whose only field is the name.

use serde::de::{Deserialize, Deserializer, IntoDeserializer as _};
use serde_json::Value;

/// For `#[serde(deserialize_with)]` on a field that is an enum of names.
pub(super) fn only<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let name = match Value::deserialize(deserializer)? {
        Value::String(name) => name,
        // Merely an unknown name, so that the error says which ones there are.
        other => other.to_string(),
    };
    T::deserialize(name.into_deserializer())
}
