//! A door for fuzzers: readers of outside bytes that this crate keeps to itself. Nothing else should use
//! it, and it may change at any time.

use std::path::Path;

use serde_json::Value;
use tokenscope_model::GgufFile;
use tokenscope_tokens::{GgufVocabulary, HfVocabulary};

pub use crate::hub::fuzz_door::hub_answer;

/// What a GGUF file says about text.
///
/// # Errors
/// A sentence.
pub fn gguf_vocabulary(file: &GgufFile) -> Result<GgufVocabulary, String> {
    crate::gguf_vocabulary::read(file)
}

/// What a folder's files say about text.
///
/// # Errors
/// A sentence.
pub fn folder_vocabulary(folder: &Path, config: &Value) -> Result<HfVocabulary, String> {
    Ok(crate::hf_vocabulary::read(folder, config)?.vocabulary)
}
