//! Copies of tiny checkpoints with something changed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// A folder of the tiny checkpoints.
pub(crate) fn tiny(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(family)
}

/// A copy in a temporary folder.
pub(crate) struct Changed(tempfile::TempDir);

impl Changed {
    /// A checkpoint with a change of its configuration: a JSON merge patch (RFC 7386), in which
    /// `null` takes a key away.
    pub(crate) fn of(family: &str, change: &Value) -> Self {
        let (original, folder) = (tiny(family), tempfile::tempdir().unwrap());
        fs::copy(original.join(WEIGHTS), folder.path().join(WEIGHTS)).unwrap();
        let text = fs::read_to_string(original.join("config.json")).unwrap();
        let mut config = serde_json::from_str(&text).unwrap();
        merge(&mut config, change);
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        Changed(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives the tensors other names.
    pub(crate) fn rename_tensors(&self, rename: impl Fn(&str) -> String) {
        self.change_tensors(&[], |header| {
            let entries = std::mem::take(header).into_iter();
            let renamed = entries.map(|(name, entry)| match name.as_str() {
                "__metadata__" => (name, entry),
                name => (rename(name), entry),
            });
            *header = renamed.collect();
        });
    }

    /// Stores a tensor as 32 numbers of eight bytes, instead of as it was stored if there is one of
    /// this name.
    #[allow(dead_code, reason = "only one of the tests that share this file needs it")]
    pub(crate) fn store_in_eight_bytes(&self, name: &str, dtype: &str) {
        self.change_tensors(&[0; 256], |header| {
            let ends = header.iter().filter_map(|(_, entry)| entry["data_offsets"][1].as_u64());
            let start = ends.max().unwrap();
            if header.contains_key(name) {
                // Every byte has to belong to a tensor.
                let old = header[name].clone();
                header.insert("replaced.bias".into(), old);
            }
            let offsets = [start, start + 256];
            let entry = serde_json::json!({"dtype": dtype, "shape": [32], "data_offsets": offsets});
            header.insert(name.to_owned(), entry);
        });
    }

    /// Changes the table of tensors. It is a JSON object at the start of a safetensors file, with its length
    /// before it in eight bytes. `more` is added to the data behind it.
    fn change_tensors(&self, more: &[u8], change: impl FnOnce(&mut Map<String, Value>)) {
        let path = self.path().join(WEIGHTS);
        let old = fs::read(&path).unwrap();
        let (length, rest) = old.split_first_chunk::<8>().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let mut header: Map<String, Value> = serde_json::from_slice(header).unwrap();
        change(&mut header);
        let header = Value::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        fs::write(path, [&length, header.as_bytes(), data, more].concat()).unwrap();
    }
}

const WEIGHTS: &str = "model.safetensors";

fn merge(value: &mut Value, change: &Value) {
    let Value::Object(changes) = change else {
        *value = change.clone();
        return;
    };
    if !value.is_object() {
        *value = serde_json::json!({});
    }
    for (key, change) in changes {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(key)),
            change => merge(&mut value[key], change),
        }
    }
}
