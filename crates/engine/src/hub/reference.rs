//! How a model on the hub is named: `org/name`, `org/name@revision`, `org/name@revision:file.gguf`.

use std::fmt;

/// The revision meant when none is named, as on the hub itself.
pub const DEFAULT_REVISION: &str = "main";

/// Longest repository name on the hub, in bytes.
///
/// Limit of fetching: bytes of a repository's name; 400.
const LONGEST_REPO: usize = 96;

/// A model on the hub. Everything in it is safe to build paths from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubReference {
    /// The repository: `org/name`, or one part for the oldest models (`gpt2`).
    pub repo: String,
    /// A branch, tag or commit; none means [`DEFAULT_REVISION`].
    pub revision: Option<String>,
    /// One GGUF file of the repository, with its folders.
    pub file: Option<String>,
}

impl HubReference {
    /// Reads `repo[@revision][:file.gguf]`. What [`fmt::Display`] writes is read back as the same.
    ///
    /// # Errors
    /// A sentence that says which part cannot be meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once(':') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let (repo, revision) = match name.split_once('@') {
            Some((repo, revision)) => (repo, Some(revision)),
            None => (name, None),
        };
        if !is_repo(repo) || text.contains("://") {
            return Err(format!(
                "{text:?} is no model on the hub: a name looks like org/name, of letters, digits, \
                 '-', '_' and '.'; @revision and :file.gguf may follow."
            ));
        }
        if let Some(revision) = revision.filter(|revision| !is_safe_path(revision)) {
            return Err(format!(
                "{revision:?} in {text:?} is no revision: give a branch, a tag or a commit."
            ));
        }
        if let Some(file) = file.filter(|file| !is_safe_path(file) || !is_gguf(file)) {
            return Err(format!(
                "{file:?} in {text:?} is no GGUF file: what follows the ':' has to be the name of \
                 a file in the repository that ends in .gguf."
            ));
        }
        Ok(HubReference {
            repo: repo.to_owned(),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        })
    }

    /// The revision to ask for.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(DEFAULT_REVISION)
    }
}

impl fmt::Display for HubReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        if let Some(revision) = &self.revision {
            write!(f, "@{revision}")?;
        }
        if let Some(file) = &self.file {
            write!(f, ":{file}")?;
        }
        Ok(())
    }
}

/// The hub's rule for names. Two hyphens are what the cache puts in the place of the slash.
fn is_repo(repo: &str) -> bool {
    let is_part = |part: &str| {
        let ends = |c| part.starts_with(c) || part.ends_with(c);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !part.is_empty() && part.chars().all(allowed) && !ends('-') && !ends('.')
    };
    repo.len() <= LONGEST_REPO
        && repo.split('/').count() <= 2
        && repo.split('/').all(is_part)
        && !repo.contains("--")
        && !repo.contains("..")
}

/// Whether a name with slashes stays below the folder it is appended to, on every system: the name
/// may come from a hub, and no hub is trusted with our paths.
pub(super) fn is_safe_path(name: &str) -> bool {
    let is_part = |part: &str| {
        let forbidden = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
        !part.is_empty() && part != "." && part != ".." && !part.contains(forbidden)
    };
    name.len() <= 1024 && name.split('/').all(is_part)
}

/// Whether a file's name says that it is GGUF.
pub(super) fn is_gguf(name: &str) -> bool {
    name.len() > 5 && name.is_char_boundary(name.len() - 5) && {
        name[name.len() - 5..].eq_ignore_ascii_case(".gguf")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_back() {
        let rows = [
            ("Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen2.5-0.5B-Instruct", None, None),
            ("gpt2", "gpt2", None, None),
            ("a/b@v1.0", "a/b", Some("v1.0"), None),
            ("a/b@refs/pr/3", "a/b", Some("refs/pr/3"), None),
            ("a/b:m.Q4_K_M.gguf", "a/b", None, Some("m.Q4_K_M.gguf")),
            ("a/b@main:q4/m.GGUF", "a/b", Some("main"), Some("q4/m.GGUF")),
        ];
        for (text, repo, revision, file) in rows {
            let reference = HubReference::parse(text).unwrap();
            let parts =
                (&*reference.repo, reference.revision.as_deref(), reference.file.as_deref());
            assert_eq!(parts, (repo, revision, file), "{text}");
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, part) in [
            ("", "org/name"),
            ("a/b/c", "org/name"),
            ("/b", "org/name"),
            ("a/..", "org/name"),
            ("../b", "org/name"),
            ("a/b--c", "org/name"),
            ("-a/b", "org/name"),
            ("a/b c", "org/name"),
            ("a/\u{e9}", "org/name"),
            ("https://huggingface.co/a/b", "org/name"),
            ("C:\\models\\a", "GGUF"),
            (&"a".repeat(97), "org/name"),
            ("a/b@", "revision"),
            ("a/b@../../x", "revision"),
            ("a/b@/etc", "revision"),
            ("a/b:", "GGUF"),
            ("a/b:model.safetensors", "GGUF"),
            ("a/b:../m.gguf", "GGUF"),
            ("a/b:/m.gguf", "GGUF"),
            ("a/b:x\\m.gguf", "GGUF"),
            ("a/b:.gguf", "GGUF"),
        ] {
            let error = HubReference::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
