//! Why a template gave no text.

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The template called `raise_exception` with this text.
    #[error("{0}")]
    Raised(String),
    /// The template is not valid Jinja, or what it asks for is not possible; as a clause.
    #[error("{0}")]
    Failed(String),
    /// It went beyond the limits, or uses something that is left out here; as a clause.
    #[error("{0}")]
    Refused(String),
}

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the template's own making.
pub(crate) fn failed<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::Failed(what.into()))
}

/// An error about what this crate does not do.
pub(crate) fn refused<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::Refused(what.into()))
}
