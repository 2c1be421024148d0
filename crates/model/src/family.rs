//! Model families: each maps a file's metadata and tensor names onto one decoder's shape and
//! weights.

mod llama;

use crate::weights::Weights;
use crate::{Config, GgufFile, ModelError};

/// A family's reading of a file.
pub(crate) struct Recipe {
    pub(crate) config: Config,
    pub(crate) weights: Weights,
}

/// One row per supported `general.architecture`.
type Reader = fn(&GgufFile) -> Result<Recipe, ModelError>;
const FAMILIES: &[(&str, Reader)] = &[("llama", llama::read)];

/// Reads a file with the family it names.
pub(crate) fn read(file: &GgufFile) -> Result<Recipe, ModelError> {
    let found = file.text("general.architecture").ok_or_else(|| ModelError::Metadata {
        key: "general.architecture".into(),
        expected: "text",
    })?;
    let reader = FAMILIES.iter().find(|(name, _)| *name == found);
    let (_, read) = reader.ok_or_else(|| ModelError::Architecture {
        found: found.to_owned(),
        supported: supported(),
    })?;
    read(file)
}

/// The names of all supported architectures, for messages.
pub fn supported() -> String {
    FAMILIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
