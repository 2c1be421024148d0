//! Copies of tiny checkpoints with something changed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

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

    /// Gives the tensors other names. The header of a safetensors file is a JSON object of the
    /// tensors, with its length before it in eight bytes.
    pub(crate) fn rename_tensors(&self, rename: impl Fn(&str) -> String) {
        let path = self.path().join(WEIGHTS);
        let old = fs::read(&path).unwrap();
        let (length, rest) = old.split_first_chunk::<8>().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let header: Value = serde_json::from_slice(header).unwrap();
        let entries = header.as_object().unwrap().iter().map(|(name, entry)| match name.as_str() {
            "__metadata__" => (name.clone(), entry.clone()),
            name => (rename(name), entry.clone()),
        });
        let header = Value::Object(entries.collect()).to_string();
        let length = (header.len() as u64).to_le_bytes();
        fs::write(path, [&length, header.as_bytes(), data].concat()).unwrap();
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
