//! What can be wrong with a model file.

use std::path::PathBuf;

/// Why a model file could not be used. Each text says what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The operating system refused the file.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not what was loaded any more.
    #[error(
        "the model file {path} {how} while it was in use, so that the model's numbers would be wrong. To \
         replace a model, put the new file beside it and rename it to the old one's name",
        path = path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What was done to it, as the middle of a sentence.
        how: String,
    },
    /// The file does not begin as a GGUF file does. Nothing is said of how it does begin: any path can be
    /// asked for, and what a file holds is not for whoever asks.
    #[error("this is not a GGUF file: it does not begin with \"GGUF\"")]
    NotGguf,
    /// A GGUF version we do not read.
    #[error("this is a GGUF file of version {found}; versions 2 and 3 are supported")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The file ends early or its header is damaged.
    #[error("the file is damaged or incomplete: {what}")]
    Damaged {
        /// What was being read and what was wrong.
        what: String,
    },
    /// The model is of an architecture that is not implemented.
    #[error("the model's architecture is {found:?}; supported: {supported}")]
    Architecture {
        /// `general.architecture`.
        found: String,
        /// What is implemented.
        supported: String,
    },
    /// The model uses a feature that is not implemented; running without it would give wrong
    /// numbers.
    #[error("the model uses {what}, which is not supported")]
    Feature {
        /// The feature and its value.
        what: String,
    },
    /// The system gives no threads to compute with.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
    /// Metadata is missing or of the wrong type.
    #[error("the file's metadata has no usable {key:?} ({expected} expected)")]
    Metadata {
        /// The key.
        key: String,
        /// What its value should be.
        expected: &'static str,
    },
    /// A tensor is missing or has an unexpected shape.
    #[error("tensor {name:?}: expected {expected}, found {found}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// The expected shape or storage.
        expected: String,
        /// What the file has.
        found: String,
    },
}
