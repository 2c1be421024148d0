//! Reading a checkpoint in Hugging Face's layout: a folder with `config.json` and either
//! `model.safetensors` or an index of shards.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};
use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::checkpoint::{Checkpoint, StoredTensor, Unreadable};
use crate::format::StorageFormat;
use crate::mapping::MappedFile;
use crate::{LARGEST_SIDE_FILE, ModelError, read_file};

/// An open folder: its configuration, and where its tensors are.
pub struct HfFolder {
    config: Value,
    checkpoint: Checkpoint,
}

impl HfFolder {
    /// The file of all tensors, where they are in one.
    pub const SINGLE: &str = "model.safetensors";
    /// The list of files, where they are in several.
    pub const INDEX: &str = "model.safetensors.index.json";

    /// Reads the configuration and maps the tensors.
    ///
    /// # Errors
    /// If a file is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let config = read_json(&folder.join("config.json"))?;
        let mut checkpoint = Checkpoint::default();
        for file in HfFolder::weight_files(folder)? {
            map_shard(&file, &mut checkpoint)?;
        }
        Ok(HfFolder { config, checkpoint })
    }

    /// The files that hold the tensors: the single one if it is there, as in transformers, else those
    /// of the index. Other weights in a folder (of adapters, or in a format of their makers') are
    /// not the model's.
    ///
    /// # Errors
    /// If the index is damaged or names a file outside the folder.
    pub fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
        let (single, index) = (folder.join(Self::SINGLE), folder.join(Self::INDEX));
        if single.is_file() || !index.is_file() {
            return Ok(vec![single]);
        }
        let text = read_file(&index, LARGEST_SIDE_FILE)
            .map_err(|source| ModelError::Io { path: index, source })?;
        let names = Self::shard_names(&text)
            .map_err(|reason| ModelError::Damaged { what: format!("{}: {reason}", Self::INDEX) })?;
        Ok(names.iter().map(|name| folder.join(name)).collect())
    }

    /// The files that an index ([`Self::INDEX`], as bytes) spreads the tensors over, sorted. They lie
    /// beside it: a name from a file must not lead out of the folder.
    ///
    /// # Errors
    /// What is wrong with the index, as the rest of a sentence.
    pub fn shard_names(index: &[u8]) -> Result<Vec<String>, String> {
        let index: Value = serde_json::from_slice(index).map_err(|error| error.to_string())?;
        let map = index["weight_map"].as_object().ok_or("it has no weight_map")?;
        let mut names = Vec::new();
        for name in map.values() {
            let name = name.as_str().ok_or("its weight_map does not hold names of files")?;
            if name.contains(['/', '\\', ':']) || !name.ends_with(".safetensors") {
                return Err(format!("it names {name:?}, which is no safetensors file beside it"));
            }
            names.push(name.to_owned());
        }
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Err("its weight_map is empty".to_owned());
        }
        Ok(names)
    }

    /// The content of `config.json`.
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// Reads in all weights. Otherwise each page is read when it is first used.
    pub fn prefault(&self) {
        self.checkpoint.prefault();
    }

    /// Number of weights in all tensors together.
    pub fn n_parameters(&self) -> usize {
        self.checkpoint.n_parameters()
    }

    /// The storage format that holds most of the weights.
    pub fn main_format(&self) -> Option<StorageFormat> {
        self.checkpoint.main_format()
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

fn map_shard(path: &Path, checkpoint: &mut Checkpoint) -> Result<(), ModelError> {
    let map = Arc::new(MappedFile::open(path)?);
    let damaged = |error: &dyn fmt::Display| ModelError::Damaged {
        what: format!("{}: {error}", path.display()),
    };
    let (header_bytes, metadata) =
        SafeTensors::read_metadata(&map).map_err(|error| damaged(&error))?;
    // The length of the header stands before it, in eight bytes.
    let data_start = header_bytes + 8;
    refuse_doubles(&map[8..data_start]).map_err(|error| damaged(&error))?;
    for (name, info) in metadata.tensors() {
        if checkpoint.get(&name).is_some() {
            return Err(damaged(&format!("tensor {name:?} stands in an earlier file, too")));
        }
        let format = match info.dtype {
            Dtype::F32 => StorageFormat::F32,
            Dtype::F16 => StorageFormat::F16,
            Dtype::BF16 => StorageFormat::Bf16,
            other => {
                let expected = "storage as float32, float16 or bfloat16".into();
                let unreadable = Unreadable { expected, found: format!("{other:?}") };
                checkpoint.insert_unreadable(name, unreadable);
                continue;
            }
        };
        let (start, end) = info.data_offsets;
        let tensor = StoredTensor {
            shape: info.shape.clone(),
            format,
            map: Arc::clone(&map),
            place: data_start + start..data_start + end,
        };
        checkpoint.insert(name, tensor);
    }
    Ok(())
}

/// Refuses a header that names a tensor twice. The safetensors crate takes the last of them, and others
/// may take the first.
fn refuse_doubles(header: &[u8]) -> Result<(), serde_json::Error> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("tensors by their names")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
            let mut names = HashSet::new();
            while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                if let Some(name) = names.replace(name) {
                    return Err(M::Error::custom(format!("tensor {name:?} stands there twice")));
                }
            }
            Ok(())
        }
    }

    serde_json::Deserializer::from_slice(header).deserialize_map(Names)
}

