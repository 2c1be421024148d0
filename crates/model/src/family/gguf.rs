//! Families in GGUF files, by `general.architecture`.

mod llama;

use super::Recipe;
use crate::{GgufFile, ModelError};

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
        supported: FAMILIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
    })?;
    read(file)
}
