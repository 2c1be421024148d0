//! Which model answers, which one is on its way, and how that came about.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::EngineError;
use crate::loaded::LoadedModel;
pub use crate::prefix_cache::CacheUsage;
use crate::report::ModelFacts;

/// What a model's name refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The model that comes with the program.
    Builtin,
    /// A file on this machine.
    GgufFile(std::path::PathBuf),
    /// A folder on this machine, in Hugging Face's layout.
    Folder(std::path::PathBuf),
    /// Something on the Hugging Face hub.
    Hub,
}

impl Source {
    /// Reads a name: `builtin:...`, a path that exists or ends in `.gguf`, or else a hub id.
    ///
    /// # Errors
    /// If it is a `builtin:` name that does not exist.
    pub fn parse(model_id: &str) -> Result<Self, String> {
        if let Some(name) = model_id.strip_prefix("builtin:") {
            let known = crate::BUILTIN_MODEL;
            return if model_id == known {
                Ok(Source::Builtin)
            } else {
                Err(format!("There is no built-in model {name:?}; there is {known}."))
            };
        }
        let path = std::path::PathBuf::from(model_id);
        if path.is_dir() {
            return Ok(Source::Folder(path));
        }
        let is_gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
        if path.is_file() || is_gguf {
            return Ok(Source::GgufFile(path));
        }
        Ok(Source::Hub)
    }
}

/// A load under way.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadProgress {
    /// The model that is being loaded.
    pub model_id: String,
    /// How far it has come.
    pub step: LoadStep,
}

/// How far a load has come.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadStep {
    /// What is being done.
    pub phase: LoadPhase,
    /// The file it is done to.
    pub file: Option<String>,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all, if known.
    pub total: Option<u64>,
    /// Speed, if it is a download.
    pub bytes_per_s: Option<f64>,
}

impl LoadStep {
    /// The beginning of a phase.
    pub fn of(phase: LoadPhase) -> Self {
        LoadStep { phase, file: None, bytes: 0, total: None, bytes_per_s: None }
    }
}

/// The phases of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadPhase {
    /// Finding out where the model is.
    Locating,
    /// Fetching it.
    Downloading,
    /// Comparing its checksum.
    Verifying,
    /// Reading weights and vocabulary.
    Reading,
}

impl LoadPhase {
    /// The stable name, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            LoadPhase::Locating => "locating",
            LoadPhase::Downloading => "downloading",
            LoadPhase::Verifying => "verifying",
            LoadPhase::Reading => "reading",
        }
    }
}

/// All of the status.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The model that answers, if one does.
    pub model: Option<ModelFacts>,
    /// The load under way, if one is.
    pub load: Option<LoadProgress>,
    /// The last load's failure; cleared by the next load.
    pub error: Option<String>,
    /// Why the built-in model stands in for the one that was wanted.
    pub notice: Option<String>,
    /// The prefix cache of the model that answers.
    pub cache: CacheUsage,
}

/// The status, shared between threads. Locks are held for assignments only, so that asking for
/// the status never waits for a model.
#[derive(Default)]
pub(crate) struct Library {
    status: Mutex<Status>,
}

impl Library {
    fn lock(&self) -> MutexGuard<'_, Status> {
        // Whoever panicked while holding the lock was only assigning; the status is still whole.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> Status {
        self.lock().clone()
    }

    /// Claims the right to load; there is one load at a time.
    pub(crate) fn begin_load(&self, model_id: &str) -> Result<(), EngineError> {
        let mut status = self.lock();
        if status.load.is_some() {
            return Err(EngineError::AlreadyLoading);
        }
        status.error = None;
        status.load = Some(LoadProgress {
            model_id: model_id.to_owned(),
            step: LoadStep::of(LoadPhase::Locating),
        });
        Ok(())
    }

    /// Changes the progress of the load under way.
    pub(crate) fn progress(&self, change: impl FnOnce(&mut LoadProgress)) {
        if let Some(load) = &mut self.lock().load {
            change(load);
        }
    }

    pub(crate) fn load_failed(&self, error: String) {
        let mut status = self.lock();
        status.load = None;
        status.error = Some(error);
    }

    pub(crate) fn installed(&self, model: &LoadedModel, notice: Option<String>) {
        let mut status = self.lock();
        status.load = None;
        status.notice = notice;
        status.cache = model.cache.usage();
        status.model = Some(model.facts.clone());
    }

    pub(crate) fn set_cache_usage(&self, usage: CacheUsage) {
        self.lock().cache = usage;
    }

    /// The error for a request that found no model.
    pub(crate) fn why_not_ready(&self) -> EngineError {
        let status = self.lock();
        match (&status.load, &status.error) {
            (Some(_), _) => EngineError::Loading,
            (None, Some(error)) => EngineError::LoadFailed(error.clone()),
            (None, None) => EngineError::NoModel,
        }
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
        let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        for (name, expected) in [
            (crate::BUILTIN_MODEL.to_owned(), Source::Builtin),
            ("models/a.gguf".to_owned(), Source::GgufFile("models/a.gguf".into())),
            ("B.GGUF".to_owned(), Source::GgufFile("B.GGUF".into())),
            (text(&file), Source::GgufFile(file.clone())),
            (text(folder.path()), Source::Folder(folder.path().to_owned())),
            ("Qwen/Qwen2.5-0.5B-Instruct".to_owned(), Source::Hub),
        ] {
            assert_eq!(Source::parse(&name), Ok(expected), "{name}");
        }
        let error = Source::parse("builtin:gpt-9").unwrap_err();
        assert!(error.contains("there is builtin:smollm2"), "{error}");
    }

    #[test]
    fn one_load_at_a_time_and_the_next_clears_the_error() {
        let library = Library::default();
        assert!(matches!(library.why_not_ready(), EngineError::NoModel));
        library.begin_load("a").unwrap();
        assert!(matches!(library.why_not_ready(), EngineError::Loading));
        assert!(matches!(library.begin_load("b"), Err(EngineError::AlreadyLoading)));
        library.load_failed("no luck".into());
        assert_eq!(library.why_not_ready().to_string(), "no luck");
        library.begin_load("b").unwrap();
        assert_eq!(library.status().error, None);
    }
}
