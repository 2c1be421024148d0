//! Reading a checkpoint in Hugging Face's layout: a folder with `config.json` and either
//! `model.safetensors` or an index of shards.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::ModelError;
use crate::checkpoint::{Checkpoint, StoredTensor};
use crate::format::StorageFormat;
use crate::mapping::MappedFile;

/// An open folder: its configuration, and where its tensors are.
pub struct HfFolder {
    config: Value,
    checkpoint: Checkpoint,
}

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

impl HfFolder {
    /// Reads the configuration and maps the tensors.
    ///
    /// # Errors
    /// If a file is missing or damaged, or stores a tensor in a format that is not supported.
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
        let (single, index) = (folder.join(SINGLE), folder.join(INDEX));
        if index.is_file() && !single.is_file() { shards(folder, &index) } else { Ok(vec![single]) }
    }

    /// The content of `config.json`.
    pub fn config(&self) -> &Value {
        &self.config
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

/// The files that an index names.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let index = read_json(index)?;
    let damaged = |what: String| ModelError::Damaged { what };
    let map = index["weight_map"].as_object();
    let map = map.ok_or_else(|| damaged(format!("{INDEX} has no \"weight_map\"")))?;
    let mut names: Vec<&str> = map.values().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    // A name from the file must stay inside the folder.
    match names.iter().find(|name| Path::new(name).components().count() != 1) {
        Some(name) => Err(damaged(format!("{INDEX} names the shard {name:?}"))),
        None => Ok(names.into_iter().map(|name| folder.join(name)).collect()),
    }
}

fn map_shard(path: &Path, checkpoint: &mut Checkpoint) -> Result<(), ModelError> {
    let map = Arc::new(MappedFile::open(path)?);
    let damaged = |error| ModelError::Damaged { what: format!("{}: {error}", path.display()) };
    let (header_bytes, metadata) = SafeTensors::read_metadata(&map).map_err(damaged)?;
    // The length of the header stands before it, in eight bytes.
    let data_start = header_bytes + 8;
    for (name, info) in metadata.tensors() {
        let format = match info.dtype {
            Dtype::F32 => StorageFormat::F32,
            Dtype::F16 => StorageFormat::F16,
            Dtype::BF16 => StorageFormat::Bf16,
            // Masks and counters that old checkpoints carry; nobody will ask for them.
            Dtype::BOOL | Dtype::U8 | Dtype::I64 => continue,
            other => {
                return Err(ModelError::Tensor {
                    name,
                    expected: "storage as float32, float16 or bfloat16".into(),
                    found: format!("{other:?}"),
                });
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

fn read_json(path: &Path) -> Result<Value, ModelError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|error| ModelError::Damaged { what: format!("{}: {error}", path.display()) })
}