fn read_json(path: &Path) -> Result<Value, ModelError> {
    let text = read_file(path, LARGEST_SIDE_FILE)
        .map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&text)
        .map_err(|error| ModelError::Damaged { what: format!("{}: {error}", path.display()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_files_beside_it() {
        let good = r#"{"metadata": {}, "weight_map": {"x": "b.safetensors", "y": "a.safetensors",
            "z": "b.safetensors"}}"#;
        let names = HfFolder::shard_names(good.as_bytes()).unwrap();
        assert_eq!(names, ["a.safetensors", "b.safetensors"]);
        for bad in [
            "",
            "{}",
            r#"{"weight_map": {}}"#,
            r#"{"weight_map": {"x": 1}}"#,
            r#"{"weight_map": {"x": ".."}}"#,
            r#"{"weight_map": {"x": "../a.safetensors"}}"#,
            r#"{"weight_map": {"x": "part/a.safetensors"}}"#,
            r#"{"weight_map": {"x": "C:a.safetensors"}}"#,
            r#"{"weight_map": {"x": "a.bin"}}"#,
        ] {
            assert!(HfFolder::shard_names(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    /// A safetensors file of vectors of one weight each, under these names.
    fn shard(names: &[&str]) -> Vec<u8> {
        let entries: Vec<String> = (0..names.len())
            .map(|at| {
                let (start, end) = (4 * at, 4 * at + 4);
                let name = names[at];
                format!(r#""{name}":{{"dtype":"F32","shape":[1],"data_offsets":[{start},{end}]}}"#)
            })
            .collect();
        let header = format!("{{{}}}", entries.join(","));
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.resize(bytes.len() + 4 * names.len(), 0);
        bytes
    }

    #[test]
    fn a_tensor_that_stands_there_twice_is_refused() {
        let mut checkpoint = Checkpoint::default();
        let mut map = |names: &[&str]| {
            let file = crate::testing::write(&shard(names));
            let result = map_shard(file.path(), &mut checkpoint);
            result.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(map(&["a", "b"]), "");
        let twice = map(&["c", "d", "\\u0063"]);
        // Whether the crate sees the gap that the first of them leaves, or we the name.
        assert!(twice.contains("damaged") && !twice.contains("earlier"), "{twice}");
        let elsewhere = map(&["e", "b"]);
        assert!(elsewhere.contains("tensor \"b\" stands in an earlier file"), "{elsewhere}");
        // Both at the same place leave no gap.
        let header = br#"{"x":{"dtype":"F32"},"y":{},"\u0078":{"dtype":"F16"}}"#;
        let error = refuse_doubles(header).unwrap_err().to_string();
        assert!(error.contains("tensor \"x\" stands there twice"), "{error}");
    }
}
