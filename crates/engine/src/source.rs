//! What a model's name refers to.

use std::path::{Path, PathBuf};

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The model that comes with the program.
    Builtin,
    /// A file on this machine.
    GgufFile(PathBuf),
    /// A folder on this machine, in Hugging Face's layout.
    Folder(PathBuf),
    /// A repository on the Hugging Face hub.
    Hub(String),
}

impl Source {
    /// Reads a name: `builtin:...`, a path (`~` is the user's folder), or else a hub id.
    ///
    /// # Errors
    /// A sentence, if the name cannot mean anything that exists.
    pub(crate) fn parse(model_id: &str) -> Result<Self, String> {
        if let Some(name) = model_id.strip_prefix("builtin:") {
            let known = crate::BUILTIN_MODEL;
            return if model_id == known {
                Ok(Source::Builtin)
            } else {
                Err(format!("There is no built-in model {name:?}; there is {known}."))
            };
        }
        let path = expand_home(model_id);
        if path.is_dir() {
            return Ok(Source::Folder(path));
        }
        // A pipe or a device would block or never end, so only real files are opened.
        if path.is_file() {
            return Ok(Source::GgufFile(path));
        }
        if path.exists() {
            return Err(format!("{} is neither a file nor a folder.", path.display()));
        }
        // Some repositories on the hub end in .GGUF, but they have two parts.
        let is_file_name = has_ending(&path, "gguf") && path.components().count() != 2;
        let is_path = path.is_absolute()
            || ["./", "../", "~", "\\"].iter().any(|start| model_id.starts_with(start))
            || (is_file_name && !model_id.contains(':'));
        if is_path {
            return Err(format!("There is no file or folder {}.", path.display()));
        }
        Ok(Source::Hub(model_id.to_owned()))
    }

    /// The stable name of the kind, as in the API.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Source::Builtin => "builtin",
            Source::GgufFile(_) => "file",
            Source::Folder(_) => "folder",
            Source::Hub(_) => "hub",
        }
    }
}

/// The `.gguf` files directly in a folder, by name.
pub(crate) fn gguf_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| has_ending(path, "gguf")).collect();
    files.sort();
    files
}

pub(crate) fn has_ending(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(wanted))
}

/// A path in which `~` stands for the user's folder. A shell does this for arguments, but nobody does
/// it for the page's text field and for variables in files.
pub(crate) fn expand_home(path: &str) -> PathBuf {
    let below_home = match path.strip_prefix('~') {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix(['/', '\\']),
        None => None,
    };
    match (below_home, dirs::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_where_a_model_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights");
        std::fs::write(&file, b"x").unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let hub = |id: &str| Ok(Source::Hub(id.to_owned()));
        for (name, expected) in [
            (crate::BUILTIN_MODEL.to_owned(), Ok(Source::Builtin)),
            (text(&file), Ok(Source::GgufFile(file.clone()))),
            (text(folder.path()), Ok(Source::Folder(folder.path().to_owned()))),
            ("Qwen/Qwen2.5-0.5B-Instruct".into(), hub("Qwen/Qwen2.5-0.5B-Instruct")),
            ("gpt2".into(), hub("gpt2")),
            ("org/name@v1:a/b.gguf".into(), hub("org/name@v1:a/b.gguf")),
            ("org/name.GGUF".into(), hub("org/name.GGUF")),
            ("a.gguf".into(), Err("There is no file or folder a.gguf.")),
            ("my/models/a.gguf".into(), Err("There is no file or folder my/models/a.gguf.")),
            ("/nowhere".into(), Err("There is no file or folder /nowhere.")),
            ("./here".into(), Err("There is no file or folder ./here.")),
            ("/dev/null".into(), Err("/dev/null is neither a file nor a folder.")),
            (
                "builtin:gpt-9".into(),
                Err(
                    r#"There is no built-in model "gpt-9"; there is builtin:smollm2-135m-instruct."#,
                ),
            ),
        ] {
            assert_eq!(Source::parse(&name), expected.map_err(str::to_owned), "{name}");
        }
    }

    #[test]
    fn a_tilde_is_the_users_folder() {
        if let Some(home) = dirs::home_dir() {
            assert_eq!(expand_home("~/a/b"), home.join("a/b"));
            assert_eq!(expand_home("~"), home);
        }
        assert_eq!(expand_home("a~/b"), PathBuf::from("a~/b"));
    }
}
